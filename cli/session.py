"""The store itself, for commands that move or keep the whole of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from daemon.settings import Settings
from ground.clock import utc_now
from storage import secrets, users
from storage.store import Database, open_directly, transaction
from storage.users import User
from storage.vault import Vault, load_vault


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Database, User]]:
    """Open the store of the data directory, with the person that it is about, for a command that
    holds it."""
    with open_directly(settings.database) as db:
        with transaction(db):
            person = users.ensure_owner(db, utc_now())
        if (name := click.get_current_context().find_root().params.get("user")) is not None:
            person = users.named(db, name)
        yield db, person


def vault_for(db: Database, settings: Settings) -> Vault:
    """Return the vault that opens what the database holds; raises `Unusable`."""
    vault = load_vault(settings.data_dir, may_create=not secrets.any_sealed(db))
    secrets.check_key(db, vault)
    secrets.bind(db, vault)
    return vault
