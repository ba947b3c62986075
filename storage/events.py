"""Every change as a row, in the transaction that makes it; and who is to be told of it after.

`Store.write` announces what its transaction recorded here (`ground.changes`), once it is on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from weakref import WeakKeyDictionary

from sqlite_utils import Database

from ground.changes import Change, Subject
from storage import facts, records
from storage.errors import Damaged
from storage.opening import look_into

# What each connection has recorded in the transaction that is open on it.
_untold: WeakKeyDictionary[Database, list[Change]] = WeakKeyDictionary()
# Through which face a person asked for what is being done now. A context goes along into the
# thread of a transaction; the engines work in tasks of their own, where nobody has asked.
_asked_via: ContextVar[str | None] = ContextVar("asked_via", default=None)


@contextmanager
def asked_via(face: str) -> Iterator[None]:
    """Record every change in this block as one that was asked for through that face."""
    token = _asked_via.set(face)
    try:
        yield
    finally:
        _asked_via.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change; ids rise and are never used again, so that a reader goes on behind its last.

    `via` is the face through which somebody asked for it; None where the daemon did it by itself.
    """

    TABLE: ClassVar[str] = "events"
    id: int | None = None
    user_id: str
    account_id: str | None
    subject: Subject
    subject_id: str
    state: str
    reason: str | None
    at: datetime
    via: str | None = None


def record(
    db: Database,
    subject: Subject,
    subject_id: str,
    state: str,
    *,
    user_id: str,
    account_id: str | None,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Record a change; whoever asked for its subject hears of it after the commit."""
    change = Change(
        subject=subject,
        subject_id=subject_id,
        user_id=user_id,
        account_id=account_id,
        state=state,
    )
    _untold.setdefault(db, []).append(change)
    records.insert(
        db,
        Event(
            user_id=user_id,
            account_id=account_id,
            subject=subject,
            subject_id=subject_id,
            state=state,
            reason=reason,
            at=now,
            via=_asked_via.get(),
        ),
    )


def record_of_account(
    db: Database,
    subject: Subject,
    account_id: str,
    state: str,
    *,
    now: datetime,
    subject_id: str | None = None,
    reason: str | None = None,
) -> None:
    """Record a change of an account or of what belongs to it; nothing of an account that went."""
    row = db.conn.execute("SELECT user_id FROM accounts WHERE id = ?", (account_id,)).fetchone()
    if row is not None:
        record(
            db,
            subject,
            subject_id or account_id,
            state,
            user_id=row[0],
            account_id=account_id,
            now=now,
            reason=reason,
        )


def record_of_daemon(db: Database, state: str, now: datetime) -> None:
    """Record a change of the daemon itself, for everybody that it works for."""
    for (user_id,) in db.conn.execute("SELECT id FROM users").fetchall():
        record(db, Subject.DAEMON, "daemon", state, user_id=user_id, account_id=None, now=now)


def untold(db: Database) -> list[Change]:
    """Return what was recorded on a connection since this was asked last."""
    return _untold.pop(db, [])


def of_subject(db: Database, subject: Subject, subject_id: str) -> list[Event]:
    """Return a subject's changes of state, oldest first."""
    return records.fetch_readable(
        db, Event, "WHERE subject_id = ? AND subject = ? ORDER BY id", (subject_id, subject)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Events behind a cursor, oldest first; `cursor` is the one to go on from.

    `is_broken`: what lay between the cursor that was given and the oldest event is gone, or that
    cursor is of another database's future. Nothing is read then, and `cursor` is the newest event.
    """

    events: list[Event]
    cursor: int
    is_broken: bool = False


def after(
    db: Database,
    user_id: str,
    cursor: int | None,
    *,
    accounts: Sequence[str] | None = None,
    changes: Sequence[str] | None = None,
    limit: int,
) -> Stretch:
    """Return a user's events behind `cursor`, of these accounts and `subject.STATE` only.

    Without a cursor: none, and where the newest stands. What is passed over, because it is not
    asked for, is not looked at again from the cursor that is returned.
    """
    oldest, newest = _span(db)
    if cursor is None:
        return Stretch(events=[], cursor=newest)
    if cursor > newest or cursor < oldest - 1 or _is_of_lost_data(db, cursor):
        return Stretch(events=[], cursor=newest, is_broken=True)
    stored = records.fetch_stored(
        db,
        Event,
        "WHERE user_id = :user_id AND id > :cursor"
        " AND (:accounts IS NULL OR account_id IN (SELECT value FROM json_each(:accounts)))"
        " AND (:changes IS NULL OR subject || '.' || state IN"
        " (SELECT value FROM json_each(:changes)))"
        " ORDER BY id LIMIT :limit",
        {
            "user_id": user_id,
            "cursor": cursor,
            "accounts": None if accounts is None else records.encode(list(accounts)),
            "changes": None if changes is None else records.encode(list(changes)),
            "limit": limit,
        },
    )
    # Behind one that cannot be read it goes on as behind any other.
    last = stored[-1]["id"] if len(stored) == limit else None
    found = records.readable(Event, stored)
    return Stretch(events=found, cursor=newest if last is None else last)


def newest(db: Database) -> int:
    """Return the id of the newest event that there ever was, 0 before the first."""
    return _span(db)[1]


def newest_in(database: Path) -> int:
    """Return the id of the newest event that a database file ever had, as far as it can be read."""
    if not database.exists():
        return 0
    try:
        with look_into(database) as db:
            return newest(db)
    except Damaged:
        return 0


def begin_range(db: Database, replaced: int, now: datetime) -> None:
    """Let the next event have an id that no data before had: those after a backup would come back.

    `replaced` is the newest of the data that the backup takes the place of. The time keeps it
    apart from what elsewhere went on from the same backup.
    """
    begins = max(newest(db), replaced, round(now.timestamp() * 1000)) + 1
    db.conn.execute("DELETE FROM sqlite_sequence WHERE name = 'events'")
    db.conn.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)", (begins,))
    facts.learn(db, facts.EVENTS_FROM, str(begins), now)


def _is_of_lost_data(db: Database, cursor: int) -> bool:
    """Say whether a cursor lies behind all that a restore brought, and before what came since."""
    fact = facts.recall(db, facts.EVENTS_FROM)
    if fact is None or cursor >= int(fact.value):
        return False
    (last,) = db.conn.execute(
        "SELECT max(id) FROM events WHERE id <= ?", (int(fact.value),)
    ).fetchone()
    return last is None or cursor > last


def _span(db: Database) -> tuple[int, int]:
    """Return the ids of the oldest event that is kept and of the newest that there ever was."""
    newest = db.conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    (oldest,) = db.conn.execute("SELECT min(id) FROM events").fetchone()
    last = newest[0] if newest else 0
    return (last + 1 if oldest is None else oldest), last
