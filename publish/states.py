"""What a delivery's turns mean for its post, its job and the account's lane, each at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ground.hold import Hold
from ground.refusal import ErrorCode
from instagram import errors
from publish.choice import REPOSTS, wish_for
from publish.retry import Failure, Later
from publish.route import Published
from storage import (
    credentials,
    deliveries,
    jobs,
    lost,
    posts,
)
from storage.deliveries import Delivery, Outcome, PageStep, RouteName, Step
from storage.errors import NotFound, Unreadable
from storage.jobs import Job, JobStatus
from storage.posts import Post, PostStatus
from storage.repost_configs import PublishRoute
from storage.store import Database, part

UNKNOWN_MESSAGE = (
    "Instagram's answer was lost, and the account does not tell whether this post is live. "
    "Look at the account in the Instagram app before you retry"
)
NOW_PRIVATELY = "Now through the Private API, because the official one failed: {why}"
# Whether a post still stands as it was accepted; else it was taken back, and is gone.
Standing = Callable[[Database, Post, datetime], bool]
# What a post must wait for, or None.
Rails = Callable[[Database, Post, datetime], Hold | None]
DISCONNECTED = Failure(ErrorCode.NOT_FOUND, "The account of this post was disconnected")
BROKEN_MESSAGE = (
    "A bug in Reprise stopped this post before anything went out; the log says where. "
    "It can be retried"
)


class Impossible(Exception):
    """It is not live, and cannot go out any more."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


def about_to_publish(
    db: Database,
    delivery: Delivery,
    before: list[str] | None,
    now: datetime,
    *,
    their_time: datetime | None = None,
    stands: Standing,
    held: Rails,
) -> Delivery | None:
    """Commit that the post may be live from now on; None when it was taken back instead.

    `before` and `their_time` are what Instagram showed and what time it had just before. Raises
    `Impossible` when its account was disconnected, and `AccountOnHold` when something has come to
    hold it since it was begun.
    """
    post = posts.get(db, delivery.post_id)
    if post.account_id is None:
        raise Impossible(DISCONNECTED)
    if not stands(db, post, now):
        return None
    if (hold := held(db, post, now)) is not None:
        raise errors.AccountOnHold(hold)
    return intended(db, delivery, before, now, their_time=their_time)


def intended(
    db: Database,
    delivery: Delivery,
    before: list[str] | None,
    now: datetime,
    *,
    their_time: datetime | None = None,
) -> Delivery:
    """Commit that the post may be live, whatever was decided since."""
    posts.change_status(
        db,
        delivery.post_id,
        PostStatus.PUBLISHING,
        now=now,
        ig_container_id=delivery.container_id,
    )
    return deliveries.advance(
        db,
        delivery.id,
        Step.PUBLISHING,
        now,
        own_media_before=before,
        publishing_at=now,
        their_time=their_time,
    )


def live(
    db: Database,
    delivery: Delivery,
    published: Published,
    now: datetime,
    *,
    by: RouteName | None = None,
) -> Delivery:
    """Record that the post is live; what remains to be done cannot change that.

    It is shown as PUBLISHED together with its address and its copy on the Page, when `concluded`.
    `by`: the route whose id it has, if not the delivery's.
    """
    post = posts.get(db, delivery.post_id)
    is_whole = published.permalink is not None and not post.cross_post_to_facebook
    posts.change_status(
        db,
        delivery.post_id,
        PostStatus.PUBLISHED if is_whole else PostStatus.PUBLISHING,
        now=now,
        ig_media_id=published.media_id,
        ig_permalink=published.permalink,
        published_via_private_api=(by or delivery.route) is RouteName.PRIVATE,
        published_at=now,
        error_code=None,
        error_message=None,
    )
    return deliveries.advance(db, delivery.id, Step.PUBLISHED, now, media_id=published.media_id)


def went_out(
    db: Database,
    job: Job,
    delivery: Delivery,
    published: Published,
    now: datetime,
    spacing: timedelta,
    by: RouteName,
) -> Delivery:
    """Record that the post is live, and end its job where nothing remains to be done.

    Whoever hears that a post is PUBLISHED finds no job at work on it.
    """
    delivery = live(db, delivery, published, now, by=by)
    if posts.get(db, delivery.post_id).status is not PostStatus.PUBLISHED:
        return delivery
    concluded(db, job, delivery, now, spacing)
    ended = deliveries.find(db, delivery.id)
    assert ended is not None
    return ended


def copied(
    db: Database, /, delivery: Delivery, step: PageStep | None, now: datetime, **changes: Any
) -> None:
    """Record what became of the copy on the Page, and what the post says of it."""
    deliveries.advance(db, delivery.id, delivery.step, now, page_step=step)
    posts.edit(db, delivery.post_id, now=now, **changes)


def concluded(
    db: Database, job: Job, delivery: Delivery, now: datetime, spacing: timedelta
) -> None:
    """End the job of a post that is live; the account's next one waits for the spacing."""
    if posts.get(db, delivery.post_id).status is not PostStatus.PUBLISHED:
        posts.change_status(db, delivery.post_id, PostStatus.PUBLISHED, now=now)
    deliveries.close(db, delivery.id, Outcome.PUBLISHED, now)
    jobs.finish(db, job.id, JobStatus.COMPLETED, now)
    _free_lane(db, job, now, spacing)


