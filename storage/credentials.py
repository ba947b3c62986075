"""Private API logins: since when, as whom, and what Instagram held against them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlite_utils import Database

from ground.changes import Subject
from storage import accounts, events, records, secrets
from storage.secrets import AccountSecret
from storage.vault import Vault
from storage.wrong_clock import is_recent

AUTOMATIC_LOGIN_EVERY = timedelta(days=1)
# A login that lies further ahead was made by a clock that was wrong.
WRONG_BY = timedelta(hours=1)
# How long a login waits for a person: a code soon lapses, what the app asks for takes longer.
CODE_WAITS_FOR = timedelta(hours=1)
CONFIRMATION_WAITS_FOR = timedelta(days=1)
_CONFIRMATIONS = ("app", "consent")


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
    totp_seed: str | None = None
    private_pk: str = ""

    def __repr__(self) -> str:
        return f"SavedLogin({self.username!r}, …)"


def find(db: Database, account_id: str) -> Credentials | None:
    """Return an account's credentials, or None before its first login."""
    return records.fetch_one(db, Credentials, "WHERE account_id = ?", (account_id,))


def add(db: Database, login: Credentials) -> None:
    """Store a login that came from elsewhere."""
    records.insert(db, login)


def save_login(
    db: Database,
    vault: Vault,
    *,
    account_id: str,
    username: str,
    private_pk: str,
    session: Mapping[str, Any],
    now: datetime,
    their_time: datetime | None = None,
) -> Credentials:
    """Keep a session that a person made; ends a pending challenge. Its phases begin now.

    `their_time` is Instagram's: by a clock that is behind it, phases would be over before their
    time once that is set right. Raises `NotFound` when the account was disconnected meanwhile.
    """
    account = accounts.get(db, account_id)
    old = find(db, account_id)
    if old is not None and old.private_pk != private_pk:
        forget(db, account_id)  # somebody else: their password and seed are of no use
    elif old is not None and old.password_rejected_at is not None:
        secrets.forget(db, account_id, AccountSecret.PASSWORD)
    new = Credentials(
        account_id=account_id,
        ig_username=username,
        private_pk=private_pk,
        session_started_at=max(now, their_time or now),
        last_login_at=now,
        created_at=old.created_at if old else now,
    )
    db.conn.execute("DELETE FROM credentials WHERE account_id = ?", (account_id,))
    records.insert(db, new)
    save_session(db, vault, account_id, session)
    clear_challenge(db, account_id)
    if not account.ig_user_id:
        records.update(db, accounts.Account, account_id, ig_user_id=private_pk)
    events.record_of_account(db, Subject.LOGIN, account_id, "LOGGED_IN", now=now)
    return new


def keep_session(
    db: Database, vault: Vault, account_id: str, session: Mapping[str, Any], username: str
) -> Credentials:
    """Keep a known session that a person has brought back to work; its phases go on."""
    save_session(db, vault, account_id, session)
    clear_challenge(db, account_id)
    records.update(db, Credentials, account_id, ig_username=username)
    return records.get(db, Credentials, account_id)


def saved_login(db: Database, vault: Vault, account_id: str) -> SavedLogin | None:
    """Return what is needed to restore an account's session, or None before its first login."""
    credentials = find(db, account_id)
    session = secrets.get(db, vault, account_id, AccountSecret.SESSION)
    if credentials is None or session is None:
        return None
    # The session goes on where they were changed in the database; a person gives them once more.
    password = secrets.usable(db, vault, account_id, AccountSecret.PASSWORD)
    seed = secrets.usable(db, vault, account_id, AccountSecret.TOTP_SEED)
    return SavedLogin(
        credentials.ig_username, password, json.loads(session), seed, credentials.private_pk
    )


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

    False when there was one in the last 24 h, when Instagram refused the password, when a
    person is logging in, or when there are no credentials.
    """
    credentials = find(db, account_id)
    if credentials is None or credentials.password_rejected_at is not None:
        return False
    if challenge_of(db, account_id, now) is not None:
        return False
    last = credentials.last_automatic_login_at
    # One further ahead than a day bears the time of a clock that was wrong.
    if last is not None and abs(now - last) < AUTOMATIC_LOGIN_EVERY:
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


def begin_phases_by_now(db: Database, account_id: str, now: datetime) -> None:
    """Let phases begin now that would begin in the future: the clock of their login was wrong.

    The caller knows that `now` is no earlier than it should be.
    """
    db.conn.execute(
        "UPDATE credentials SET session_started_at = ? WHERE account_id = ?"
        " AND session_started_at > ?",
        (records.encode(now), account_id, records.encode(now + WRONG_BY)),
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
    """Delete credentials, session, seed and pending login of an account."""
    # Whoever logs in next brings a number along.
    db.conn.execute(
        "UPDATE accounts SET ig_user_id = '' WHERE id = ?1 AND ig_user_id ="
        " (SELECT private_pk FROM credentials WHERE account_id = ?1)",
        (account_id,),
    )
    db.conn.execute("DELETE FROM credentials WHERE account_id = ?", (account_id,))
    clear_challenge(db, account_id)
    names = (AccountSecret.PASSWORD, AccountSecret.SESSION, AccountSecret.TOTP_SEED)
    secrets.forget(db, account_id, *names)


def challenge_of(db: Database, account_id: str, now: datetime) -> Challenge | None:
    """Return what an account's login waits for, or None when for nothing, or not any more."""
    found = records.fetch_one(db, Challenge, "WHERE account_id = ?", (account_id,))
    if found is None:
        return None
    waits_for = CONFIRMATION_WAITS_FOR if found.kind in _CONFIRMATIONS else CODE_WAITS_FOR
    # One that a wrong clock has dated in the future would keep automatic logins back until then.
    return found if is_recent(found.created_at, now, waits_for) else None


def forget_lapsed(db: Database, now: datetime) -> None:
    """Delete every login that nobody waits for any more, with the password it was given."""
    db.conn.execute(
        "DELETE FROM challenges WHERE created_at < ? OR created_at > ?"
        " OR (created_at < ? AND kind NOT IN (SELECT value FROM json_each(?)))",
        [
            records.encode(value)
            for value in (
                now - CONFIRMATION_WAITS_FOR,
                now + CODE_WAITS_FOR,
                now - CODE_WAITS_FOR,
                _CONFIRMATIONS,
            )
        ],
    )
    db.conn.execute(
        "DELETE FROM account_secrets WHERE name = ?"
        " AND account_id NOT IN (SELECT account_id FROM challenges)",
        (AccountSecret.PENDING_LOGIN.value,),
    )


def record_challenge(
    db: Database, account_id: str, kind: str, contact_point: str | None, now: datetime
) -> None:
    """Remember that a login waits for a person."""
    db.conn.execute("DELETE FROM challenges WHERE account_id = ?", (account_id,))
    records.insert(
        db,
        Challenge(account_id=account_id, kind=kind, contact_point=contact_point, created_at=now),
    )
    events.record_of_account(db, Subject.LOGIN, account_id, "WAITS", now=now, reason=kind)


def clear_challenge(db: Database, account_id: str) -> None:
    """Forget a pending login with its secrets; none is no error."""
    db.conn.execute("DELETE FROM challenges WHERE account_id = ?", (account_id,))
    secrets.forget(db, account_id, AccountSecret.PENDING_LOGIN)
