"""Durable jobs (the contract's `ScheduledJob`): what is due when, claimed atomically."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import uuid4

from sqlite_utils import Database

from ground.changes import Subject
from storage import events, handovers, lost, records, trusted_time
from storage.owners import Accounts, named, within
from storage.times import from_text, legible
from storage.wrong_clock import SLACK

# With the waits between them, half a day: an outage costs no post, and few requests.
MAX_ATTEMPTS = 20


class JobType(StrEnum):
    PUBLISH = "PUBLISH"
    STORY_REPOST_CHECK = "STORY_REPOST_CHECK"


class JobStatus(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    TABLE: ClassVar[str] = "jobs"
    id: str
    user_id: str
    type: JobType
    status: JobStatus
    account_id: str | None
    post_id: str | None
    run_at: datetime
    repeat_interval_ms: int | None = None
    repeat_key: str | None = None
    attempts: int = 0
    max_attempts: int = MAX_ATTEMPTS
    setbacks: int = 0
    last_error: str | None = None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None


def add_publish(
    db: Database, *, user_id: str, account_id: str, post_id: str, run_at: datetime, now: datetime
) -> Job:
    """Queue the publishing of a post; a post has at most one open job."""
    job = Job(
        id=str(uuid4()),
        user_id=user_id,
        type=JobType.PUBLISH,
        status=JobStatus.PENDING,
        account_id=account_id,
        post_id=post_id,
        run_at=run_at,
        created_at=now,
        updated_at=now,
    )
    records.insert(db, job)
    _tell(db, account_id, job.id, "PENDING", now)
    return job


def get(db: Database, job_id: str) -> Job:
    """Return one job; raises `NotFound`."""
    return records.get(db, Job, job_id)


# One statement, so that two claimers can never take the same job, and so that what is due at one
# instant costs one transaction. Each account is a lane: its earliest job is looked up on
# an index, so that the cost does not grow with what is pending.
_HEADS = """
    FROM accounts
    LEFT JOIN lanes ON lanes.account_id = accounts.id AND lanes.set_at <= :now
        AND lanes.free_at < ':' -- behind all digits: what is no time holds nothing for ever
    JOIN jobs AS head ON head.id = (
        SELECT id FROM jobs WHERE account_id = accounts.id AND status = 'PENDING'
        ORDER BY run_at, id LIMIT 1)
    WHERE NOT EXISTS (
        SELECT 1 FROM jobs WHERE account_id = accounts.id AND status = 'PROCESSING')
"""
_CLAIM = f"""
UPDATE jobs SET status = 'PROCESSING', attempts = attempts + 1, updated_at = :now
WHERE id IN (
    SELECT head.id {_HEADS}
    AND head.run_at <= :due AND (lanes.free_at IS NULL OR lanes.free_at <= :due))
RETURNING id
"""  # noqa: S608 - constants
_NEXT = f"""
SELECT min(max(head.run_at, coalesce(lanes.free_at, ''))) {_HEADS}
"""


def claim_due(db: Database, now: datetime, ahead: timedelta = timedelta(0)) -> list[Job]:
    """Take the earliest job of each account whose lane is free, earliest first.

    What will be due within `ahead` counts as due; `could_run_since` tells when it may begin.
    """
    times = {"now": records.encode(now), "due": records.encode(now + ahead)}
    claimed = [row[0] for row in db.conn.execute(_CLAIM, times)]
    if not claimed:
        return []
    clause = "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY run_at, id"
    found = records.fetch_readable(db, Job, clause, (records.encode(claimed),))
    for job_id in set(claimed) - {job.id for job in found}:
        lost.give_up(db, job_id, now)
    return found


def next_claim_at(db: Database, now: datetime) -> datetime | None:
    """Return when the next job can be claimed, of accounts that are not busy."""
    row = db.conn.execute(_NEXT, {"now": records.encode(now)}).fetchone()
    try:
        return None if row[0] is None else from_text(row[0])
    except ValueError:  # what cannot be read is claimed, to be ended, or never due, by its text
        return now if row[0] <= records.encode(now) else None


def free_lane(db: Database, account_id: str, free_at: datetime, now: datetime) -> None:
    """Let the account's next job wait until `free_at`, or as long as it has to already."""
    db.conn.execute(
        "INSERT INTO lanes (account_id, set_at, free_at) SELECT ?1, ?2, ?3"
        " WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1)"
        " ON CONFLICT DO UPDATE SET set_at = excluded.set_at, free_at = CASE"
        # One that was set in the future was set by a clock that was wrong.
        " WHEN lanes.set_at <= excluded.set_at AND lanes.free_at < ':'"
        " THEN max(lanes.free_at, excluded.free_at)"
        " ELSE excluded.free_at END",
        (account_id, records.encode(now), records.encode(free_at)),
    )


