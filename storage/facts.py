"""What the daemon has learned about the world, with the time it was learned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from storage import records

NEWEST_APP_VERSION = "newest_app_version"
# The data came from elsewhere at that time (a backup, another tool), and what went out shortly
# before it may not be known here. The value is of that one time alone: see `came_in`.
DATA_CAME_IN = "data_came_in"
# Below this id of an event are those of the data that came; a restore begins a range of its own.
EVENTS_FROM = "events_from"

# The latest time by which something may be deleted for its age: see `trusted_time`.
BELIEVED_TIME = "believed_time"
# What time Instagram had when it was last asked for an inbox.
THEIR_TIME = "their_time"
# When the daemon was last there; the value is the boot and the seconds since it.
SEEN_ALIVE = "seen_alive"
# Where the database lay when everything that the cloud has was known; and where it lies now, while
# that is being learned.
CLOUD_PLACE = "cloud_place"
CLOUD_ARRIVING = "cloud_arriving"
# What was made at Cloudflare and is not gone; see `storage.cloud.Made`.
CLOUD_MADE = "cloud_made"


@dataclass(frozen=True, slots=True)
class Fact:
    TABLE: ClassVar[str] = "facts"
    name: str
    value: str
    at: datetime


def find(db: Database, name: str) -> Fact | None:
    """Return a fact, or None when it was never learned."""
    return records.fetch_one(db, Fact, "WHERE name = ?", (name,))


def recall(db: Database, name: str) -> Fact | None:
    """Return a fact that is learned anew all the time: None also where it cannot be read."""
    found = records.fetch_readable(db, Fact, "WHERE name = ?", (name,))
    return found[0] if found else None


def learn(db: Database, name: str, value: str, now: datetime) -> None:
    """Store or renew a fact."""
    db.conn.execute(
        "INSERT OR REPLACE INTO facts (name, value, at) VALUES (?, ?, ?)",
        (name, value, records.encode(now)),
    )


def forget(db: Database, name: str) -> None:
    """Remove a fact, if it was ever learned."""
    db.conn.execute("DELETE FROM facts WHERE name = ?", (name,))


def note_coming_in(db: Database, now: datetime) -> None:
    """Note that the data comes from elsewhere now: what anybody read before is of other data."""
    learn(db, DATA_CAME_IN, uuid4().hex, now)


def came_in(db: Database) -> str:
    """Return a text that is the same until data comes in anew, and was never before."""
    found = find(db, DATA_CAME_IN)
    return found.value if found else ""
