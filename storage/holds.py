"""What was put back while an account was held goes on once a person has mended it."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage import jobs, reposts


def release(db: Database, account_id: str, now: datetime) -> None:
    """Let an account's posts and mentions that were put back be tried again now.

    Whatever still holds them holds them again; nothing goes out before it was scheduled.
    """
    jobs.bring_forward(db, account_id, now)
    reposts.let_go_on(db, account_id)
