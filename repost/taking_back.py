"""Taking back what was handed over to publishing, while it has not begun to go out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storage import deliveries, handovers, jobs, posts, repost_lists, repost_slots, reposts
from storage.deliveries import Step
from storage.errors import NotFound
from storage.posts import Post, PostStatus
from storage.reposts import Repost, RepostStatus
from storage.store import Database

REASON = "It was taken back before it went out"
ASKED = "It is being taken back from the cloud"


def take_back(db: Database, account_id: str, now: datetime) -> None:
    """Take an account's reposts back from the queue, so that they are decided about anew.

    Whatever is going out at this moment, or may be live already, goes on. The cloud is asked for
    what it owns, until it answers: then that is decided about anew.
    """
    for repost in repost_lists.handed_over(db, account_id):
        if not ask_back(db, repost, None, now) and withdraw(db, repost):
            reposts.change(db, repost.id, RepostStatus.QUEUED, now=now, reason=REASON, post_id=None)


def ask_back(db: Database, repost: Repost, wish: Mapping[str, Any] | None, now: datetime) -> bool:
    """Have the cloud asked for a repost's post; says whether the cloud may own it.

    `wish` is what is decided about the mention when it is back, see `clouded`.
    """
    row = None if repost.post_id is None else handovers.find_away(db, repost.post_id)
    if row is None:
        return False
    handovers.want_back(db, row, wish, now)
    if (repost.reason, repost.held_until) != (ASKED, None):
        reposts.change(db, repost.id, repost.status, now=now, reason=ASKED)
    return True


def withdraw(db: Database, repost: Repost) -> bool:
    """Delete a repost's post that waits in the queue; False when it may be going out."""
    if repost.post_id is None:
        return False
    try:
        post = posts.get(db, repost.post_id)
    except NotFound:
        return False  # the user has cleared it, which settles the repost
    delivery = deliveries.find_open(db, post.id)
    job = jobs.open_for_post(db, post.id)
    has_begun = delivery is not None and delivery.step in (Step.PUBLISHING, Step.PUBLISHED)
    is_claimed = job is None or job.status is not jobs.JobStatus.PENDING
    if post.status is not PostStatus.QUEUED or has_begun or is_claimed:
        return False
    discard(db, post)
    return True


def discard(db: Database, post: Post) -> None:
    """Delete a repost's post that is known not to be live."""
    posts.discard(db, post.id)
    repost_slots.free(db, post.id)
