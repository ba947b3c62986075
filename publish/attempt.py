"""One attempt to bring one post out: exactly once, whatever crashes and whatever answer is lost.

Intent is committed before each outward step and its outcome after it. A delivery that may
have gone out is asked about, never repeated.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

import trio

from ground.clock import Clock
from ground.hold import Hold
from ground.refusal import ErrorCode
from instagram import errors
from publish import states
from publish.asking import HOLDING, Asker, DeliveryUnknown
from publish.beginning import Begun
from publish.preparation import Preparation
from publish.punctuality import Punctuality
from publish.recognition import Liveness
from publish.record import DeliveryRecord
from publish.retry import Failure
from publish.route import Outgoing, Published
from publish.routes import Routes
from publish.states import Impossible, Rails, Standing
from storage import deliveries, posts
from storage.deliveries import Delivery, Step
from storage.jobs import Job
from storage.store import Store

logger = logging.getLogger(__name__)

# Between the two looks of which both have to find nothing, at least.
LOOK_AGAIN_S = 5.0
# "Not ready" that does not end belongs to a container that never will be.
_NOT_READY_TRIES = 3
# Who cannot be asked with what the account has now.
_CANNOT_ASK = (errors.NotLoggedIn, errors.TokenExpired, errors.Refused, errors.Gone)


class TakenBack(Exception):
    """What was decided since keeps the post in; it is gone, and nothing went out."""


class BeginAnew(Exception):
    """It is not live, and what is to go out now is not what this delivery was opened for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every attempt works with."""

    store: Store
    routes: Routes
    preparation: Preparation
    asker: Asker
    clock: Clock
    stands: Standing
    held: Rails
    punctuality: Punctuality


class DeliveryAttempt:
    """A claimed job's post on its way."""

    def __init__(self, tools: Tools, job: Job, begun: Begun) -> None:
        assert begun.delivery is not None
        self._tools = tools
        self._store = tools.store
        self._asker = tools.asker
        self._job = job
        self._begun = begun
        self.outgoing = Outgoing(begun.post, [])
        self.record = DeliveryRecord(tools.store, begun.delivery, tools.clock)
        # By which it is sent; where an earlier attempt is found live, the one that has found it.
        self.found_by = self.record.row.route
        self.route = tools.routes.of(self.found_by, begun.post.media_type)

    async def publish(self) -> Published:
        """Make the post live, or find it live.

        Raises `TakenBack`, `BeginAnew`, `Impossible`, `DeliveryUnknown`, `MediaError`s and
        `InstagramError`s.
        """
        if self.record.step is Step.PUBLISHING:
            found = await self._ask()
        else:
            found = await self._came_late()
        if found is not None:
            return found
        if self._begun.failure is not None:
            raise Impossible(self._begun.failure)
        await self._be_punctual()
        await self._fit()
        if self.record.step is Step.CREATED:
            await self._make_ready()
        try:
            return await self._go_live()
        except errors.SessionExpired:
            if self.record.step is Step.PUBLISHING:
                raise
        # Nothing went out, and the session has been renewed where that is allowed: once more.
        return await self._go_live()

    async def _ask(self, *, insists: bool = False) -> Published | None:
        """Return the post if it is live, None if it provably is not, and note the latter.

        Raises `BeginAnew` and what `Asker.ask` does.
        """
        record = self.record
        seen = await self._asker.ask(
            self.route, self.outgoing, record.row, apart_s=LOOK_AGAIN_S, insists=insists
        )
        if isinstance(seen, Published):
            return seen
        self._asker.forget(record.row.id)
        is_outdated = record.row.content not in (None, self._begun.content)
        if is_outdated or not record.row.is_named:
            raise BeginAnew
        if seen is Liveness.OVER:
            await record.start_over()
        else:
            await record.advance(Step.UPLOADED if record.row.is_prepared else Step.CREATED)
        return None

    async def _came_late(self) -> Published | None:
        """Look once more for what was sent in vain as it seemed: what came of it so late is it."""
        for sent in await self._store.read(deliveries.sent_of, self._begun.post.id):
            seen: Published | Liveness | None
            if sent.id == self.record.row.id:
                seen = await self._asker.look(self.route, self.outgoing, sent)
                if seen is Liveness.UNCLEAR:
                    raise DeliveryUnknown
                if seen is Liveness.OVER:
                    await self.record.start_over()
            else:
                seen = await self._look_at_earlier(sent)
            if isinstance(seen, Published):
                return seen
        return None

    async def _look_at_earlier(self, sent: Delivery) -> Published | None:
        """Look for what an attempt that was closed has sent; its absence was proved then."""
        route = self._tools.routes.of(sent.route, self._begun.post.media_type)
        try:
            seen = await self._asker.look(route, self.outgoing, sent)
        except _CANNOT_ASK as error:
            logger.info("not asked post=%s reason=%s", sent.post_id, error.reason)
            return None
        if not isinstance(seen, Published):
            return None
        if sent.content not in (None, self._begun.content):
            where = f" ({seen.permalink})" if seen.permalink else ""
            reason = f"It is live as it was before it was edited{where}: look at the account"
            raise Impossible(Failure(ErrorCode.DELIVERY_UNKNOWN, reason))
        self.found_by, self.route = sent.route, route
        return seen

    async def _be_punctual(self) -> None:
        """See that its time has come and is not past, by Instagram's clock.

        Raises `AccountOnHold` and `Impossible`. It is asked where that decides, which is one look.
        """
        is_unsure = self._begun.post.is_scheduled and self._tools.punctuality.their_time() is None
        if not is_unsure and await self._untimely() is None:
            return
        await self.route.own_media(self.outgoing)  # whatever it answers, it says what time it is
        wrong = await self._untimely()
        if isinstance(wrong, Hold):
            raise errors.AccountOnHold(wrong)
        if wrong is not None:
            raise Impossible(wrong)

    async def _untimely(self) -> Hold | Failure | None:
        punctuality, now = self._tools.punctuality, self._tools.clock.now()
        post = self._begun.post
        if (hold := punctuality.too_early(post, now)) is not None:
            return hold
        if self._begun.in_doubt:
            return None  # what may be live is asked about, and then sent, however late it is
        judge = partial(punctuality.too_late, for_sure=True)
        return await self._store.read(judge, self._job, post, now)

    async def _fit(self) -> None:
        post = self._begun.post
        files = await self._tools.preparation.fitted(post, self._begun.media)
        resolved = await self.route.resolve_people(post)
        if resolved:
            now = self._tools.clock.now()
            post = await self._store.write(posts.edit, post.id, now=now, **resolved)
        self.outgoing = Outgoing(post, files)

    async def _make_ready(self) -> None:
        record = self.record
        sent = [{"path": one.stored_path, "mime": one.mime_type} for one in self.outgoing.files]
        await record.advance(Step.CREATED, files=sent)
        try:
            await self.route.make_ready(self.outgoing, record)
        except errors.ContainerLost:
            await record.start_over()
            raise
        except errors.NotReady:
            if self._job.attempts >= _NOT_READY_TRIES:
                await record.start_over()
            raise
        except errors.Unreachable as unready:
            if unready.maybe_applied:
                # It is live already, whatever was decided since.
                intend = partial(states.intended, their_time=self.route.their_time())
                now, before = self._tools.clock.now(), record.row.own_media_before
                record.row = await self._store.write(intend, record.row, before, now)
            raise
        await record.advance(Step.UPLOADED)

    async def _intend(self, before: list[str] | None) -> None:
        """Commit that the post may be live from now on.

        Raises `TakenBack`, `Impossible` and `AccountOnHold`: what was decided meanwhile holds.
        """
        commit = partial(
            states.about_to_publish,
            their_time=self.route.their_time(),
            stands=self._tools.stands,
            held=self._tools.held,
        )
        row = await self._store.write(commit, self.record.row, before, self._tools.clock.now())
        if row is None:
            raise TakenBack
        self.record.row = row

    async def _go_live(self) -> Published:
        before = await self.route.own_media(self.outgoing)
        await self._intend(before)
        answer = await self._send()
        for wait_s in self.route.not_ready_waits_s:
            if not isinstance(answer, errors.NotReady):
                break
            await trio.sleep(wait_s)
            seen = await self._asker.look(self.route, self.outgoing, self.record.row)
            if isinstance(seen, Published):
                return seen
            if seen is not Liveness.ABSENT:
                break
            answer = await self._send()
            if isinstance(answer, errors.InstagramError):
                answer.maybe_applied = True  # "not ready" may have been untrue
        if isinstance(answer, Published):
            return answer
        # Outside of any `except`: what is asked now has errors of its own.
        return await self._what_became_of_it(answer)

    async def _send(self) -> Published | errors.InstagramError:
        """Send the one request that makes it live; returns what was answered, errors too."""
        row = self.record.row
        self._asker.is_sent(row.id)
        try:
            answer: Published | errors.InstagramError
            answer = await self.route.publish(self.outgoing, row)
        except errors.InstagramError as error:
            answer = error
        if isinstance(answer, Published) and not _can_be_new(answer, row):
            reason = "Instagram answered with a post that cannot be this one"
            answer = errors.Unreachable(reason, maybe_applied=True)
        self._asker.is_lost(row.id)
        return answer

    async def _what_became_of_it(self, error: errors.InstagramError) -> Published:
        """Return the post if it is live in spite of `error`; raises that when nothing went out.

        A refusal is asked about as a lost answer is: refusals have come with posts that were live.
        """
        record = self.record
        if not error.maybe_applied:
            await record.advance(Step.UPLOADED)
            self._asker.forget(record.row.id)
            raise error
        logger.warning("in doubt post=%s reason=%s", self._begun.post.id, error.reason)
        if isinstance(error, errors.RateLimited):
            raise error  # the next attempt asks, when there may be requests again
        insists = isinstance(error, HOLDING)
        unasked: errors.InstagramError | None = None
        try:
            found = await self._ask(insists=insists)
        except errors.InstagramError as failure:
            unasked = failure
        if unasked is not None:
            raise (error if insists else unasked)
        if found is not None:
            return found
        gives_up = isinstance(error, errors.NotReady) and self._job.attempts >= _NOT_READY_TRIES
        if (gives_up or isinstance(error, errors.ContainerLost)) and record.step is Step.UPLOADED:
            await record.start_over()
        raise error


def _can_be_new(answer: Published, row: Delivery) -> bool:
    """Whether the id that was answered may be that of what was just sent."""
    if answer.media_id is None:
        return True
    return bool(answer.media_id.strip("0")) and answer.media_id not in (row.own_media_before or ())
