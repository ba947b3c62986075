"""A database full of scheduled posts, made in SQL alone because a million are wanted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from storage import accounts, jobs, users
from storage.store import Database, open_directly, transaction
from storage.times import to_text

_ID = "lower(hex(randomblob(16)))"
_POSTS = f"""
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :number),
    lanes AS (SELECT id, user_id, row_number() OVER (ORDER BY id) - 1 AS lane FROM accounts)
INSERT INTO posts (id, user_id, account_id, instagram_account_id, media_type, source_type,
    caption, is_scheduled, status, scheduled_for, created_at, updated_at)
SELECT {_ID}, lanes.user_id, lanes.id, lanes.id, 'IMAGE', 'SCHEDULED',
    'Post number ' || n || ' of a long season: light, stone and the sea', 1, 'SCHEDULED',
    strftime('%Y-%m-%dT%H:%M:%fZ', :first, '+' || (n * :seconds / :number) || ' seconds'),
    :now, :now
FROM numbers JOIN lanes ON lane = n % (SELECT count(*) FROM accounts)
"""
_JOBS = f"""
INSERT INTO jobs (id, user_id, type, status, account_id, post_id, run_at, max_attempts,
    created_at, updated_at)
SELECT {_ID}, user_id, 'PUBLISH', 'PENDING', account_id, id, scheduled_for, :most, :now, :now
FROM posts WHERE status = 'SCHEDULED'
"""
_MONTH = timedelta(days=30)


def fill(database: Path, *, pending: int, lanes: int, now: datetime) -> list[str]:
    """Store accounts, and posts due between an hour and a month from now; returns the accounts."""
    with open_directly(database) as db, transaction(db):
        owner = users.ensure_owner(db, now)
        made = [
            accounts.add(db, user_id=owner.id, username=f"studio{number}", now=now).id
            for number in range(lanes)
        ]
        if pending:
            schedule_many(db, pending, now)
        return made


def schedule_many(db: Database, pending: int, now: datetime) -> None:
    """Give the accounts that there are that many posts, spread over a month."""
    spread = {"first": to_text(now + timedelta(hours=1)), "seconds": _MONTH.total_seconds()}
    made = {"now": to_text(now)}
    db.conn.execute(_POSTS, {"number": pending, **spread, **made})
    db.conn.execute(_JOBS, {"most": jobs.MAX_ATTEMPTS, **made})


def add(db: Database, due: Iterable[datetime], account_ids: list[str], now: datetime) -> None:
    """Add a job for each moment, to one account after the other."""
    owner = users.ensure_owner(db, now)
    for number, moment in enumerate(due):
        db.conn.execute(
            "INSERT INTO jobs (id, user_id, type, status, account_id, run_at, max_attempts,"
            f" created_at, updated_at) VALUES ({_ID}, ?, 'PUBLISH', 'PENDING', ?, ?, ?, ?, ?)",
            (
                owner.id,
                account_ids[number % len(account_ids)],
                to_text(moment),
                jobs.MAX_ATTEMPTS,
                to_text(now),
                to_text(now),
            ),
        )
