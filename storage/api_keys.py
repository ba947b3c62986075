"""Bearer keys of the REST API: only a SHA-256 and the first 12 characters are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from storage import records

KEY_PREFIX = "vg_live_"
_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    TABLE: ClassVar[str] = "api_keys"
    id: str
    user_id: str
    name: str
    prefix: str
    hash: str
    # What it is limited to: '' is everything, None is all accounts, also later ones.
    scopes: str = ""
    account_ids: list[str] | None = None
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


def create(
    db: Database,
    *,
    user_id: str,
    name: str,
    now: datetime,
    scopes: str = "",
    account_ids: list[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; the second value is the full key, which exists nowhere else afterwards."""
    full = KEY_PREFIX + secrets.token_urlsafe(32)  # 43 characters, 256 bits
    key = ApiKey(
        id=str(uuid4()),
        user_id=user_id,
        name=name,
        prefix=full[:_SHOWN],
        hash=hash_of(full),
        scopes=scopes,
        account_ids=account_ids,
        created_at=now,
        expires_at=expires_at,
    )
    records.insert(db, key)
    return key, full


def hash_of(full_key: str) -> str:
    """Return what is stored of a key. Unsalted on purpose: the key itself is 256 random bits."""
    return hashlib.sha256(full_key.encode()).hexdigest()


def by_hash(db: Database, digest: str) -> ApiKey | None:
    """Return the key with that hash, unless it is revoked; it may have expired.

    Looking up a digest leaks nothing through timing: a guess at the digest's first bytes
    says nothing about the key.
    """
    return records.fetch_one(db, ApiKey, "WHERE hash = ? AND revoked_at IS NULL", (digest,))


def of_user(db: Database, user_id: str) -> list[ApiKey]:
    """Return a user's keys, newest first, revoked ones too."""
    return records.fetch_readable(
        db, ApiKey, "WHERE user_id = ? ORDER BY created_at DESC, id", (user_id,)
    )


def revoke(db: Database, key_id: str, now: datetime) -> bool:
    """End a key; says whether it was alive. Raises `NotFound`."""
    if records.get(db, ApiKey, key_id).revoked_at is not None:
        return False
    records.update(db, ApiKey, key_id, revoked_at=now)
    return True


def record_use(db: Database, uses: dict[str, datetime]) -> None:
    """Store when keys were last used, many at once."""
    db.conn.executemany(
        "UPDATE api_keys SET last_used_at = ? WHERE id = ?",
        [(records.encode(moment), key_id) for key_id, moment in uses.items()],
    )
