"""What the user decides about a mention: let it go out, or never."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from storage import reposts
from storage.reposts import Repost, RepostStatus
from storage.store import Database

Decision = Callable[[Database, str, datetime], Repost]


class TooLate(Exception):
    """The mention is in a state where this can no longer be decided."""


def approve(db: Database, repost_id: str, now: datetime) -> Repost:
    """Let a mention that waits for approval go out; raises `NotFound` and `TooLate`."""
    repost = reposts.get(db, repost_id)
    if repost.status is not RepostStatus.WAITING_APPROVAL:
        raise TooLate(f"It does not wait for approval: it is {repost.status}")
    return reposts.change(db, repost_id, RepostStatus.QUEUED, now=now, approved_at=now)


def skip(db: Database, repost_id: str, now: datetime) -> Repost:
    """Never repost a mention; raises `NotFound`, and `TooLate` once its post exists."""
    repost = reposts.get(db, repost_id)
    waiting = (
        RepostStatus.DETECTED,
        RepostStatus.DOWNLOADED,
        RepostStatus.WAITING_APPROVAL,
        RepostStatus.QUEUED,
    )
    if repost.status not in waiting or repost.post_id is not None:
        raise TooLate(f"It can no longer be skipped: it is {repost.status}")
    return reposts.change(db, repost_id, RepostStatus.SKIPPED, now=now, reason="You skipped it")
