"""Each account's own proxy, locale and timezone, sealed: a proxy's address holds a password."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from sqlite_utils import Database

from storage import secrets
from storage.errors import Unusable
from storage.secrets import AccountSecret
from storage.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOptions:
    """What was set for an account; None where nothing was."""

    proxy: str | None = field(default=None, repr=False)
    locale: str | None = None
    timezone: str | None = None


def find(db: Database, vault: Vault, account_id: str) -> StoredOptions:
    """Return an account's options; all None when nothing was ever set."""
    text = secrets.get(db, vault, account_id, AccountSecret.CLIENT_OPTIONS)
    return StoredOptions() if text is None else StoredOptions(**json.loads(text))


def usable(db: Database, vault: Vault, account_id: str) -> StoredOptions:
    """Return as `find` does; all None for options that do not open, so that they can be set."""
    try:
        return find(db, vault, account_id)
    except Unusable:
        return StoredOptions()


def save(db: Database, vault: Vault, account_id: str, options: StoredOptions) -> None:
    """Replace an account's options."""
    if options == StoredOptions():
        secrets.forget(db, account_id, AccountSecret.CLIENT_OPTIONS)
    else:
        text = json.dumps(asdict(options))
        secrets.put(db, vault, account_id, AccountSecret.CLIENT_OPTIONS, text)


def proxies_in_use(db: Database, vault: Vault) -> dict[str, str | None]:
    """Return the own proxy, or None, of every account that has a Private API login."""
    rows = db.conn.execute("SELECT account_id FROM credentials").fetchall()
    return {account_id: usable(db, vault, account_id).proxy for (account_id,) in rows}
