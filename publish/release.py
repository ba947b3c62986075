"""Taking posts out of the queue, and giving them a new time, in whatever state they are.

Nothing may be stuck: only a post that may be live right now is kept until that is known.
"""

from __future__ import annotations

from datetime import datetime

from ground.refusal import ErrorCode, Refusal
from publish import intake
from publish.rules import check_schedule, check_timezone
from storage import deliveries, jobs, posts
from storage.deliveries import Outcome, Step
from storage.posts import Post, PostStatus, SourceType
from storage.store import Database


def release(db: Database, post_id: str, now: datetime) -> Post:
    """Make a post that waits or has failed a draft again; raises `NotFound` and `Refusal`.

    One with an unknown outcome only when `Doubts` have settled that it is not live.
    """
    post = posts.get(db, post_id)
    if post.status in (PostStatus.DRAFT, PostStatus.PUBLISHED):
        raise Refusal(ErrorCode.INVALID_STATUS, f"There is nothing to release: it is {post.status}")
    if not jobs.cancel_for_post(db, post_id, now):
        raise Refusal(
            ErrorCode.INVALID_STATUS, "It is going out right now; wait until it has ended"
        )
    delivery = deliveries.find_open(db, post_id)
    if delivery is not None:
        if delivery.step in (Step.PUBLISHING, Step.PUBLISHED):
            raise Refusal(ErrorCode.INVALID_STATUS, "It may be live, and Instagram is being asked")
        deliveries.close(db, delivery.id, Outcome.WITHDRAWN, now)
    if deliveries.in_doubt(db, post_id) is not None:
        raise Refusal(ErrorCode.INVALID_STATUS, "It may be live, and Instagram has not been asked")
    return posts.change_status(
        db,
        post_id,
        PostStatus.DRAFT,
        now=now,
        reason="It was released",
        is_scheduled=False,
        scheduled_for=None,
        completed_at=None,
        error_code=None,
        error_message=None,
    )


def reschedule(
    db: Database, post_id: str, scheduled_for: datetime, timezone: str | None, now: datetime
) -> Post:
    """Give a post that is not live a new time, drafts and failed ones too.

    Raises `NotFound` and `Refusal`; the old time stands when it does.
    """
    post = posts.get(db, post_id)
    check_schedule(scheduled_for, now)
    check_timezone(timezone or post.timezone)
    if post.account_id is None:
        raise Refusal(ErrorCode.INVALID_STATUS, "Its account was disconnected")
    if post.error_code == ErrorCode.DELIVERY_UNKNOWN:
        raise Refusal(
            ErrorCode.INVALID_STATUS, "It may be live: retry or release it, which asks first"
        )
    if post.status is not PostStatus.DRAFT:
        release(db, post_id, now)
    intake.check_sendable(db, post)
    intake.check_route_of(db, post, now)
    changed = posts.change_status(
        db,
        post_id,
        PostStatus.SCHEDULED,
        now=now,
        source_type=SourceType.SCHEDULED,
        is_scheduled=True,
        scheduled_for=scheduled_for,
        timezone=timezone or post.timezone,
    )
    intake.queue(db, changed, scheduled_for, now)
    return changed


def swap(db: Database, post_id: str, other_id: str, now: datetime) -> tuple[Post, Post]:
    """Give two planned posts each other's times; both keep theirs where it raises `Refusal`."""
    post, other = posts.get(db, post_id), posts.get(db, other_id)
    if post.id == other.id:
        raise Refusal(ErrorCode.INVALID_STATUS, "A post swaps its time with another one")
    at, other_at = planned_for(post, now), planned_for(other, now)
    return (
        reschedule(db, post.id, other_at, None, now),
        reschedule(db, other.id, at, None, now),
    )


def planned_for(post: Post, now: datetime) -> datetime:
    """Return when a post is to go out that waits for that; raises `Refusal` for any other."""
    if post.status is not PostStatus.SCHEDULED or post.scheduled_for is None:
        raise Refusal(ErrorCode.INVALID_STATUS, f"Only planned posts swap: one is {post.status}")
    check_schedule(post.scheduled_for, now)
    return post.scheduled_for
