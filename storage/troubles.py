"""What Instagram held against an account; while one is open, nothing is sent for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from sqlite_utils import Database

from ground.changes import Subject
from ground.hold import Hold
from storage import events, records
from storage.wrong_clock import SLACK, is_ahead

ONE_BLOCK_ENDED = timedelta(days=1)


class TroubleKind(StrEnum):
    """CHALLENGE and BLOCK escalate within 30 days; LOGIN waits for a person; RATE just passes."""

    CHALLENGE = "CHALLENGE"
    BLOCK = "BLOCK"
    LOGIN = "LOGIN"
    RATE = "RATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One answer of Instagram that pauses an account until `until`, or until a person acts."""

    TABLE: ClassVar[str] = "troubles"
    id: int | None = None
    account_id: str
    kind: TroubleKind
    reason: str
    at: datetime
    until: datetime | None = None
    cleared_at: datetime | None = None
    # When one that a wrong clock has dated in the future was met first: it counts from then.
    counted_from: datetime | None = None

    def happened_at(self, now: datetime) -> datetime:
        """Return when it came, as far as that can be true."""
        if not is_ahead(self.at, now):
            return self.at
        first = self.counted_from
        return now if first is None or is_ahead(first, now) else first

    def ends_at(self, now: datetime) -> datetime | None:
        """Return until when it pauses the account, None for when a person acts."""
        return None if self.until is None else self.happened_at(now) + (self.until - self.at)

    @property
    def hold(self) -> Hold:
        """What it means for whoever wants to send something."""
        return Hold(self.kind.value.lower(), self.reason, self.until)


def add(db: Database, trouble: Trouble) -> None:
    """Record a trouble."""
    records.insert(db, trouble)
    events.record_of_account(
        db, Subject.LOGIN, trouble.account_id, "HELD", now=trouble.at, reason=trouble.reason
    )


def active(
    db: Database,
    account_id: str,
    now: datetime,
    kinds: Collection[TroubleKind] = tuple(TroubleKind),
) -> Trouble | None:
    """Return the trouble of these kinds that pauses an account longest now, or None.

    Its `until` is what it is by a clock that is right now: see `note_wrong_clock`.
    """
    found = records.fetch(
        db,
        Trouble,
        "WHERE account_id = ? AND cleared_at IS NULL AND (until IS NULL OR until > ?)",
        (account_id, now),
    )
    pausing = [
        replace(trouble, until=ends_at)
        for trouble in found
        if trouble.kind in kinds and ((ends_at := trouble.ends_at(now)) is None or ends_at > now)
    ]
    return max(pausing, key=_length, default=None)


def _length(trouble: Trouble) -> tuple[bool, datetime]:
    return trouble.until is None, trouble.until or trouble.at


def note_wrong_clock(db: Database, account_id: str, now: datetime) -> None:
    """Let troubles of a clock that was ahead count from now on, where none did before.

    Nothing is lost by it: when it is this clock that is wrong, they are right again with it.
    """
    ahead = (account_id, records.encode(now), records.encode(now + SLACK))
    db.conn.execute(
        "UPDATE troubles SET counted_from = ?2 WHERE account_id = ?1 AND at > ?3"
        " AND cleared_at IS NULL AND (counted_from IS NULL OR counted_from > ?3)",
        ahead,
    )


def since(
    db: Database, account_id: str, start: datetime, kind: TroubleKind | None = None
) -> list[Trouble]:
    """Return an account's troubles after `start`, newest first, cleared ones too."""
    found = records.fetch(
        db, Trouble, "WHERE account_id = ? AND at > ? ORDER BY at DESC", (account_id, start)
    )
    return [trouble for trouble in found if kind is None or trouble.kind is kind]


def latest_at(db: Database, account_id: str, kind: TroubleKind) -> datetime | None:
    """Return when an account had its latest trouble of that kind, however long ago."""
    found = records.fetch_one(
        db, Trouble, "WHERE account_id = ? AND kind = ? ORDER BY at DESC", (account_id, kind)
    )
    return None if found is None else found.at


def cleared_at(
    db: Database, account_id: str, start: datetime, kinds: Collection[TroubleKind]
) -> datetime | None:
    """Return when a person ended a trouble of these kinds last, of those since `start`."""
    ended = [
        trouble.cleared_at
        for trouble in since(db, account_id, start)
        if trouble.kind in kinds and trouble.cleared_at is not None
    ]
    return max(ended, default=None)


def clear(
    db: Database,
    account_id: str,
    now: datetime,
    kinds: Collection[TroubleKind] = tuple(TroubleKind),
) -> None:
    """End the open troubles of these kinds: a person has logged in, or met a challenge."""
    ended = db.conn.executemany(
        "UPDATE troubles SET cleared_at = ? WHERE account_id = ? AND cleared_at IS NULL"
        " AND kind = ?",
        [(records.encode(now), account_id, kind.value) for kind in kinds],
    )
    if ended.rowcount:
        events.record_of_account(db, Subject.LOGIN, account_id, "FREED", now=now)


def clear_disabling(db: Database, account_id: str, now: datetime) -> bool:
    """End the troubles that switched story reposts off: a person has switched them on again.

    A challenge pause and a login that waits go on: switching on resolves neither. So does a block
    that came within a day after one was ended: whoever goes on at once each time makes it worse.
    Says whether there were any.
    """
    ended = db.conn.execute(
        "UPDATE troubles SET cleared_at = ?1 WHERE account_id = ?2 AND cleared_at IS NULL"
        " AND (kind = 'BLOCK' AND NOT EXISTS (SELECT 1 FROM troubles AS earlier"
        "  WHERE earlier.account_id = ?2 AND earlier.kind = 'BLOCK'"
        "  AND earlier.cleared_at > ?3 AND earlier.cleared_at <= ?4)"
        " OR (kind = 'CHALLENGE' AND until IS NULL))",
        (
            records.encode(now),
            account_id,
            records.encode(now - ONE_BLOCK_ENDED),
            records.encode(now + SLACK),
        ),
    )
    if ended.rowcount:
        events.record_of_account(db, Subject.LOGIN, account_id, "FREED", now=now)
    return bool(ended.rowcount)
