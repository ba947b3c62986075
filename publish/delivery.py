"""Claimed jobs: an attempt is made for each, and whatever comes of it is recorded."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import assert_never

import trio

from ground import shortage
from ground.refusal import ErrorCode
from instagram import errors
from media.errors import MediaError, RenderFailed
from publish import states
from publish.asking import DeliveryUnknown
from publish.attempt import BeginAnew, DeliveryAttempt, TakenBack, Tools
from publish.beginning import Begun, begin
from publish.cross_post import CrossPoster
from publish.retry import SWITCH_AFTER, Failure, Later, after
from publish.states import UNKNOWN_MESSAGE, Impossible
from storage import deliveries, media_files, posts
from storage.deliveries import Outcome, Step
from storage.jobs import Job
from storage.posts import Post

logger = logging.getLogger(__name__)


class Deliverer:
    """Takes claimed jobs and brings their posts to an end, or puts them back for later."""

    def __init__(
        self,
        tools: Tools,
        cross_poster: CrossPoster,
        *,
        has_public_url: bool = False,
        spacing: timedelta,
    ) -> None:
        """`spacing` lies between two posts of an account."""
        self._tools = tools
        self._store = tools.store
        self._cross_poster = cross_poster
        self._clock = tools.clock
        self._begin = partial(
            begin,
            has_public_url=has_public_url,
            punctuality=tools.punctuality,
            held=tools.held,
            stands=tools.stands,
        )
        self._spacing = spacing

    async def deliver(self, job: Job) -> None:
        """Work on a claimed job. Every end is recorded before this returns."""
        begun = await self._store.write(self._begin, job, self._clock.now())
        if begun is None:
            logger.info("held or taken back post=%s", job.post_id)
            return
        post = begun.post
        if begun.delivery is None or (begun.failure is not None and not begun.in_doubt):
            assert begun.failure is not None
            await self._give_up(job, post, begun.failure)
            return
        try:
            await self._go_out(job, begun)
        except TakenBack:
            logger.info("taken back post=%s", post.id)
        except BeginAnew:
            await self._store.write(states.begun_anew, job, post, self._clock.now())
            logger.info("not live, begun anew post=%s", post.id)
        except Impossible as impossible:
            await self._give_up(job, post, impossible.failure)
        except DeliveryUnknown:
            self._tools.asker.forget(begun.delivery.id)
            failure = Failure(ErrorCode.DELIVERY_UNKNOWN, UNKNOWN_MESSAGE)
            await self._fail(job, post, failure, Outcome.UNKNOWN)
        except RenderFailed as error:
            # The child process was killed or ran out of time: nothing against the file.
            self._tools.preparation.check_room()
            await self._react(job, post, errors.Unreachable(error.reason))
        except MediaError as error:
            code = (
                ErrorCode.VIDEO_PROCESSING_FAILED
                if begun.media[0].is_video
                else ErrorCode.PROCESSING_FAILED
            )
            await self._give_up(job, post, Failure(code, error.reason))
        except errors.InstagramError as error:
            await self._react(job, post, error)

    async def break_off(self, job: Job) -> None:
        """End a job that a bug in `deliver` left open, so that nothing can go out twice.

        It has failed when nothing went out, and is `DELIVERY_UNKNOWN` when the post may be live.
        """
        await self._store.write(states.broken_off, job, self._clock.now())

    async def _go_out(self, job: Job, begun: Begun) -> None:
        attempt = DeliveryAttempt(self._tools, job, begun)
        record, post = attempt.record, begun.post
        logger.info(
            "delivering post=%s route=%s reason=%s", post.id, record.row.route, begun.reason
        )
        if record.step is not Step.PUBLISHED:
            published = await attempt.publish()
            # Shielded: the post is live, and a shutdown must not lose that.
            with trio.CancelScope(shield=True):
                record.row = await self._store.write(
                    states.went_out,
                    job,
                    record.row,
                    published,
                    self._clock.now(),
                    self._spacing,
                    attempt.found_by,
                )
            self._tools.asker.forget(record.row.id)
            logger.info("published post=%s media=%s", post.id, published.media_id)
        if record.row.outcome is not None:
            return
        await self._complete(attempt)
        await self._store.write(states.concluded, job, record.row, self._clock.now(), self._spacing)

    async def _complete(self, attempt: DeliveryAttempt) -> None:
        """Add what a live post still lacks; nothing here can fail or repeat it."""
        outgoing, record = attempt.outgoing, attempt.record
        post = await self._store.read(posts.get, outgoing.post.id)
        if post.ig_permalink is None and record.row.media_id is not None:
            permalink = await attempt.route.permalink(outgoing, record.row.media_id)
            await self._store.write(
                posts.edit, post.id, now=self._clock.now(), ig_permalink=permalink
            )
        if post.cross_post_to_facebook:
            step, changes = await self._cross_poster.post(post, record)
            await self._store.write(states.copied, record.row, step, self._clock.now(), **changes)

    async def _give_up(self, job: Job, post: Post, failure: Failure) -> None:
        await self._store.write(states.given_up, job, post, failure, self._clock.now())
        logger.warning("given up post=%s reason=%s", post.id, failure.reason)

    async def _react(self, job: Job, post: Post, error: errors.InstagramError) -> None:
        if isinstance(error, errors.Unreachable):
            shortage.check()  # what this machine lacks is no attempt: it is taken up again
        delivery = await self._store.read(deliveries.find_open, post.id)
        in_doubt = delivery is not None and delivery.step is Step.PUBLISHING
        now = self._clock.now()
        frees_at = await self._store.read(posts.quota_frees_at, post.instagram_account_id, now)
        media = await self._store.read(media_files.of_post, post.id)
        follows = after(
            error,
            job,
            now,
            in_doubt=in_doubt,
            quota_frees_at=frees_at,
            has_video=any(file.is_video for file in media),
        )
        if _has_been_patient(error, follows, job):
            failure = Failure(ErrorCode.SERVICE_UNAVAILABLE, error.reason)
            if await self._store.write(states.switched, job, post, failure, now):
                logger.info("switched route post=%s reason=%s", post.id, error.reason)
                return
        match follows:
            case Later() as later:
                await self._store.write(states.postponed, job, post, later, in_doubt, now)
                logger.warning(
                    "postponed post=%s until=%s reason=%s", post.id, later.run_at, later.reason
                )
            case Failure() as failure:
                if await self._store.write(states.switched, job, post, failure, now):
                    logger.info("switched route post=%s reason=%s", post.id, failure.reason)
                    return
                await self._fail(job, post, failure)
            case _:
                assert_never(follows)

    async def _fail(
        self, job: Job, post: Post, failure: Failure, outcome: Outcome = Outcome.REFUSED
    ) -> None:
        await self._store.write(states.failed, job, post, failure, outcome, self._clock.now())
        logger.warning("failed post=%s error=%s reason=%s", post.id, failure.code, failure.reason)


def _has_been_patient(error: errors.InstagramError, follows: Later | Failure, job: Job) -> bool:
    """Say whether a repost had better take its other route than wait any longer for this one."""
    if not isinstance(follows, Later) or not follows.counted:
        return False
    is_no = isinstance(error, (errors.MediaUnreachable, errors.Unexplained, errors.Gone))
    return is_no or job.attempts >= SWITCH_AFTER
