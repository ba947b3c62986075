"""A new key for all sealed secrets, such that a crash at any moment loses none of them.

The new key lies beside the old one until everything is sealed with it; meanwhile both open.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from storage import idempotency, secrets
from storage.errors import Unusable
from storage.files import sync_directory
from storage.store import Database, transaction
from storage.vault import KEY_FILE, NEXT_KEY_FILE, Vault, create_key, read_key


def rotate_key_file(db: Database, data_dir: Path) -> int:
    """Seal every secret with a new key and put that into the key file; returns how many.

    Interrupted, it goes on when it is called again, and the daemon works meanwhile. Raises
    `Unusable` when the present key is missing or wrong.
    """
    current, fresh = data_dir / KEY_FILE, data_dir / NEXT_KEY_FILE
    if not current.exists():
        raise Unusable(f"There is no {current}, so there is nothing to rotate")
    if not fresh.exists():
        create_key(fresh)
    count = rotate(db, read_key(current), read_key(fresh))
    fresh.replace(current)
    sync_directory(data_dir)
    return count


def rotate(db: Database, old: bytes, new: bytes) -> int:
    """Seal every secret with `new` in one transaction; those that are already stay sealed.

    Raises `Unusable` when a secret opens with neither.
    """
    # Overwritten, not only freed: what the old key opens must not stay in the file.
    db.conn.execute("PRAGMA secure_delete = ON")
    with transaction(db):
        count = secrets.seal_anew(db, Vault(old, new), Vault(new))
        idempotency.seal_anew(db, Vault(old, new), Vault(new))
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return count


def forget_and_begin(db: Database, data_dir: Path) -> int:
    """For a key that is lost: forget every sealed secret and make a new key; returns how many.

    Accounts, posts and mentions stay; each account has to be logged in or connected again. An old
    key file is kept aside.
    """
    with transaction(db):
        count = secrets.forget_all(db)
    current = data_dir / KEY_FILE
    if current.exists():
        shutil.copy2(current, data_dir / f"{KEY_FILE}.lost")
        current.unlink()
    with suppress(FileNotFoundError):
        (data_dir / NEXT_KEY_FILE).unlink()
    create_key(current)
    return count
