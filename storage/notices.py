"""What needs a person, from when it was noticed until it is over; and when they want quiet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from ground.changes import Subject
from storage import events, records

OPENED, ENDED = "OPENED", "ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that needs a person; `key` tells it from the others that are open, `remedy` says
    what to do.

    `deadline` is when something is lost for good, `covers_until` up to which mention it speaks.
    """

    TABLE: ClassVar[str] = "notices"
    id: str = field(default_factory=lambda: str(uuid4()))
    user_id: str
    account_id: str | None = None
    key: str
    text: str
    remedy: str
    deadline: datetime | None = None
    covers_until: datetime | None = None
    opened_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From and until which time of day, as `22:00`, somebody wants to hear nothing that can
    wait."""

    TABLE: ClassVar[str] = "quiet_hours"
    user_id: str
    begins: str
    ends: str
    timezone: str


def get(db: Database, notice_id: str) -> Notice:
    """Return one notice; raises `NotFound`."""
    return records.get(db, Notice, notice_id)


def open_of(db: Database, user_id: str) -> list[Notice]:
    """Return what needs a user and is not over."""
    return records.fetch_readable(
        db, Notice, "WHERE user_id = ? AND ended_at IS NULL ORDER BY key", (user_id,)
    )


def add(db: Database, notice: Notice) -> None:
    """Note that something needs a person."""
    records.insert(db, notice)
    _tell(db, notice, OPENED, notice.opened_at)


def end(db: Database, notice: Notice, now: datetime) -> None:
    """Note that it is over."""
    records.update(db, Notice, notice.id, ended_at=now)
    _tell(db, notice, ENDED, now)


_UNTOLD = (
    "ended_at IS NULL AND user_id NOT IN"
    " (SELECT user_id FROM webhooks WHERE kind = 'person' AND disabled_at IS NULL)"
)


def any_untold(db: Database) -> bool:
    """Say whether something is open that needs somebody whom nobody tells any more."""
    found = db.conn.execute(f"SELECT 1 FROM notices WHERE {_UNTOLD} LIMIT 1")  # noqa: S608
    return found.fetchone() is not None


def forget_untold(db: Database) -> None:
    """Forget what needs somebody whom nobody tells any more, and what they were to be told.

    They hear of what is so then, when they are told again.
    """
    db.conn.execute(
        "DELETE FROM webhook_deliveries WHERE status = 'PENDING' AND webhook_id IN"  # noqa: S608
        " (SELECT id FROM webhooks WHERE kind = 'person' AND user_id IN"
        f" (SELECT user_id FROM notices WHERE {_UNTOLD}))"
    )
    db.conn.execute(f"DELETE FROM notices WHERE {_UNTOLD}")  # noqa: S608


def opening_event(db: Database, notice_id: str) -> int | None:
    """Return the id of the event with which a notice began."""
    found = events.of_subject(db, Subject.NOTICE, notice_id)
    return found[0].id if found else None


def quiet_hours(db: Database, user_id: str) -> QuietHours | None:
    """Return when a user wants quiet, or None; also where that cannot be read."""
    found = records.fetch_readable(db, QuietHours, "WHERE user_id = ?", (user_id,))
    return found[0] if found else None


def keep_quiet_hours(db: Database, hours: QuietHours) -> None:
    """Set when a user wants quiet."""
    forget_quiet_hours(db, hours.user_id)
    records.insert(db, hours)


def forget_quiet_hours(db: Database, user_id: str) -> None:
    """Let a user hear everything at once."""
    db.conn.execute("DELETE FROM quiet_hours WHERE user_id = ?", (user_id,))


def _tell(db: Database, notice: Notice, state: str, now: datetime) -> None:
    events.record(
        db,
        Subject.NOTICE,
        notice.id,
        state,
        user_id=notice.user_id,
        account_id=notice.account_id,
        now=now,
    )
