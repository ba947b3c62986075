"""One post's journey to Instagram: exactly once, whatever crashes and whatever answer is lost.

Intent is committed before each outward step and its outcome after it. A delivery that may
have gone out is asked about, never repeated.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial

import trio

from ground import shortage
from ground.clock import Clock
from instagram import errors
from media.errors import MediaError, RenderFailed
from publish import states
from publish.asking import Asker, DeliveryUnknown
from publish.cross_post import CrossPoster
from publish.preparation import Preparation
from publish.recognition import Verdict
from publish.record import DeliveryRecord
from publish.retry import Failure, Later, after
from publish.route import Outgoing, Published, Route
from publish.routes import Routes
from publish.states import UNKNOWN_MESSAGE, Begun, MissedFor, Rails, Standing
from storage import deliveries, media_files, posts
from storage.deliveries import Delivery, Outcome, Step
from storage.jobs import Job
from storage.posts import Post
from storage.store import Store

logger = logging.getLogger(__name__)

# Between the two looks of which both have to find nothing, at least.
LOOK_AGAIN_S = 5.0
# "Not ready" that does not end belongs to a container that never will be.
_NOT_READY_TRIES = 3


# Answers after which the account is held: what became of the post is asked all the same, at once.
_HOLDING = (errors.AccountTrouble, errors.TokenExpired)


class TakenBack(Exception):
    """What was decided since keeps the post in; it is gone, and nothing went out."""


class Deliverer:
    """Takes claimed jobs and brings their posts to an end, or puts them back for later."""

    def __init__(
        self,
        store: Store,
        routes: Routes,
        preparation: Preparation,
        cross_poster: CrossPoster,
        clock: Clock,
        *,
        has_public_url: bool = False,
        settle_s: float,
        spacing: timedelta,
        missed_for: MissedFor,
        grace: timedelta,
        held: Rails = lambda *_: None,
        stands: Standing = lambda *_: True,
    ) -> None:
        """`settle_s`: how long after a lost answer its effect may still appear.

        `spacing` lies between two posts of an account; a job was missed when the daemon was not
        there for longer than `grace` since it could have run, of which `missed_for` tells. `held`
        says what the rails of reposts hold back, `stands` whether what a repost was decided under
        still holds.
        """
        self._store = store
        self._routes = routes
        self._preparation = preparation
        self._cross_poster = cross_poster
        self._clock = clock
        self._begin = partial(
            states.begin,
            has_public_url=has_public_url,
            missed_for=missed_for,
            grace=grace,
            held=held,
            stands=stands,
        )
        self._about_to_publish = partial(states.about_to_publish, stands=stands)
        self._asker = Asker(store, clock, settle_s=settle_s)
        self._spacing = spacing

    async def deliver(self, job: Job) -> None:
        """Work on a claimed job. Every end is recorded before this returns."""
        begun = await self._store.write(self._begin, job, self._clock.now())
        if begun is None:
            logger.info("held or taken back post=%s", job.post_id)
            return
        post = begun.post
        if begun.failure is not None:
            await self._store.write(states.given_up, job, post, begun.failure, self._clock.now())
            logger.warning("given up post=%s reason=%s", post.id, begun.failure.reason)
            return
        try:
            await self._go_out(job, begun)
        except TakenBack:
            logger.info("taken back post=%s", post.id)
        except DeliveryUnknown:
            assert begun.delivery is not None
            self._asker.forget(begun.delivery.id)
            failure = Failure("DELIVERY_UNKNOWN", UNKNOWN_MESSAGE)
            await self._fail(job, post, failure, Outcome.UNKNOWN)
        except RenderFailed as error:
            # The child process was killed or ran out of time: nothing against the file.
            self._preparation.check_room()
            await self._react(job, post, errors.Unavailable(error.reason))
        except MediaError as error:
            code = "VIDEO_PROCESSING_FAILED" if begun.media[0].is_video else "PROCESSING_FAILED"
            failure = Failure(code, error.reason)
            await self._store.write(states.given_up, job, post, failure, self._clock.now())
            logger.warning("failed post=%s error=%s reason=%s", post.id, code, error.reason)
        except errors.InstagramError as error:
            await self._react(job, post, error)

    async def break_off(self, job: Job) -> None:
        """End a job that a bug in `deliver` left open, so that nothing can go out twice.

        It has failed when nothing went out, and is `DELIVERY_UNKNOWN` when the post may be live.
        """
        await self._store.write(states.broken_off, job, self._clock.now())

    async def _go_out(self, job: Job, begun: Begun) -> None:
        assert begun.delivery is not None
        post = begun.post
        record = DeliveryRecord(self._store, begun.delivery, self._clock)
        route = self._routes.of(record.row.route, post.media_type)
        logger.info(
            "delivering post=%s route=%s reason=%s", post.id, record.row.route, begun.reason
        )
        outgoing = Outgoing(post, [])
        if record.step is not Step.PUBLISHED:
            outgoing = Outgoing(post, await self._preparation.fitted(post, begun.media))
            published = await self._publish_once(job, route, outgoing, record)
            # Shielded: the post is live, and a shutdown must not lose that.
            with trio.CancelScope(shield=True):
                record.row = await self._store.write(
                    states.live, record.row, published, self._clock.now()
                )
            self._asker.forget(record.row.id)
            logger.info("published post=%s media=%s", post.id, published.media_id)
        await self._complete(route, outgoing, record)
        await self._store.write(states.concluded, job, record.row, self._clock.now(), self._spacing)

    async def _publish_once(
        self, job: Job, route: Route, outgoing: Outgoing, record: DeliveryRecord
    ) -> Published:
        if record.step is Step.PUBLISHING:
            found = await self._asker.ask(route, outgoing, record, apart_s=LOOK_AGAIN_S)
            if found is not None:
                return found
        outgoing = await self._with_people(route, outgoing)
        if record.step is Step.UPLOADED and record.row.publishing_at is not None:
            # It was sent before, in vain as it seemed: what came of it so late is not repeated.
            seen = await self._asker.look(route, outgoing, record.row)
            if isinstance(seen, Published):
                return seen
            if seen is Verdict.UNCLEAR:
                raise DeliveryUnknown
            if seen is Verdict.OVER:
                await record.start_over()
        if record.step is Step.CREATED:
            await self._make_ready(job, route, outgoing, record)
        try:
            return await self._go_live(job, route, outgoing, record)
        except errors.SessionExpired:
            if record.step is Step.PUBLISHING:
                raise
        # Nothing went out, and the session has been renewed where that is allowed: once more.
        return await self._go_live(job, route, outgoing, record)

    async def _go_live(
        self, job: Job, route: Route, outgoing: Outgoing, record: DeliveryRecord
    ) -> Published:
        before = await route.own_media(outgoing)
        row = await self._store.write(self._about_to_publish, record.row, before, self._clock.now())
        if row is None:
            raise TakenBack
        record.row = row
        answer = await self._send(route, outgoing, record)
        for wait_s in route.not_ready_waits_s:
            if not isinstance(answer, errors.NotReady):
                break
            await trio.sleep(wait_s)
            seen = await self._asker.look(route, outgoing, record.row)
            if isinstance(seen, Published):
                return seen
            if seen is not Verdict.ABSENT:
                break
            answer = await self._send(route, outgoing, record)
            if isinstance(answer, errors.InstagramError):
                answer.maybe_applied = True  # "not ready" may have been untrue
        if isinstance(answer, Published):
            return answer
        # Outside of any `except`: what is asked now has errors of its own.
        return await self._what_became_of_it(job, route, outgoing, record, answer)

    async def _send(
        self, route: Route, outgoing: Outgoing, record: DeliveryRecord
    ) -> Published | errors.InstagramError:
        """Send the one request that makes it live; returns what was answered, errors too."""
        row = record.row
        self._asker.is_sent(row.id)
        try:
            answer: Published | errors.InstagramError = await route.publish(outgoing, row)
        except errors.InstagramError as error:
            answer = error
        if isinstance(answer, Published) and not _can_be_new(answer, row):
            reason = "Instagram answered with a post that cannot be this one"
            answer = errors.Unavailable(reason, maybe_applied=True)
        self._asker.is_lost(row.id)
        return answer

    async def _what_became_of_it(
        self,
        job: Job,
        route: Route,
        outgoing: Outgoing,
        record: DeliveryRecord,
        error: errors.InstagramError,
    ) -> Published:
        """Return the post if it is live in spite of `error`; raises that when nothing went out.

        A refusal is asked about as a lost answer is: refusals have come with posts that were live.
        """
        if not error.maybe_applied:
            await record.advance(Step.UPLOADED)
            self._asker.forget(record.row.id)
            raise error
        logger.warning("in doubt post=%s reason=%s", outgoing.post.id, error.reason)
        if isinstance(error, errors.RateLimited):
            raise error  # the next attempt asks, when there may be requests again
        insists = isinstance(error, _HOLDING)
        found, failure = await self._asked(route, outgoing, record, insists=insists)
        if failure is not None:
            raise (error if insists else failure)
        if found is not None:
            return found
        gives_up = isinstance(error, errors.NotReady) and job.attempts >= _NOT_READY_TRIES
        if (gives_up or isinstance(error, errors.ContainerLost)) and record.step is Step.UPLOADED:
            await record.start_over()
        raise error

    async def _asked(
        self, route: Route, outgoing: Outgoing, record: DeliveryRecord, *, insists: bool
    ) -> tuple[Published | None, errors.InstagramError | None]:
        ask = self._asker.ask
        try:
            found = await ask(route, outgoing, record, apart_s=LOOK_AGAIN_S, insists=insists)
            return found, None
        except errors.InstagramError as failure:
            return None, failure

    async def _make_ready(
        self, job: Job, route: Route, outgoing: Outgoing, record: DeliveryRecord
    ) -> None:
        sent = [{"path": file.stored_path, "mime": file.mime_type} for file in outgoing.files]
        await record.advance(Step.CREATED, files=sent)
        try:
            await route.make_ready(outgoing, record)
        except errors.ContainerLost:
            await record.start_over()
            raise
        except errors.NotReady:
            if job.attempts >= _NOT_READY_TRIES:
                await record.start_over()
            raise
        except errors.Unavailable as unready:
            if unready.maybe_applied:
                # It is live already, whatever was decided since.
                settle = partial(states.about_to_publish, stands=lambda *_: True)
                before = record.row.own_media_before
                row = await self._store.write(settle, record.row, before, self._clock.now())
                assert row is not None
                record.row = row
            raise
        await record.advance(Step.UPLOADED)

    async def _with_people(self, route: Route, outgoing: Outgoing) -> Outgoing:
        resolved = await route.resolve_people(outgoing.post)
        if not resolved:
            return outgoing
        post = await self._store.write(
            posts.edit, outgoing.post.id, now=self._clock.now(), **resolved
        )
        return replace(outgoing, post=post)

    async def _complete(self, route: Route, outgoing: Outgoing, record: DeliveryRecord) -> None:
        """Add what a live post still lacks; nothing here can fail or repeat it."""
        post = await self._store.read(posts.get, outgoing.post.id)
        if post.ig_permalink is None and record.row.media_id is not None:
            permalink = await route.permalink(outgoing, record.row.media_id)
            await self._store.write(
                posts.edit, post.id, now=self._clock.now(), ig_permalink=permalink
            )
        if post.cross_post_to_facebook:
            step, changes = await self._cross_poster.post(post, record)
            await self._store.write(states.copied, record.row, step, self._clock.now(), **changes)

    async def _react(self, job: Job, post: Post, error: errors.InstagramError) -> None:
        if isinstance(error, errors.Unavailable):
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

    async def _fail(
        self, job: Job, post: Post, failure: Failure, outcome: Outcome = Outcome.REFUSED
    ) -> None:
        await self._store.write(states.failed, job, post, failure, outcome, self._clock.now())
        logger.warning("failed post=%s error=%s reason=%s", post.id, failure.code, failure.reason)


def _can_be_new(answer: Published, row: Delivery) -> bool:
    """Whether the id that was answered may be that of what was just sent."""
    if answer.media_id is None:
        return True
    return bool(answer.media_id.strip("0")) and answer.media_id not in (row.own_media_before or ())
