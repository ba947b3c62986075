"""The Worker's secrets and the API token as the vault keeps them."""

from __future__ import annotations

from cloud.deploying import Keys
from storage import secrets
from storage.store import Database
from storage.vault import Vault

_KEPT = {"encryption": "cloud_encryption", "media": "cloud_media", "worker": "cloud_worker"}
_BEFORE = "cloud_worker_before"
_API_TOKEN = "cloudflare_api_token"  # noqa: S105 - a name


def find(db: Database, vault: Vault) -> Keys | None:
    """Return the keys of the Worker, None where none were made.

    Raises `Unusable` where one of them was changed or moved in the database.
    """
    found = {
        name: secrets.find_daemon_secret(db, vault, kept) or "" for name, kept in _KEPT.items()
    }
    if not all(found.values()):
        return None
    return Keys(**found, worker_before=secrets.usable_daemon_secret(db, vault, _BEFORE))


def has_keys(db: Database) -> bool:
    """Say whether keys were made, without opening them."""
    return all(secrets.has_daemon_secret(db, kept) for kept in _KEPT.values())


def found_or_made(db: Database, vault: Vault) -> Keys:
    """Return the keys, stored before anything is deployed: a deploy may break off anywhere."""
    keys = find(db, vault)
    if keys is None:
        keys = Keys.fresh()
        for name, kept in _KEPT.items():
            secrets.put_daemon_secret(db, vault, kept, getattr(keys, name))
    return keys


def change_token(db: Database, vault: Vault) -> Keys | None:
    """Make a new token of the Worker, and keep the one that it knows until it knows this one."""
    keys = find(db, vault)
    if keys is None:
        return None
    secrets.put_daemon_secret(db, vault, _KEPT["worker"], Keys.fresh().worker)
    if keys.worker_before is None:  # else the change before this one may never have arrived
        secrets.put_daemon_secret(db, vault, _BEFORE, keys.worker)
    return find(db, vault)


def forget_token_before(db: Database) -> None:
    """Forget the token that the Worker knew before: it answers to the new one."""
    secrets.forget_daemon_secrets(db, _BEFORE)


def api_token(db: Database, vault: Vault) -> str | None:
    """Return the API token, None where it was not kept, or was changed since."""
    return secrets.usable_daemon_secret(db, vault, _API_TOKEN)


def has_api_token(db: Database) -> bool:
    """Say whether the API token is kept."""
    return secrets.has_daemon_secret(db, _API_TOKEN)


def keep_api_token(db: Database, vault: Vault, token: str) -> None:
    """Keep an API token, in the place of the one before."""
    secrets.put_daemon_secret(db, vault, _API_TOKEN, token)


def forget_keys(db: Database) -> None:
    """Forget the keys: their Worker is gone."""
    secrets.forget_daemon_secrets(db, _BEFORE, *_KEPT.values())


def forget_api_token(db: Database) -> None:
    """Forget the API token: there is nothing left to do with it."""
    secrets.forget_daemon_secrets(db, _API_TOKEN)
