"""Every change as a row, in the transaction that makes it; and who is to be told of it after.

`Store.write` announces what its transaction recorded here (`ground.changes`), once it is on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from weakref import WeakKeyDictionary

from sqlite_utils import Database

from ground.changes import Change, Subject
from storage import records

# What each connection has recorded in the transaction that is open on it.
_untold: WeakKeyDictionary[Database, list[Change]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change; ids rise and are never used again, so that a reader goes on behind its last."""

    TABLE: ClassVar[str] = "events"
    id: int | None = None
    user_id: str
    account_id: str | None
    subject: Subject
    subject_id: str
    state: str
    reason: str | None
    at: datetime


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


def untold(db: Database) -> list[Change]:
    """Return what was recorded on a connection since this was asked last."""
    return _untold.pop(db, [])


def of_subject(db: Database, subject: Subject, subject_id: str) -> list[Event]:
    """Return a subject's changes of state, oldest first."""
    return records.fetch(
        db, Event, "WHERE subject_id = ? AND subject = ? ORDER BY id", (subject_id, subject)
    )
