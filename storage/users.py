"""The person whose accounts these are. One today; every owned row names it already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from storage import records


@dataclass(frozen=True, slots=True)
class User:
    TABLE: ClassVar[str] = "users"
    id: str
    created_at: datetime


def ensure_owner(db: Database, now: datetime) -> User:
    """Return the installation's user, made on the first call."""
    owner = records.fetch_one(db, User, "ORDER BY created_at")
    if owner is None:
        owner = add(db, now)
    return owner


def add(db: Database, now: datetime) -> User:
    """Make one more user, who has nothing yet."""
    user = User(id=str(uuid4()), created_at=now)
    records.insert(db, user)
    return user
