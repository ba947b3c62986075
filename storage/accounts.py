"""Connected Instagram accounts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from ground.changes import Subject
from storage import allowances, events, records
from storage.errors import AlreadyExists, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One Instagram account; its tokens and passwords are in `storage.secrets`."""

    TABLE: ClassVar[str] = "accounts"
    id: str
    user_id: str
    ig_user_id: str
    username: str
    name: str | None = None
    profile_picture_url: str | None = None
    account_type: str | None = None
    facebook_page_id: str | None = None
    facebook_page_name: str | None = None
    token_expires_at: datetime | None = None
    login_method: str = "instagram"
    followers_count: int | None = None
    media_count: int | None = None
    last_synced_at: datetime | None = None
    # Whether nobody has asked Meta yet whose the token is; nothing is published with it before.
    token_unproven: bool = False
    created_at: datetime

    def token_should_have_ended(self, now: datetime) -> bool:
        """Whether the token has ended by our clock, which may be wrong."""
        return self.token_expires_at is not None and self.token_expires_at <= now

    def token_is_refused(self, now: datetime) -> bool:
        """Whether Meta has refused the token: nothing but a new one helps."""
        return self.token_unproven and self.token_should_have_ended(now)


def add(
    db: Database,
    *,
    user_id: str,
    username: str,
    now: datetime,
    ig_user_id: str = "",
    login_method: str = "instagram",
    account_id: str | None = None,
) -> Account:
    """Connect an account; raises `AlreadyExists` when that username is connected."""
    account = Account(
        id=account_id or str(uuid4()),
        user_id=user_id,
        ig_user_id=ig_user_id,
        username=username,
        login_method=login_method,
        created_at=now,
    )
    if not records.insert_new(db, account, known_by="username"):
        raise AlreadyExists(f"The account @{username} is connected already")
    events.record_of_account(db, Subject.ACCOUNT, account.id, "CONNECTED", now=now)
    return account


def take_over(db: Database, account: Account) -> None:
    """Store an account that came from elsewhere with its id."""
    records.insert(db, account)


def get(db: Database, account_id: str) -> Account:
    """Return one account; raises `NotFound`."""
    return records.get(db, Account, account_id)


def find(db: Database, account_id: str) -> Account | None:
    """Return one account, or None."""
    return records.fetch_one(db, Account, "WHERE id = ?", (account_id,))


def by_username(db: Database, username: str) -> Account | None:
    """Return the account of that username, whatever its case."""
    return records.fetch_one(db, Account, "WHERE username = ?", (username,))


def by_number(db: Database, numbers: Collection[str], *, but: str = "") -> Account | None:
    """Return the account, other than `but`, that is known by one of these numbers, or None."""
    wanted = [number for number in numbers if number]
    return records.fetch_one(
        db,
        Account,
        "WHERE id != ?1 AND (ig_user_id IN (SELECT value FROM json_each(?2)) OR id IN"
        " (SELECT account_id FROM credentials WHERE private_pk IN"
        "  (SELECT value FROM json_each(?2)))) ORDER BY created_at, id",
        (but, wanted),
    )


# The accounts, `other`, that are the same Instagram account as the one with the id ?1, `own`.
_DOUBLES = (
    # The own one first and once: this is asked before whatever is sent.
    "WHERE id IN (SELECT other.id FROM accounts AS own"
    " LEFT JOIN credentials AS login ON login.account_id = own.id"
    " CROSS JOIN accounts AS other"
    " LEFT JOIN credentials AS theirs ON theirs.account_id = other.id"
    " WHERE own.id = ?1 AND (other.created_at, other.id) {} (own.created_at, own.id) AND ("
    "  (own.ig_user_id != '' AND own.ig_user_id IN (other.ig_user_id, theirs.private_pk))"
    "  OR login.private_pk IN (other.ig_user_id, theirs.private_pk)"
    "  OR (theirs.private_pk IS NULL AND login.ig_username = other.username COLLATE NOCASE)"
    "  OR (login.private_pk IS NULL AND theirs.ig_username = own.username COLLATE NOCASE)))"
    " ORDER BY created_at, id"
)


def older_double(db: Database, account_id: str) -> Account | None:
    """Return the account that is the same Instagram account and was connected before, or None.

    None comes to be like that any more; databases and exports of earlier releases may have some.
    """
    return records.fetch_one(db, Account, _DOUBLES.format("<"), (account_id,))


def younger_doubles(db: Database, account_id: str) -> list[Account]:
    """Return the accounts that are the same Instagram account and were connected later."""
    return records.fetch(db, Account, _DOUBLES.format(">"), (account_id,))


def username_of(db: Database, account_id: str) -> str:
    """Return how an account is called, whatever else of it can be read; raises `NotFound`."""
    row = db.conn.execute("SELECT username FROM accounts WHERE id = ?", (account_id,)).fetchone()
    if row is None:
        raise NotFound("account", account_id)
    return str(row[0])


def called(account: Account, user_id: str) -> str:
    """Return how a person is told of an account: by its name only where it is that person's."""
    return f"@{account.username}" if account.user_id == user_id else "an account of somebody else"


def rename(db: Database, account_id: str, username: str, now: datetime) -> bool:
    """Call an account as it is called on Instagram now; False while another one has that name."""
    account = get(db, account_id)
    if account.username == username:
        return True
    other = by_username(db, username)
    if other is not None and other.id != account_id:
        return False
    change(db, account_id, username=username)
    db.conn.execute(
        "UPDATE credentials SET ig_username = ? WHERE account_id = ? AND ig_username = ?"
        " COLLATE NOCASE",
        (username, account_id, account.username),
    )
    reason = f"@{account.username} is @{username} now"
    events.record_of_account(db, Subject.ACCOUNT, account_id, "RENAMED", now=now, reason=reason)
    return True


def of_user(db: Database, user_id: str) -> list[Account]:
    """Return a user's accounts, oldest first."""
    return records.fetch_readable(
        db, Account, "WHERE user_id = ? ORDER BY created_at, id", (user_id,)
    )


def every(db: Database) -> list[Account]:
    """Return all accounts, oldest first, whoever's they are."""
    return records.fetch_readable(db, Account, "ORDER BY created_at, id")


def with_token(db: Database) -> list[Account]:
    """Return the accounts that have a token of the official API, whoever's they are."""
    return records.fetch_readable(
        db,
        Account,
        "WHERE id IN (SELECT account_id FROM account_secrets WHERE name = 'access_token')"
        " ORDER BY created_at, id",
    )


def change(db: Database, /, account_id: str, **changes: object) -> None:
    """Change the named columns of an account; raises `NotFound`."""
    records.update(db, Account, account_id, **changes)


def remove(db: Database, account_id: str) -> None:
    """Disconnect an account: tokens, sessions, configuration and mentions go, posts stay."""
    get(db, account_id)
    allowances.forget(db, account_id)
    db.conn.execute("DELETE FROM accounts WHERE id = ?", (account_id,))