def could_run_since(db: Database, job: Job, now: datetime) -> datetime:
    """Return since when, or from when on, a job is due with its account's lane free."""
    row = db.conn.execute(
        "SELECT free_at FROM lanes WHERE account_id = ? AND set_at <= ?",
        (job.account_id, records.encode(now)),
    ).fetchone()
    free_at = None if row is None else legible(row[0])
    return job.run_at if free_at is None else max(job.run_at, free_at)


def lane_free_at(db: Database, account_id: str, now: datetime) -> datetime:
    """Return from when on an account's next post may go out; `now` where nothing keeps it."""
    row = db.conn.execute(
        "SELECT free_at FROM lanes WHERE account_id = ? AND set_at <= ?",
        (account_id, records.encode(now)),
    ).fetchone()
    free_at = None if row is None else legible(row[0])
    return now if free_at is None else max(now, free_at)


def is_lane_taken(db: Database, account_id: str, now: datetime) -> bool:
    """Say whether a post of the account goes out now, or is due and waits for its turn."""
    row = db.conn.execute(
        "SELECT 1 FROM jobs WHERE account_id = ?1 AND status = 'PROCESSING' UNION ALL"
        " SELECT 1 FROM jobs WHERE account_id = ?1 AND status = 'PENDING' AND run_at <= ?2 LIMIT 1",
        (account_id, records.encode(now)),
    ).fetchone()
    return row is not None


def finish(
    db: Database, job_id: str, status: JobStatus, now: datetime, error: str | None = None
) -> None:
    """End a job."""
    records.update(
        db, Job, job_id, status=status, updated_at=now, completed_at=now, last_error=error
    )


def postpone(
    db: Database,
    job_id: str,
    run_at: datetime,
    now: datetime,
    error: str,
    *,
    counted: bool,
    is_setback: bool = False,
) -> None:
    """Put a claimed job back for later, with the reason; `counted` keeps the attempt counted.

    Setbacks are counted beside: attempts that ended over what was to be sent.
    """
    db.conn.execute(
        "UPDATE jobs SET status = 'PENDING', run_at = ?, updated_at = ?, last_error = ?,"
        " attempts = attempts - ?, setbacks = setbacks + ? WHERE id = ?",
        (
            records.encode(run_at),
            records.encode(now),
            error,
            0 if counted else 1,
            1 if is_setback else 0,
            job_id,
        ),
    )


def open_for_post(db: Database, post_id: str) -> Job | None:
    """Return the post's pending or running job, or None."""
    return records.fetch_one(
        db, Job, "WHERE post_id = ? AND status IN ('PENDING', 'PROCESSING')", (post_id,)
    )


def failed_since(db: Database, post_id: str, since: datetime) -> int:
    """Return how many of a post's jobs have failed since then."""
    row = db.conn.execute(
        "SELECT count(*) FROM jobs WHERE post_id = ? AND status = 'FAILED' AND completed_at > ?",
        (post_id, records.encode(since)),
    ).fetchone()
    return int(row[0])


def open_until(db: Database, moment: datetime, *, everything: bool) -> list[str]:
    """Return the ids of open jobs of posts that are due by `moment` or were begun, or of all."""
    rows = db.conn.execute(
        "SELECT id FROM jobs WHERE status IN ('PENDING', 'PROCESSING') AND post_id IS NOT NULL"
        " AND (? OR status = 'PROCESSING' OR run_at <= ?"
        " OR post_id IN (SELECT post_id FROM deliveries WHERE closed_at IS NULL))"
        " ORDER BY run_at, id",
        (everything, records.encode(moment)),
    ).fetchall()
    return [row[0] for row in rows]


def release_claimed(db: Database, now: datetime) -> int:
    """At start: give back what a dead process had claimed; returns how many.

    The attempt does not count: whatever ended the process is no answer of Instagram's.
    """
    cursor = db.conn.execute(
        "UPDATE jobs SET status = 'PENDING', run_at = min(run_at, ?1), updated_at = ?1,"
        " attempts = max(0, attempts - 1) WHERE status = 'PROCESSING'",
        (records.encode(now),),
    )
    return cursor.rowcount


