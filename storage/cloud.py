"""The Worker in the user's Cloudflare account: where it is, and what it said last."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from sqlite_utils import Database

from storage import facts, records
from storage.errors import Damaged, Unreadable
from storage.opening import look_into

# The change of the daemon that those hear of who speak to the Worker.
DEPLOYED = "CLOUD_DEPLOYED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudWorker:
    """What was deployed. `told` is its last answer about itself, for when it does not answer.

    `domain` is an address of the user's own, under which Meta fetches; `unfetched` is why Meta
    could not when it was asked to, None where it could.
    """

    TABLE: ClassVar[str] = "cloud_worker"
    one: int = 1
    account_id: str
    url: str
    version: str
    bucket: str | None
    deployed_at: datetime
    verified_at: datetime | None = None
    told: dict[str, Any] | None = None
    told_at: datetime | None = None
    domain: str | None = None
    probed_at: datetime | None = None
    unfetched: str | None = None

    @property
    def public_url(self) -> str:
        """The address under which Meta fetches media."""
        return self.domain or self.url


def find(db: Database) -> CloudWorker | None:
    """Return what was deployed, None where cloud scheduling is not configured."""
    return records.fetch_one(db, CloudWorker, "WHERE one = 1")


def is_there(db: Database) -> bool:
    """Say whether there is a Worker, whatever of it can be read."""
    return db.conn.execute("SELECT 1 FROM cloud_worker").fetchone() is not None


def url_in(database: Path) -> str | None:
    """Return the address of the Worker that a database file knows, as far as it can be read."""
    if not database.exists():
        return None
    try:
        with look_into(database) as db:
            return url_of(db)
    except Damaged:  # that, or from before there were Workers
        return None


def url_of(db: Database) -> str | None:
    """Return the address of the Worker, whatever else of it can be read; None without one."""
    found = db.conn.execute("SELECT url FROM cloud_worker").fetchone()
    return None if found is None else str(found[0])


@dataclass(frozen=True, slots=True)
class Made:
    """What was made in a Cloudflare account, by the names that `cloud.pieces` gives it."""

    account_id: str
    names: frozenset[str]


def made(db: Database) -> Made | None:
    """Return what was made at Cloudflare and is not gone, None where that is nothing known."""
    fact = facts.find(db, facts.CLOUD_MADE)
    if fact is None:
        return None
    kept = json.loads(fact.value)
    return Made(kept["account"], frozenset(kept["names"]))


def keep_pieces(db: Database, account_id: str, names: Collection[str], now: datetime) -> None:
    """Store what is made at Cloudflare, in the place of what was noted before."""
    if names:
        kept = json.dumps({"account": account_id, "names": sorted(names)})
        facts.learn(db, facts.CLOUD_MADE, kept, now)
    else:
        facts.forget(db, facts.CLOUD_MADE)


def keep(db: Database, worker: CloudWorker) -> None:
    """Store what was deployed, in the place of what was before."""
    db.conn.execute("DELETE FROM cloud_worker")
    records.insert(db, worker)


def answered(db: Database, told: dict[str, Any], now: datetime) -> None:
    """Note that the Worker answered, and with what."""
    db.conn.execute(
        "UPDATE cloud_worker SET verified_at = ?1, told = ?2, told_at = ?1",
        (records.encode(now), records.encode(told)),
    )


def probed(db: Database, unfetched: str | None, now: datetime) -> None:
    """Note whether Meta could fetch from the Worker: why not, or None where it could."""
    db.conn.execute(
        "UPDATE cloud_worker SET probed_at = ?, unfetched = ?", (records.encode(now), unfetched)
    )


def lends(db: Database) -> bool:
    """Say whether media have an address at the Worker under which Meta fetches, as far as known."""
    try:
        worker = find(db)
    except Unreadable:  # everybody's posts go by the other ways
        return False
    return worker is not None and worker.unfetched is None


def forget(db: Database) -> None:
    """Forget the Worker: cloud scheduling is not configured any more."""
    db.conn.execute("DELETE FROM cloud_worker")
