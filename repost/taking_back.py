"""Taking back what was handed over to publishing, while it has not begun to go out."""

from __future__ import annotations

from datetime import datetime

from storage import deliveries, jobs, posts, repost_slots, reposts
from storage.deliveries import Step
from storage.errors import NotFound
from storage.posts import Post, PostStatus
from storage.reposts import Repost, RepostStatus
from storage.store import Database

REASON = "It was taken back before it went out"


def take_back(db: Database, account_id: str, now: datetime) -> None:
    """Take an account's reposts back from the queue, so that they are decided about anew.

    Whatever is going out at this moment, or may be live already, goes on.
    """
    for repost in reposts.handed_over(db, account_id):
        if withdraw(db, repost):
            reposts.change(db, repost.id, RepostStatus.QUEUED, now=now, reason=REASON, post_id=None)


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
