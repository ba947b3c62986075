"""Sealed secrets of accounts and of the daemon; nothing here is ever stored in the clear."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from enum import StrEnum
from secrets import token_urlsafe

from sqlite_utils import Database

from storage.errors import Misplaced, Unusable
from storage.opening import transaction
from storage.vault import Vault, is_bound

logger = logging.getLogger(__name__)

_TABLES = {
    "account_secrets": "account_id, name",
    "daemon_secrets": "name",
    "webhook_secrets": "webhook_id, name",
}


class AccountSecret(StrEnum):
    """What is kept for one account."""

    ACCESS_TOKEN = "access_token"  # noqa: S105 - a name, not a token
    PASSWORD = "password"  # noqa: S105
    SESSION = "session"
    PENDING_LOGIN = "pending_login"
    TOTP_SEED = "totp_seed"
    CLIENT_OPTIONS = "client_options"


def put(db: Database, vault: Vault, account_id: str, name: AccountSecret, secret: str) -> None:
    """Store or replace one secret of an account; none of one that was disconnected meanwhile."""
    sealed = vault.seal(secret, _place("account_secrets", account_id, name.value))
    db.conn.execute(
        "INSERT OR REPLACE INTO account_secrets (account_id, name, sealed) SELECT ?1, ?2, ?3"
        " WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1)",
        (account_id, name.value, sealed),
    )


def get(db: Database, vault: Vault, account_id: str, name: AccountSecret) -> str | None:
    """Return one secret of an account in the clear, or None when there is none.

    Raises `Misplaced` for one that was moved here from another row.
    """
    row = db.conn.execute(
        "SELECT sealed FROM account_secrets WHERE account_id = ? AND name = ?",
        (account_id, name.value),
    ).fetchone()
    place = _place("account_secrets", account_id, name.value)
    return None if row is None else vault.open(row[0], place)


def usable(db: Database, vault: Vault, account_id: str, name: AccountSecret) -> str | None:
    """Return as `get` does, and None for one that does not open: it is to be stored anew."""
    try:
        return get(db, vault, account_id, name)
    except Unusable:
        return None


def exists(db: Database, account_id: str, name: AccountSecret) -> bool:
    """Say whether an account has that secret, without opening it."""
    row = db.conn.execute(
        "SELECT 1 FROM account_secrets WHERE account_id = ? AND name = ?", (account_id, name.value)
    ).fetchone()
    return row is not None


def forget(db: Database, account_id: str, *names: AccountSecret) -> None:
    """Delete secrets of an account; absent ones are no error."""
    db.conn.executemany(
        "DELETE FROM account_secrets WHERE account_id = ? AND name = ?",
        [(account_id, name.value) for name in names],
    )


def daemon_secret(db: Database, vault: Vault, name: str, fresh: str) -> str:
    """Return a secret that the daemon makes for itself: `fresh` on first use, and where the one
    that is kept was changed or moved. What that one has signed counts no more then."""
    try:
        kept = find_daemon_secret(db, vault, name)
    except Unusable as changed:
        logger.warning("secret made anew name=%s reason=%s", name, changed)
        kept = None
    if kept is None:
        put_daemon_secret(db, vault, name, fresh)
    return kept or fresh


def daemon_key(db: Database, vault: Vault, name: str) -> str:
    """Return a signing key of the daemon, made on first use."""
    return daemon_secret(db, vault, name, token_urlsafe(32))


def put_daemon_secret(db: Database, vault: Vault, name: str, secret: str) -> None:
    """Store or replace a secret of the daemon itself."""
    sealed = vault.seal(secret, _place("daemon_secrets", name))
    db.conn.execute(
        "INSERT OR REPLACE INTO daemon_secrets (name, sealed) VALUES (?, ?)", (name, sealed)
    )


def find_daemon_secret(db: Database, vault: Vault, name: str) -> str | None:
    """Return a secret of the daemon itself, None where there is none of that name.

    Raises `Unusable` for one that was changed or moved.
    """
    row = db.conn.execute("SELECT sealed FROM daemon_secrets WHERE name = ?", (name,)).fetchone()
    return None if row is None else vault.open(row[0], _place("daemon_secrets", name))


def usable_daemon_secret(db: Database, vault: Vault, name: str) -> str | None:
    """Return as `find_daemon_secret` does, and None for one that does not open: a person gives it
    once more."""
    try:
        return find_daemon_secret(db, vault, name)
    except Unusable as changed:
        logger.warning("secret not used name=%s reason=%s", name, changed)
        return None


def has_daemon_secret(db: Database, name: str) -> bool:
    """Say whether there is one of that name, without opening it."""
    found = db.conn.execute("SELECT 1 FROM daemon_secrets WHERE name = ?", (name,)).fetchone()
    return found is not None


def forget_daemon_secrets(db: Database, *names: str) -> None:
    """Delete secrets of the daemon itself; absent ones are no error."""
    db.conn.executemany("DELETE FROM daemon_secrets WHERE name = ?", [(name,) for name in names])


def put_of_webhook(db: Database, vault: Vault, webhook_id: str, name: str, secret: str) -> None:
    """Store or replace a secret of a webhook: what signs its messages, or a person's address."""
    db.conn.execute(
        "INSERT OR REPLACE INTO webhook_secrets (webhook_id, name, sealed) VALUES (?, ?, ?)",
        (webhook_id, name, vault.seal(secret, _place("webhook_secrets", webhook_id, name))),
    )


