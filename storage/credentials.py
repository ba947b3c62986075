"""Private API logins: since when, as whom, and what Instagram held against them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlite_utils import Database

from storage import accounts, records, secrets
from storage.secrets import AccountSecret
from storage.vault import Vault

AUTOMATIC_LOGIN_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A login that succeeded once; password and session are in `storage.secrets`."""

    TABLE: ClassVar[str] = "credentials"
    account_id: str
    ig_username: str
    private_pk: str
    session_started_at: datetime
    last_login_at: datetime
    last_automatic_login_at: datetime | None = None
    password_rejected_at: datetime | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A login that waits for a person."""

    TABLE: ClassVar[str] = "challenges"
    account_id: str
    kind: str
    contact_point: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SavedLogin:
    """Everything needed to go on as the same device without logging in."""

    username: str
    password: str | None
    session: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"SavedLogin({self.username!r}, …)"


def find(db: Database, account_id: str) -> Credentials | None:
    """Return an account's credentials, or None before its first login."""
    return records.fetch_one(db, Credentials, "WHERE account_id = ?", (account_id,))


def save_login(
    db: Database,
    vault: Vault,
    *,
    account_id: str,
    username: str,
    private_pk: str,
    password: str,
    session: Mapping[str, Any],
    now: datetime,
) -> Credentials:
    """Keep a login that a person made and that succeeded; ends a pending challenge.

    Raises `NotFound` when the account was disconnected meanwhile.
    """
    account = accounts.get(db, account_id)
    old = find(db, account_id)
    new = Credentials(
        account_id=account_id,
        ig_username=username,
        private_pk=private_pk,
        session_started_at=now,
        last_login_at=now,
        created_at=old.created_at if old else now,
    )
    db.conn.execute("DELETE FROM credentials WHERE account_id = ?", (account_id,))
    records.insert(db, new)
    secrets.put(db, vault, account_id, AccountSecret.PASSWORD, password)
    save_session(db, vault, account_id, session)
    clear_challenge(db, account_id)
    if not account.ig_user_id:
        records.update(db, accounts.Account, account_id, ig_user_id=private_pk)
    return new


def saved_login(db: Database, vault: Vault, account_id: str) -> SavedLogin | None:
    """Return what is needed to restore an account's session, or None before its first login."""
    credentials = find(db, account_id)
    session = secrets.get(db, vault, account_id, AccountSecret.SESSION)
    if credentials is None or session is None:
        return None
    password = secrets.get(db, vault, account_id, AccountSecret.PASSWORD)
    return SavedLogin(credentials.ig_username, password, json.loads(session))


def save_session(db: Database, vault: Vault, account_id: str, session: Mapping[str, Any]) -> None:
    """Keep an account's session; it changes with Instagram's answers, not only at login."""
    text = json.dumps(session, separators=(",", ":"))
    secrets.put(db, vault, account_id, AccountSecret.SESSION, text)


def renew_session(db: Database, vault: Vault, account_id: str, session: Mapping[str, Any]) -> None:
    """Keep what became of a session; nothing when its credentials were deleted meanwhile."""
    if find(db, account_id) is not None:
        save_session(db, vault, account_id, session)


def device_of(db: Database, vault: Vault, account_id: str) -> Mapping[str, Any] | None:
    """Return the session kept from an earlier login, so that a new one is the same device."""
    session = secrets.get(db, vault, account_id, AccountSecret.SESSION)
    return None if session is None else json.loads(session)


def claim_automatic_login(db: Database, account_id: str, now: datetime) -> bool:
    """Take today's one automatic login, committed before the password is sent.

    False when there was one in the last 24 h, when Instagram refused the password, or when
    there are no credentials.
    """
    credentials = find(db, account_id)
    if credentials is None or credentials.password_rejected_at is not None:
        return False
    last = credentials.last_automatic_login_at
    if last is not None and now - last < AUTOMATIC_LOGIN_EVERY:
        return False
    records.update(db, Credentials, account_id, last_automatic_login_at=now)
    return True


def record_automatic_login(
    db: Database, vault: Vault, account_id: str, session: Mapping[str, Any], now: datetime
) -> None:
    """Keep the session of an automatic login; the device is the same, so its phase goes on."""
    renew_session(db, vault, account_id, session)
    db.conn.execute(
        "UPDATE credentials SET last_login_at = ? WHERE account_id = ?",
        (records.encode(now), account_id),
    )


def hold_automatic_logins(db: Database, now: datetime) -> None:
    """Let no account log in by itself for a day: earlier logins may not be known here."""
    db.conn.execute("UPDATE credentials SET last_automatic_login_at = ?", (records.encode(now),))


def reject_password(db: Database, account_id: str, now: datetime) -> None:
    """Remember that Instagram refused the stored password: it is never sent again by itself."""
    db.conn.execute(
        "UPDATE credentials SET password_rejected_at = ? WHERE account_id = ?",
        (records.encode(now), account_id),
    )


def forget(db: Database, account_id: str) -> None:
    """Delete credentials, session and pending challenge of an account."""
    db.conn.execute("DELETE FROM credentials WHERE account_id = ?", (account_id,))
    clear_challenge(db, account_id)
    secrets.forget(db, account_id, AccountSecret.PASSWORD, AccountSecret.SESSION)


def challenge_of(db: Database, account_id: str) -> Challenge | None:
    """Return the challenge that an account's login waits for, or None."""
    return records.fetch_one(db, Challenge, "WHERE account_id = ?", (account_id,))


def record_challenge(
    db: Database, account_id: str, kind: str, contact_point: str | None, now: datetime
) -> None:
    """Remember that a login waits for a person."""
    clear_challenge(db, account_id)
    records.insert(
        db,
        Challenge(account_id=account_id, kind=kind, contact_point=contact_point, created_at=now),
    )


def clear_challenge(db: Database, account_id: str) -> None:
    """Forget a pending challenge; none is no error."""
    db.conn.execute("DELETE FROM challenges WHERE account_id = ?", (account_id,))