def postponed(
    db: Database, job: Job, post: Post, later: Later, in_doubt: bool, now: datetime
) -> None:
    """Put the job back for later; one whose account is gone would wait forever, and ends."""
    if posts.get(db, post.id).account_id is None:
        given_up(db, job, post, DISCONNECTED, now)
        return
    # A post that may be live stays PUBLISHING: it is not queued, it is in doubt.
    status = PostStatus.PUBLISHING if in_doubt else PostStatus.QUEUED
    posts.change_status(
        db, post.id, status, now=now, reason=later.reason, error_message=later.reason
    )
    jobs.postpone(
        db,
        job.id,
        later.run_at,
        now,
        later.reason,
        counted=later.counted,
        is_setback=later.is_setback,
    )
    _free_lane(db, job, now)


def begun_anew(db: Database, job: Job, post: Post, now: datetime) -> None:
    """Put a post back that was asked about and is not live: its delivery is over."""
    delivery = deliveries.find_open(db, post.id)
    if delivery is not None:
        deliveries.close(db, delivery.id, Outcome.WITHDRAWN, now)
    postponed(db, job, post, Later(now, "It is not live: begun anew", counted=False), False, now)


def failed(
    db: Database, job: Job, post: Post, failure: Failure, outcome: Outcome, now: datetime
) -> None:
    """End the job and its post as FAILED."""
    if outcome is Outcome.REFUSED and posts.get(db, post.id).account_id is None:
        failure = DISCONNECTED
    delivery = deliveries.find_open(db, post.id)
    if delivery is not None:
        deliveries.close(db, delivery.id, outcome, now)
    posts.change_status(
        db,
        post.id,
        PostStatus.FAILED,
        now=now,
        reason=failure.reason,
        error_code=failure.code,
        error_message=failure.reason,
    )
    jobs.finish(db, job.id, JobStatus.FAILED, now, failure.reason)
    if failure.code != ErrorCode.SCHEDULE_MISSED:
        # What was missed kept no other waiting, and the next one may have been missed as well.
        _free_lane(db, job, now)


def switched(db: Database, job: Job, post: Post, failure: Failure, now: datetime) -> bool:
    """Let a repost that cannot go out by the official API take the private one, if it may.

    Only what provably did not go out, of an account whose route is `auto` and that has a login.
    """
    delivery = deliveries.find_open(db, post.id)
    if delivery is None or delivery.route is not RouteName.GRAPH or not may_switch(db, post):
        return False
    if delivery.step in (Step.PUBLISHING, Step.PUBLISHED):
        return False
    deliveries.close(db, delivery.id, Outcome.REFUSED, now)
    reason = NOW_PRIVATELY.format(why=failure.reason)
    posts.change_status(db, post.id, PostStatus.QUEUED, now=now, reason=reason)
    jobs.postpone(db, job.id, now, now, failure.reason, counted=False)
    _free_lane(db, job, now)
    return True


def may_switch(db: Database, post: Post) -> bool:
    """Say whether a post may take the private route where the official one fails."""
    if post.account_id is None or post.source_type not in REPOSTS:
        return False
    is_auto = wish_for(db, post, ()).route is PublishRoute.AUTO
    return is_auto and credentials.find(db, post.account_id) is not None


def given_up(db: Database, job: Job, post: Post, failure: Failure, now: datetime) -> None:
    """End a job that is not worked on: `failed`, or `DELIVERY_UNKNOWN` if it may be live."""
    delivery = deliveries.find_open(db, post.id)
    outcome = Outcome.REFUSED
    if delivery is not None and delivery.step is Step.PUBLISHING:
        # It may be live, and nobody has asked: whatever stops it now, that is what to say.
        failure, outcome = Failure(ErrorCode.DELIVERY_UNKNOWN, UNKNOWN_MESSAGE), Outcome.UNKNOWN
    failed(db, job, post, failure, outcome, now)


def broken_off(db: Database, job: Job, now: datetime) -> None:
    """End a job that a bug left open, so that nothing can go out twice.

    What stopped it may be a row that cannot be read.
    """
    try:
        with part(db):
            _broken_off(db, job, now)
    except Unreadable:
        lost.give_up(db, job.id, now)


def _broken_off(db: Database, job: Job, now: datetime) -> None:
    try:
        status = jobs.get(db, job.id).status
    except NotFound:
        return  # its post was deleted
    if status is not JobStatus.PROCESSING:
        return  # its end is on record; the bug came after it
    assert job.post_id is not None
    delivery = deliveries.find_open(db, job.post_id)
    if delivery is not None and delivery.step is Step.PUBLISHED:
        concluded(db, job, delivery, now, timedelta(0))
        return
    given_up(
        db, job, posts.get(db, job.post_id), Failure(ErrorCode.INTERNAL_ERROR, BROKEN_MESSAGE), now
    )


def _free_lane(db: Database, job: Job, now: datetime, spacing: timedelta = timedelta(0)) -> None:
    if job.account_id is not None:
        jobs.free_lane(db, job.account_id, now + spacing, now)
