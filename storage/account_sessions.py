"""Accounts that are used by session over `/session`, and what was done so lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from storage import records
from storage.times import first_legible, from_text
from storage.wrong_clock import SLACK


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSession:
    """One account in use; `is_own`: it was connected for this, and goes with it."""

    TABLE: ClassVar[str] = "account_sessions"
    id: str
    user_id: str
    account_id: str
    is_own: bool = False
    created_at: datetime
    used_at: datetime


def open_for(
    db: Database, user_id: str, account_id: str, now: datetime, *, is_own: bool = False
) -> AccountSession:
    """Return the session of an account, a new one where there is none."""
    known = of_account(db, account_id)
    if known is not None:
        records.update(db, AccountSession, known.id, used_at=now)
        return known
    new = AccountSession(
        id=uuid4().hex,
        user_id=user_id,
        account_id=account_id,
        is_own=is_own,
        created_at=now,
        used_at=now,
    )
    records.insert(db, new)
    return new


def find(db: Database, session_id: str) -> AccountSession | None:
    """Return one session, or None."""
    return records.fetch_one(db, AccountSession, "WHERE id = ?", (session_id,))


def of_account(db: Database, account_id: str) -> AccountSession | None:
    """Return the session of an account, or None."""
    return records.fetch_one(db, AccountSession, "WHERE account_id = ?", (account_id,))


def of_user(db: Database, user_id: str) -> list[AccountSession]:
    """Return a user's sessions, oldest first."""
    return records.fetch_readable(
        db, AccountSession, "WHERE user_id = ? ORDER BY created_at, id", (user_id,)
    )


def unused_since(db: Database, before: datetime) -> list[AccountSession]:
    """Return the sessions that nobody has used since then, whoever's they are."""
    return records.fetch_readable(
        db,
        AccountSession,
        "WHERE used_at < ? ORDER BY used_at LIMIT 100",
        (records.encode(before),),
    )


def unused_longest(db: Database) -> datetime | None:
    """Return when the session was used that nobody has used for the longest time."""
    return first_legible(db.conn.execute("SELECT used_at FROM account_sessions ORDER BY used_at"))


def end(db: Database, session_id: str) -> None:
    """End a session; one that is over is no error."""
    db.conn.execute("DELETE FROM account_sessions WHERE id = ?", (session_id,))


def record_use(db: Database, session_id: str, account_id: str, rail: str, now: datetime) -> None:
    """Remember that something is done by session now."""
    count(db, account_id, rail, now)
    records.update(db, AccountSession, session_id, used_at=now)


def count(db: Database, account_id: str, rail: str, now: datetime, *, times: int = 1) -> None:
    """Count so many uses of a rail."""
    db.conn.executemany(
        "INSERT INTO session_calls (account_id, rail, at) VALUES (?, ?, ?)",
        [(account_id, rail, records.encode(now))] * times,
    )


def uncount(db: Database, account_id: str, rail: str) -> None:
    """Take back the use of a rail that was counted last: nothing came of it."""
    db.conn.execute(
        "DELETE FROM session_calls WHERE rowid ="
        " (SELECT max(rowid) FROM session_calls WHERE account_id = ? AND rail = ?)",
        (account_id, rail),
    )


def uses_within(
    db: Database, account_id: str, rail: str, within: timedelta, now: datetime
) -> tuple[int, datetime | None]:
    """Return how often a rail was used so lately, and when first.

    What bears a time that has not come was noted by a clock that was wrong, and holds nothing.
    """
    row = db.conn.execute(
        "SELECT count(*), min(at) FROM session_calls WHERE account_id = ? AND rail = ?"
        " AND at > ? AND at <= ?",
        (account_id, rail, records.encode(now - within), records.encode(now + SLACK)),
    ).fetchone()
    return int(row[0]), None if row[1] is None else from_text(row[1])


def last_use(db: Database, account_id: str, rail: str, now: datetime) -> datetime | None:
    """Return when a rail was used last, as far as that can be true."""
    row = db.conn.execute(
        "SELECT max(at) FROM session_calls WHERE account_id = ? AND rail = ? AND at <= ?",
        (account_id, rail, records.encode(now + SLACK)),
    ).fetchone()
    return None if row[0] is None else from_text(row[0])