def of_webhook(db: Database, vault: Vault, webhook_id: str) -> dict[str, str]:
    """Return the secrets of a webhook by their names. Raises `Misplaced` for one moved here."""
    rows = db.conn.execute(
        "SELECT name, sealed FROM webhook_secrets WHERE webhook_id = ?", (webhook_id,)
    ).fetchall()
    return {
        name: vault.open(sealed, _place("webhook_secrets", webhook_id, name))
        for name, sealed in rows
    }


def any_sealed(db: Database) -> bool:
    """Say whether there is a secret that needs its key."""
    return any(db.conn.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in _TABLES)  # noqa: S608


def check_key(db: Database, vault: Vault) -> None:
    """Raise `Unusable` when the vault opens none of the secrets, for want of the key.

    Where it opens others, one that it does not open was changed or moved: that is the trouble of
    what it is for alone.
    """
    bound, wrong = _all_bound(db), None
    for place, sealed in _every(db):
        try:
            _open(vault, sealed, place, may_be_unbound=not bound)
        except Misplaced:
            continue
        except Unusable as error:
            wrong = error
        else:
            return
    if wrong is not None:
        raise wrong


def bind(db: Database, vault: Vault) -> None:
    """Seal for its place what an earlier release sealed without; once in a database's life.

    From then on nothing that names no place is opened. One transaction, its own where the caller
    has begun none. Raises `Unusable` when the key is wrong.
    """
    if not _all_bound(db):
        with nullcontext() if db.conn.in_transaction else transaction(db):
            seal_anew(db, vault, vault)


def count_opening(db: Database, vault: Vault | None) -> tuple[int, int]:
    """Return how many secrets there are, and how many of them the vault opens."""
    bound, count, opened = _all_bound(db), 0, 0
    for place, sealed in _every(db):
        count += 1
        with suppress(Unusable):
            if vault is not None:
                _open(vault, sealed, place, may_be_unbound=not bound)
                opened += 1
    return count, opened


def seal_anew(db: Database, opener: Vault, sealer: Vault) -> int:
    """Open every secret with one vault and seal it with another; returns how many there are.

    One that was changed or moved is deleted: it opens nowhere. Raises `Unusable` when the vault
    opens none of them, for want of the key.
    """
    check_key(db, opener)
    count, bound = 0, _all_bound(db)
    for table, keys in _TABLES.items():
        for *key, sealed in db.conn.execute(f"SELECT {keys}, sealed FROM {table}").fetchall():  # noqa: S608
            place = _place(table, *key)
            places = " AND ".join(f"{name} = ?" for name in keys.split(", "))
            try:
                secret = _open(opener, sealed, place, may_be_unbound=not bound)
            except Unusable:
                db.conn.execute(f"DELETE FROM {table} WHERE {places}", key)  # noqa: S608
                continue
            db.conn.execute(
                f"UPDATE {table} SET sealed = ? WHERE {places}",  # noqa: S608 - constants
                (sealer.seal(secret, place), *key),
            )
            count += 1
    _mark_bound(db)
    return count


def forget_all(db: Database) -> int:
    """Delete every secret, and what is known of logins that cannot go on without; how many."""
    for table in ("credentials", "challenges"):
        db.conn.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
    count = sum(db.conn.execute(f"DELETE FROM {table}").rowcount for table in _TABLES)  # noqa: S608
    _mark_bound(db)
    return count


def _every(db: Database) -> Iterator[tuple[str, bytes]]:
    for table, keys in _TABLES.items():
        for *key, sealed in db.conn.execute(f"SELECT {keys}, sealed FROM {table}"):  # noqa: S608
            yield _place(table, *key), sealed


def _place(table: str, *key: str) -> str:
    # JSON, so that no two places read alike.
    return json.dumps([table, *key])


def _open(vault: Vault, sealed: bytes, place: str, *, may_be_unbound: bool) -> str:
    if may_be_unbound and not is_bound(sealed):
        return vault.open_unbound(sealed)
    return vault.open(sealed, place)


# Kept in the file's header: it is committed with the rows, and goes with every copy of them.
def _all_bound(db: Database) -> bool:
    return bool(db.conn.execute("PRAGMA user_version").fetchone()[0])


def _mark_bound(db: Database) -> None:
    db.conn.execute("PRAGMA user_version = 1")
