"""One post's journey to Instagram: exactly once, whatever crashes and whatever answer is lost.

Intent is committed before each outward step and its outcome after it. A delivery that may
have gone out is asked about, never repeated.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import trio

from instagram import errors
from publish.private_route import PrivateStoryRoute, Published
from publish.recognition import VISIBLE_FOR, Verdict
from publish.retry import Failure, Later, after
from storage import deliveries, jobs, media_files, posts
from storage.deliveries import Delivery, Outcome, RouteName, Step
from storage.jobs import Job, JobStatus
from storage.media_files import MediaFile
from storage.posts import MediaType, Post, PostStatus
from storage.store import Database, Store

logger = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
UNKNOWN_MESSAGE = (
    "Instagram's answer was lost, and your story does not tell whether this post is in it. "
    "Look at the account in the Instagram app before you retry"
)


class DeliveryUnknown(Exception):
    """Nobody can tell whether the post is live."""


class Deliverer:
    """Takes claimed jobs and brings their posts to an end, or puts them back for later."""

    def __init__(
        self,
        store: Store,
        route: PrivateStoryRoute,
        now: Callable[[], datetime],
        *,
        settle_s: float,
    ) -> None:
        """`settle_s`: how long after a lost answer its effect may still appear."""
        self._store = store
        self._route = route
        self._now = now
        self._settle = timedelta(seconds=settle_s)

    async def deliver(self, job: Job) -> None:
        """Work on a claimed job. Every end is recorded before this returns."""
        assert job.post_id is not None
        post, media = await self._store.write(_begin, job, self._now())
        try:
            failure = _impossible(post, media)
            if failure is not None:
                await self._fail(job, post, failure)
                return
            published = await self._publish_once(post, media[0])
        except DeliveryUnknown:
            failure = Failure("DELIVERY_UNKNOWN", UNKNOWN_MESSAGE)
            await self._fail(job, post, failure, Outcome.UNKNOWN)
        except errors.InstagramError as error:
            await self._react(job, post, error)
        else:
            await self._succeed(job, post, published)

    async def _publish_once(self, post: Post, media: MediaFile) -> Published:
        delivery = await self._store.write(
            deliveries.open_for, post.id, RouteName.PRIVATE, self._now()
        )
        if delivery.step is Step.PUBLISHING:
            found = await self._ask(post, media, delivery)
            if found is not None:
                return found
        post = await self._with_mentions(post)
        upload_id = delivery.upload_id
        if upload_id is None or delivery.step is Step.CREATED:
            # Chosen and committed before the bytes leave: it is how the story is recognised.
            upload_id = upload_id or str(time.time_ns() // 1_000_000)
            await self._advance(delivery, Step.CREATED, upload_id=upload_id)
            await self._route.upload(post, media, upload_id)
            delivery = await self._advance(delivery, Step.UPLOADED)
        before = await self._route.own_media(post)
        delivery = await self._store.write(_about_to_publish, delivery, before, self._now())
        try:
            return await self._route.publish(post, media, upload_id)
        except errors.Unavailable as lost:
            if not lost.maybe_applied:
                await self._advance(delivery, Step.UPLOADED)
                raise
            logger.warning("answer lost post=%s reason=%s", post.id, lost.reason)
            found = await self._ask(post, media, delivery)
            if found is None:
                raise errors.Unavailable(lost.reason) from lost
            return found
        except errors.RateLimited:
            raise  # seen with posts that were live all the same: the next attempt asks first
        except errors.InstagramError:
            # A refusal is an answer: nothing went out, and the next attempt need not ask.
            await self._advance(delivery, Step.UPLOADED)
            raise

    async def _with_mentions(self, post: Post) -> Post:
        resolved = await self._route.resolve_mentions(post)
        if resolved is None:
            return post
        return await self._store.write(
            posts.edit, post.id, now=self._now(), story_mentions=resolved
        )

    async def _ask(self, post: Post, media: MediaFile, delivery: Delivery) -> Published | None:
        """Return the post if it is live, None if it provably is not, and note the latter.

        Raises `DeliveryUnknown`, and `InstagramError`s when asking itself failed.
        """
        assert delivery.publishing_at is not None
        while True:
            now = self._now()
            if now - delivery.publishing_at > VISIBLE_FOR:
                raise DeliveryUnknown
            known = await self._store.read(
                posts.published_media_ids, post.instagram_account_id, now - timedelta(days=2)
            )
            seen = await self._route.look_for(post, media, delivery, known)
            if isinstance(seen, Published):
                logger.info("found live post=%s media=%s", post.id, seen.media_id)
                return seen
            if seen is Verdict.UNCLEAR:
                raise DeliveryUnknown
            if now - delivery.publishing_at >= self._settle:
                await self._advance(delivery, Step.UPLOADED)
                return None
            await trio.sleep(LOOK_AGAIN_S)

    async def _advance(self, delivery: Delivery, step: Step, **changes: object) -> Delivery:
        return await self._store.write(
            deliveries.advance, delivery.id, step, self._now(), **changes
        )

    async def _succeed(self, job: Job, post: Post, published: Published) -> None:
        # Shielded: the post is live, and a shutdown must not lose that.
        with trio.CancelScope(shield=True):
            await self._store.write(_published, job, post, published, self._now())
        logger.info("published post=%s media=%s", post.id, published.media_id)

    async def _react(self, job: Job, post: Post, error: errors.InstagramError) -> None:
        delivery = await self._store.read(deliveries.find_open, post.id)
        in_doubt = delivery is not None and delivery.step is Step.PUBLISHING
        match after(error, job, self._now(), in_doubt=in_doubt):
            case Later() as later:
                await self._store.write(_postponed, job, post, later, in_doubt, self._now())
                logger.warning(
                    "postponed post=%s until=%s reason=%s", post.id, later.run_at, later.reason
                )
            case Failure() as failure:
                await self._fail(job, post, failure)

    async def _fail(
        self, job: Job, post: Post, failure: Failure, outcome: Outcome = Outcome.REFUSED
    ) -> None:
        await self._store.write(_failed, job, post, failure, outcome, self._now())
        logger.warning("failed post=%s code=%s reason=%s", post.id, failure.code, failure.reason)


def _impossible(post: Post, media: list[MediaFile]) -> Failure | None:
    if post.account_id is None:
        return Failure("NOT_FOUND", "The account of this post was disconnected")
    if post.media_type is not MediaType.STORIES:
        return Failure(
            "PRIVATE_API_REQUIRED",
            f"{post.media_type} posts cannot be published by this version of Reprise yet; "
            "stories can",
        )
    if not media:
        return Failure("MEDIA_INVALID", "The media of this post was deleted")
    return None


def _begin(db: Database, job: Job, now: datetime) -> tuple[Post, list[MediaFile]]:
    assert job.post_id is not None
    post = posts.get(db, job.post_id)
    media = media_files.of_post(db, post.id)
    if post.status is not PostStatus.PUBLISHING:
        post = posts.change_status(
            db,
            post.id,
            PostStatus.PROCESSING,
            now=now,
            last_attempt_at=now,
            retry_count=post.retry_count + (1 if post.last_attempt_at else 0),
            published_via_private_api=True,
        )
    return post, media


def _about_to_publish(
    db: Database, delivery: Delivery, before: list[str], now: datetime
) -> Delivery:
    posts.change_status(db, delivery.post_id, PostStatus.PUBLISHING, now=now)
    return deliveries.advance(
        db, delivery.id, Step.PUBLISHING, now, own_media_before=before, publishing_at=now
    )


def _published(db: Database, job: Job, post: Post, published: Published, now: datetime) -> None:
    delivery = deliveries.find_open(db, post.id)
    assert delivery is not None
    deliveries.advance(db, delivery.id, Step.PUBLISHED, now)
    deliveries.close(db, delivery.id, Outcome.PUBLISHED, now)
    posts.change_status(
        db,
        post.id,
        PostStatus.PUBLISHED,
        now=now,
        ig_media_id=published.media_id,
        ig_permalink=published.permalink,
        published_at=now,
        error_code=None,
        error_message=None,
    )
    jobs.finish(db, job.id, JobStatus.COMPLETED, now)


def _postponed(
    db: Database, job: Job, post: Post, later: Later, in_doubt: bool, now: datetime
) -> None:
    # A post that may be live stays PUBLISHING: it is not queued, it is in doubt.
    status = PostStatus.PUBLISHING if in_doubt else PostStatus.QUEUED
    posts.change_status(
        db, post.id, status, now=now, reason=later.reason, error_message=later.reason
    )
    jobs.postpone(db, job.id, later.run_at, now, later.reason, counted=later.counted)


def _failed(
    db: Database, job: Job, post: Post, failure: Failure, outcome: Outcome, now: datetime
) -> None:
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
