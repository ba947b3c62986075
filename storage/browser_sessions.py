"""Browser sessions and the one-time codes that start them."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from storage import records
from storage.wrong_clock import SLACK

CODE_LIFETIME = timedelta(minutes=5)
SESSION_LIFETIME = timedelta(days=30)
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSession:
    TABLE: ClassVar[str] = "browser_sessions"
    id: str
    user_id: str
    # As those of a key.
    scopes: str = ""
    account_ids: list[str] | None = None
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    # What the browser calls itself.
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCode:
    TABLE: ClassVar[str] = "login_codes"
    hash: str
    user_id: str
    scopes: str = ""
    account_ids: list[str] | None = None
    expires_at: datetime
    used_at: datetime | None = None


def create_code(
    db: Database,
    *,
    user_id: str,
    now: datetime,
    scopes: str = "",
    account_ids: list[str] | None = None,
) -> str:
    """Return a code that starts one session within five minutes; only its hash is kept.

    The session may do no more than `scopes`, and that with `account_ids`.
    """
    code = secrets.token_urlsafe(32)
    db.conn.execute(
        "DELETE FROM login_codes WHERE expires_at < ? OR expires_at > ?",
        (records.encode(now), records.encode(_latest(now))),
    )
    made = LoginCode(
        hash=_hash(code),
        user_id=user_id,
        scopes=scopes,
        account_ids=account_ids,
        expires_at=now + CODE_LIFETIME,
    )
    records.insert(db, made)
    return code


def is_fresh(db: Database, code: str, now: datetime) -> bool:
    """Whether a code would start a session."""
    found = records.fetch_one(
        db,
        LoginCode,
        "WHERE hash = ? AND used_at IS NULL AND expires_at > ? AND expires_at <= ?",
        (_hash(code), now, _latest(now)),
    )
    return found is not None


def redeem_code(
    db: Database, code: str, now: datetime, device: str | None = None
) -> BrowserSession | None:
    """Exchange a fresh code for a session, once; None when it is unknown, used or too old."""
    spent = db.conn.execute(
        "UPDATE login_codes SET used_at = ?1"
        " WHERE hash = ?2 AND used_at IS NULL AND expires_at > ?1 AND expires_at <= ?3",
        (records.encode(now), _hash(code), records.encode(_latest(now))),
    ).rowcount
    if not spent:
        return None
    found = records.get(db, LoginCode, _hash(code))
    return create(
        db,
        user_id=found.user_id,
        now=now,
        scopes=found.scopes,
        account_ids=found.account_ids,
        device=device,
    )


def create(
    db: Database,
    *,
    user_id: str,
    now: datetime,
    lifetime: timedelta = SESSION_LIFETIME,
    scopes: str = "",
    account_ids: list[str] | None = None,
    device: str | None = None,
) -> BrowserSession:
    """Start a session."""
    db.conn.execute("DELETE FROM browser_sessions WHERE expires_at < ?", (records.encode(now),))
    session = BrowserSession(
        id=str(uuid4()),
        user_id=user_id,
        scopes=scopes,
        account_ids=account_ids,
        created_at=now,
        expires_at=now + lifetime,
        device=device[:_LONGEST] if device else None,
    )
    records.insert(db, session)
    return session


def alive(db: Database, session_id: str, now: datetime) -> BrowserSession | None:
    """Return the session when it has neither ended nor expired."""
    return records.fetch_one(
        db,
        BrowserSession,
        "WHERE id = ? AND ended_at IS NULL AND expires_at > ?",
        (session_id, now),
    )


def of_user(db: Database, user_id: str, now: datetime) -> list[BrowserSession]:
    """Return a user's sessions that are alive, the newest first."""
    return records.fetch_readable(
        db,
        BrowserSession,
        "WHERE user_id = ? AND ended_at IS NULL AND expires_at > ? ORDER BY created_at DESC, id",
        (user_id, now),
    )


def name_of(session_id: str) -> str:
    """Return by what a session is spoken of: its id is a secret."""
    return _hash(session_id)[:16]


def end(db: Database, session_id: str, now: datetime) -> None:
    """End a session on the server, whatever cookie still names it."""
    db.conn.execute(
        "UPDATE browser_sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL",
        (records.encode(now), session_id),
    )


def end_all(db: Database) -> None:
    """End every session and forget every login code."""
    db.conn.execute("DELETE FROM browser_sessions")
    db.conn.execute("DELETE FROM login_codes")


def _latest(now: datetime) -> datetime:
    """Return until when a code made now may last: one that lasts longer is of a clock ahead."""
    return now + CODE_LIFETIME + SLACK


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
