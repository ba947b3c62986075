"""The people whose accounts these are. Every owned row names one; most installations have one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from storage import records
from storage.errors import AlreadyExists, NotFound
from storage.times import legible


@dataclass(frozen=True, slots=True)
class User:
    """One person. The installation's owner has no name: nobody ever needs it."""

    TABLE: ClassVar[str] = "users"
    id: str
    created_at: datetime
    name: str | None = None
    # Since when nothing of theirs goes out, because they said so.
    stopped_at: datetime | None = None


def ensure_owner(db: Database, now: datetime) -> User:
    """Return the installation's owner, made on the first call."""
    owner = records.fetch_one(db, User, "WHERE name IS NULL ORDER BY created_at, rowid")
    if owner is None:
        owner = add(db, now)
    return owner


def add(db: Database, now: datetime, name: str | None = None) -> User:
    """Make one more person, who has nothing yet; raises `AlreadyExists`."""
    user = User(id=str(uuid4()), created_at=now, name=name)
    if not records.insert_new(db, user, known_by="name"):
        raise AlreadyExists(f"There is a person called {name} already")
    return user


def get(db: Database, user_id: str) -> User:
    """Return a person; raises `NotFound`."""
    return records.get(db, User, user_id)


def find(db: Database, user_id: str) -> User | None:
    """Return a person, or None where there is nobody of that id."""
    return records.fetch_one(db, User, "WHERE id = ?", (user_id,))


def named(db: Database, name: str) -> User:
    """Return the person of that name, whatever its case; raises `NotFound`."""
    found = records.fetch_one(db, User, "WHERE name = ?", (name,))
    if found is None:
        raise NotFound("person", name)
    return found


def is_stopped(db: Database, user_id: str) -> bool:
    """Say whether a person has stopped everything."""
    row = db.conn.execute("SELECT stopped_at FROM users WHERE id = ?", (user_id,)).fetchone()
    return row is not None and row[0] is not None


def stopped_since(db: Database, user_id: str, now: datetime) -> datetime | None:
    """Return since when a person has stopped everything, `now` where that cannot be read."""
    row = db.conn.execute("SELECT stopped_at FROM users WHERE id = ?", (user_id,)).fetchone()
    return None if row is None or row[0] is None else legible(row[0]) or now


def set_stopped(db: Database, user_id: str, at: datetime | None) -> None:
    """Note since when a person has stopped everything, or that it goes on."""
    records.update(db, User, user_id, stopped_at=at)


def every(db: Database) -> list[User]:
    """Return all people, the owner first."""
    return records.fetch_readable(db, User, "ORDER BY name IS NOT NULL, created_at, rowid")


def remove(db: Database, user_id: str) -> None:
    """Delete a person with every row of theirs; the files that they let go of are loose then."""
    # Whatever table comes to be theirs later is among them; each refers to others in some order.
    db.conn.execute("PRAGMA defer_foreign_keys = ON")
    tables = db.conn.execute(
        "SELECT sqlite_master.name FROM sqlite_master, pragma_table_info(sqlite_master.name) AS c"
        " WHERE sqlite_master.type = 'table' AND c.name = 'user_id'"
        " ORDER BY sqlite_master.name = 'row_counts'"
    ).fetchall()  # the counts last: triggers keep them while the others go
    for (table,) in tables:
        db.conn.execute(f"DELETE FROM {table} WHERE user_id = ?", (user_id,))  # noqa: S608 - ours
    db.conn.execute("DELETE FROM users WHERE id = ?", (user_id,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """How much a person has."""

    posts: int
    reposts: int
    media_files: int
    media_bytes: int
    api_keys: int


def belongings(db: Database, user_id: str) -> Belongings:
    """Return how much a person has."""
    posts = db.conn.execute(
        "SELECT coalesce(sum(count), 0) FROM row_counts WHERE user_id = ? AND kind = 'post'",
        (user_id,),
    ).fetchone()
    reposts = db.conn.execute(
        "SELECT coalesce(sum(count), 0) FROM row_counts WHERE user_id = ? AND kind LIKE 'repost/%'",
        (user_id,),
    ).fetchone()
    files, size = db.conn.execute(
        "SELECT count(*), coalesce(sum(file_size), 0) FROM media_files WHERE user_id = ?",
        (user_id,),
    ).fetchone()
    keys = db.conn.execute(
        "SELECT count(*) FROM api_keys WHERE user_id = ? AND revoked_at IS NULL", (user_id,)
    ).fetchone()
    return Belongings(
        posts=int(posts[0]),
        reposts=int(reposts[0]),
        media_files=int(files),
        media_bytes=int(size),
        api_keys=int(keys[0]),
    )
