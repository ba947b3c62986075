"""What was answered to a write that came under a key, so that it is done once however often asked.

The row is in the effect's own transaction. What it says is sealed: an answer may hold a secret, as
that of a new key does, and so may the input that the fingerprint is of.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime

from sqlite_utils import Database

from storage import records
from storage.errors import Unusable
from storage.vault import Vault


def find(db: Database, vault: Vault, caller: str, key: str) -> str | None:
    """Return what was kept under a caller's key, or None; raises `Unusable` for want of its key."""
    row = db.conn.execute(
        "SELECT sealed FROM idempotency_keys WHERE caller = ? AND key = ?", (caller, key)
    ).fetchone()
    return None if row is None else vault.open(row[0], _place(caller, key))


def keep(
    db: Database,
    vault: Vault,
    *,
    user_id: str,
    caller: str,
    key: str,
    said: str,
    now: datetime,
) -> None:
    """Keep what was answered; what is kept under that key already stays."""
    db.conn.execute(
        "INSERT INTO idempotency_keys (user_id, caller, key, sealed, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (caller, key) DO NOTHING",
        (user_id, caller, key, vault.seal(said, _place(caller, key)), records.encode(now)),
    )


def amend(db: Database, vault: Vault, caller: str, key: str, said: str) -> None:
    """Let what was kept under a key say more than it did."""
    db.conn.execute(
        "UPDATE idempotency_keys SET sealed = ? WHERE caller = ? AND key = ?",
        (vault.seal(said, _place(caller, key)), caller, key),
    )


def seal_anew(db: Database, opener: Vault, sealer: Vault) -> None:
    """Seal all that can be opened with another key; what cannot stays, and answers nobody."""
    for caller, key, sealed in db.conn.execute(
        "SELECT caller, key, sealed FROM idempotency_keys"
    ).fetchall():
        place = _place(caller, key)
        with suppress(Unusable):
            db.conn.execute(
                "UPDATE idempotency_keys SET sealed = ? WHERE caller = ? AND key = ?",
                (sealer.seal(opener.open(sealed, place), place), caller, key),
            )


def _place(caller: str, key: str) -> str:
    return json.dumps(["idempotency_keys", caller, key])
