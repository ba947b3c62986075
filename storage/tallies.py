"""How much there is of what, for the status line and the metrics; nothing here changes a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from storage import jobs, records
from storage.times import from_text


@dataclass(frozen=True, slots=True)
class HeldReposts:
    """So many reposts that one rail holds back until then."""

    count: int
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What the daemon is about, at one moment."""

    accounts: int
    publishing: int
    next_post_at: datetime | None
    waiting_for_approval: int
    held: HeldReposts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """Counts for the metrics. `breakers` tells by username whether the breaker is open."""

    accounts: int
    jobs: Mapping[str, int]
    reposts: Mapping[str, int]
    breakers: Mapping[str, bool]


def doing(db: Database, now: datetime) -> Doing:
    """Return what is going on and what comes next; all of it from small indexes."""
    held = db.conn.execute(
        "SELECT count(*), min(held_until), reason FROM reposts"
        " WHERE status IN ('DETECTED', 'DOWNLOADED', 'WAITING_APPROVAL', 'QUEUED')"
        " AND held_until > ? GROUP BY reason ORDER BY 1 DESC, 2 LIMIT 1",
        (records.encode(now),),
    ).fetchone()
    return Doing(
        accounts=_count(db, "accounts"),
        publishing=_count(db, "jobs WHERE status = 'PROCESSING'"),
        next_post_at=jobs.next_claim_at(db, now),
        waiting_for_approval=_count(db, "reposts WHERE status = 'WAITING_APPROVAL'"),
        held=HeldReposts(held[0], from_text(held[1]), held[2] or "a rail") if held else None,
    )


def tallies(db: Database) -> Tallies:
    """Return every count; reads whole tables, so it belongs in a thread."""
    breakers = db.conn.execute(
        "SELECT accounts.username, auto_disabled_at IS NOT NULL FROM story_repost_configs"
        " JOIN accounts ON accounts.id = account_id"
    )
    return Tallies(
        accounts=_count(db, "accounts"),
        jobs=dict(db.conn.execute("SELECT status, count(*) FROM jobs GROUP BY status")),
        reposts=dict(db.conn.execute("SELECT status, count(*) FROM reposts GROUP BY status")),
        breakers={username: bool(is_open) for username, is_open in breakers},
    )


def _count(db: Database, source: str) -> int:
    return int(db.conn.execute(f"SELECT count(*) FROM {source}").fetchone()[0])  # noqa: S608
