"""How much there is of what, for the status line and the metrics; nothing here changes a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from storage import jobs, records
from storage.reposts import IS_OPEN
from storage.times import legible


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
    rows = db.conn.execute(
        "SELECT count(*), min(held_until), reason FROM reposts"  # noqa: S608 - constants
        f" WHERE {IS_OPEN} AND held_until > ? GROUP BY reason ORDER BY 1 DESC, 2",
        (records.encode(now),),
    )
    found = ((count, legible(until), reason) for count, until, reason in rows)
    held = next(
        (HeldReposts(count, until, reason or "a rail") for count, until, reason in found if until),
        None,
    )
    return Doing(
        accounts=_count(db, "accounts"),
        publishing=_by_status(db, "job").get("PROCESSING", 0),
        next_post_at=jobs.next_claim_at(db, now),
        waiting_for_approval=_by_status(db, "repost").get("WAITING_APPROVAL", 0),
        held=held,
    )


def tallies(db: Database) -> Tallies:
    """Return every count, from those that triggers keep."""
    breakers = db.conn.execute(
        "SELECT accounts.username, auto_disabled_at IS NOT NULL FROM story_repost_configs"
        " JOIN accounts ON accounts.id = account_id"
    )
    return Tallies(
        accounts=_count(db, "accounts"),
        jobs=_by_status(db, "job"),
        reposts=_by_status(db, "repost"),
        breakers={username: bool(is_open) for username, is_open in breakers},
    )


def _by_status(db: Database, kind: str) -> dict[str, int]:
    rows = db.conn.execute(
        "SELECT state, count FROM state_counts WHERE kind = ? AND count > 0", (kind,)
    )
    return dict(rows.fetchall())


def _count(db: Database, source: str) -> int:
    return int(db.conn.execute(f"SELECT count(*) FROM {source}").fetchone()[0])  # noqa: S608


def of_accounts(db: Database, user_id: str) -> list[tuple[str, str, str, int]]:
    """Return kind (post, repost), account, state and number, from counts that triggers keep."""
    rows = db.conn.execute(
        "SELECT substr(kind, 1, instr(kind, '/') - 1), substr(kind, instr(kind, '/') + 1), label,"
        " count FROM row_counts WHERE user_id = ? AND kind LIKE '%/%' AND count > 0"
        " ORDER BY kind, label",
        (user_id,),
    )
    return [(kind, account, label, int(count)) for kind, account, label, count in rows]