def take_up_garbled(db: Database, now: datetime) -> int:
    """At start: let jobs wait again whose state cannot be read; returns how many.

    The newest one of a post that waits here was pending, or at work. What may be live is asked
    about, as after a crash.
    """
    cursor = db.conn.execute(
        "UPDATE jobs SET status = 'PENDING', updated_at = ?1 WHERE id IN ("
        " SELECT jobs.id FROM accounts CROSS JOIN posts ON posts.account_id = accounts.id"
        " CROSS JOIN jobs ON jobs.post_id = posts.id"
        " WHERE posts.status NOT IN ('PUBLISHED', 'FAILED') AND posts.status != 'DRAFT'"
        " AND jobs.status NOT IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')"
        " AND NOT EXISTS (SELECT 1 FROM cloud_posts"
        "  WHERE post_id = posts.id AND owner != 'LOCAL')"
        " AND NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.post_id = posts.id"
        "  AND other.id != jobs.id AND (other.created_at >= jobs.created_at"
        "  OR other.status IN ('PENDING', 'PROCESSING'))))",
        (records.encode(now),),
    )
    return cursor.rowcount


def give_back(db: Database, job_ids: Sequence[str], now: datetime) -> None:
    """Put claimed jobs back that nobody works on any more; the attempt does not count."""
    db.conn.execute(
        "UPDATE jobs SET status = 'PENDING', attempts = max(0, attempts - 1), updated_at = ?"
        " WHERE status = 'PROCESSING' AND id IN (SELECT value FROM json_each(?))",
        (records.encode(now), records.encode(job_ids)),
    )


def cancel_for_post(db: Database, post_id: str, now: datetime) -> bool:
    """Cancel the post's pending job; False when it is being worked on, here or in the cloud."""
    db.conn.execute(
        "UPDATE jobs SET status = 'CANCELLED', updated_at = ?1, completed_at = ?1"
        " WHERE post_id = ?2 AND status = 'PENDING'",
        (records.encode(now), post_id),
    )
    if handovers.find_away(db, post_id) is not None:
        return False
    return open_for_post(db, post_id) is None


def reschedule(db: Database, post_id: str, run_at: datetime, now: datetime) -> bool:
    """Move the post's pending job; False when it is being worked on already."""
    cursor = db.conn.execute(
        "UPDATE jobs SET run_at = ?, updated_at = ? WHERE post_id = ? AND status = 'PENDING'",
        (records.encode(run_at), records.encode(now), post_id),
    )
    if cursor.rowcount == 1:
        job = open_for_post(db, post_id)
        assert job is not None
        assert job.account_id is not None
        _tell(db, job.account_id, job.id, "MOVED", now)
    return cursor.rowcount == 1


def bring_forward(db: Database, account_id: str, now: datetime) -> None:
    """Make an account's jobs that were put back due now, but none before it was scheduled."""
    moved = db.conn.execute(
        "UPDATE jobs SET updated_at = ?1, run_at = min(run_at, max(?1, coalesce("
        "  (SELECT scheduled_for FROM posts WHERE id = post_id AND is_scheduled = 1), ?1)))"
        " WHERE account_id = ?2 AND status = 'PENDING' AND last_error IS NOT NULL AND run_at > ?1",
        (records.encode(now), account_id),
    )
    if moved.rowcount:
        _tell(db, account_id, account_id, "MOVED", now)


def mend_run_times(db: Database, now: datetime) -> int:
    """Make jobs due that a clock put back which was ahead, none before it was scheduled.

    Returns how many. Nothing is changed while it is this clock that is wrong, as far as
    Instagram's own time tells: by the right one they are due when they are.
    """
    if trusted_time.is_behind(db, now):
        return 0
    moved = db.conn.execute(
        "UPDATE jobs SET updated_at = ?1, run_at = min(run_at, max(?1, coalesce("
        "  (SELECT scheduled_for FROM posts WHERE id = post_id AND is_scheduled = 1), ?1)))"
        " WHERE status = 'PENDING' AND run_at > ?1 AND updated_at > ?2",
        (records.encode(now), records.encode(now + SLACK)),
    )
    return moved.rowcount


def _tell(db: Database, account_id: str, job_id: str, state: str, now: datetime) -> None:
    events.record_of_account(db, Subject.JOB, account_id, state, now=now, subject_id=job_id)


def counts(
    db: Database, user_id: str, now: datetime, *, accounts: Accounts = None
) -> dict[str, int]:
    """Return how many publish jobs wait, run, and lie in the future."""
    row = db.conn.execute(
        "SELECT coalesce(sum(status = 'PENDING' AND run_at <= :now), 0),"  # noqa: S608 - our own words
        " coalesce(sum(status = 'PROCESSING'), 0),"
        " coalesce(sum(status = 'PENDING' AND run_at > :now), 0)"
        " FROM jobs WHERE user_id = :user AND status IN ('PENDING', 'PROCESSING')"
        f"{within(accounts)}",
        {"now": records.encode(now), "user": user_id, **named(accounts)},
    ).fetchone()
    return dict(zip(("waiting", "active", "delayed"), row, strict=True))
