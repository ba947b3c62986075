"""Sealed secrets of accounts and of the daemon; nothing here is ever stored in the clear."""

from __future__ import annotations

from enum import StrEnum
from secrets import token_urlsafe

from sqlite_utils import Database

from storage.vault import Vault

_TABLES = {"account_secrets": "account_id, name", "daemon_secrets": "name"}


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
    db.conn.execute(
        "INSERT OR REPLACE INTO account_secrets (account_id, name, sealed) SELECT ?1, ?2, ?3"
        " WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1)",
        (account_id, name.value, vault.seal(secret)),
    )


def get(db: Database, vault: Vault, account_id: str, name: AccountSecret) -> str | None:
    """Return one secret of an account in the clear, or None when there is none."""
    row = db.conn.execute(
        "SELECT sealed FROM account_secrets WHERE account_id = ? AND name = ?",
        (account_id, name.value),
    ).fetchone()
    return None if row is None else vault.open(row[0])


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
    """Return a secret of the daemon itself, storing `fresh` under that name on first use."""
    row = db.conn.execute("SELECT sealed FROM daemon_secrets WHERE name = ?", (name,)).fetchone()
    if row is not None:
        return vault.open(row[0])
    db.conn.execute(
        "INSERT INTO daemon_secrets (name, sealed) VALUES (?, ?)", (name, vault.seal(fresh))
    )
    return fresh


def daemon_key(db: Database, vault: Vault, name: str) -> str:
    """Return a signing key of the daemon, made on first use."""
    return daemon_secret(db, vault, name, token_urlsafe(32))


def any_sealed(db: Database) -> bool:
    """Say whether there is a secret that needs its key."""
    return any(db.conn.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in _TABLES)  # noqa: S608


def check_key(db: Database, vault: Vault) -> None:
    """Raise `Unusable` unless the vault opens what is sealed; one secret of a kind is tried."""
    for table in _TABLES:
        row = db.conn.execute(f"SELECT sealed FROM {table} LIMIT 1").fetchone()  # noqa: S608
        if row is not None:
            vault.open(row[0])


def seal_anew(db: Database, opener: Vault, sealer: Vault) -> int:
    """Open every secret with one vault and seal it with another; returns how many there are."""
    count = 0
    for table, keys in _TABLES.items():
        for *key, sealed in db.conn.execute(f"SELECT {keys}, sealed FROM {table}").fetchall():  # noqa: S608
            places = " AND ".join(f"{name} = ?" for name in keys.split(", "))
            db.conn.execute(
                f"UPDATE {table} SET sealed = ? WHERE {places}",  # noqa: S608 - constants
                (sealer.seal(opener.open(sealed)), *key),
            )
            count += 1
    return count


def forget_all(db: Database) -> int:
    """Delete every secret, and what is known of logins that cannot go on without; how many."""
    for table in ("credentials", "challenges"):
        db.conn.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
    return sum(db.conn.execute(f"DELETE FROM {table}").rowcount for table in _TABLES)  # noqa: S608
