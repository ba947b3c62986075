"""Asking what became of a post that may be live: the only thing that settles it.

A lost answer and a refusal are alike here. How long an effect may still take to show counts from
the moment the answer was lost, on the monotonic clock, and after a restart from the restart: the
wall clock may have been set meanwhile.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import trio

from ground.clock import Clock
from instagram import errors
from publish.recognition import CLOCK_SLACK, Liveness
from publish.route import Outgoing, Published, Route
from storage import posts
from storage.deliveries import Delivery
from storage.store import Store

logger = logging.getLogger(__name__)


# Answers after which the account is held: what became of it is asked all the same, at once.
HOLDING = (errors.AccountTrouble, errors.TokenExpired, errors.LoginFailed)


class DeliveryUnknown(Exception):
    """Nobody can tell whether the post is live."""


class Asker:
    """Asks the routes about deliveries in doubt, and knows since when each is."""

    def __init__(self, store: Store, clock: Clock, *, settle_s: float) -> None:
        """`settle_s`: how long after a lost answer its effect may still appear."""
        self._store = store
        self._clock = clock
        self._settle_s = settle_s
        self._lost_at: dict[str, float] = {}  # by delivery, on the monotonic clock
        self._sent_at: dict[str, float] = {}  # those that this process has sent

    def is_sent(self, delivery_id: str) -> None:
        """Note that the request leaves now."""
        self._sent_at[delivery_id] = self._clock.monotonic()
        self._lost_at.pop(delivery_id, None)

    def is_lost(self, delivery_id: str) -> None:
        """Note that its answer was lost now, or was a refusal."""
        self._lost_at[delivery_id] = self._clock.monotonic()

    def forget(self, delivery_id: str) -> None:
        """Let go of a delivery that is in doubt no more."""
        self._sent_at.pop(delivery_id, None)
        self._lost_at.pop(delivery_id, None)

    async def ask(
        self,
        route: Route,
        outgoing: Outgoing,
        sent: Delivery,
        *,
        apart_s: float,
        insists: bool = False,
    ) -> Published | Liveness:
        """Return the post if it is live, else ABSENT or OVER: it provably is not.

        Absence is believed after two looks `apart_s`, the last when its effect must have shown.
        With `insists` there are no more than that. Raises `DeliveryUnknown`, and
        `InstagramError`s when asking itself failed.
        """
        lost_at = self._lost_at.setdefault(sent.id, self._clock.monotonic())
        gap = apart = min(apart_s, self._settle_s)
        until = max(lost_at + self._settle_s, self._clock.monotonic() + apart)
        absent_since: float | None = None
        while True:
            seen = await self._look_in_time(route, outgoing, sent, insists=insists)
            now = self._clock.monotonic()
            if isinstance(seen, Published) and (seen.media_id is not None or now >= until):
                logger.info("found live post=%s media=%s", outgoing.post.id, seen.media_id)
                return seen
            if isinstance(seen, Published) or seen is Liveness.UNCLEAR:
                absent_since = None
                if seen is Liveness.UNCLEAR and now >= until:
                    raise DeliveryUnknown
            elif absent_since is None:
                absent_since = now
                until = max(until, now + apart)
            elif now >= until:
                return seen
            await trio.sleep(max(0.0, until - now if insists else min(gap, until - now)))
            gap *= 2

    async def look(
        self, route: Route, outgoing: Outgoing, delivery: Delivery, *, insists: bool = False
    ) -> Published | Liveness:
        """Look once; raises `InstagramError`s."""
        account_id = outgoing.account_id
        known = await self._store.read(posts.published_media_ids, account_id)
        return await route.look_for(outgoing, delivery, known, insists=insists)

    async def _look_in_time(
        self, route: Route, outgoing: Outgoing, sent: Delivery, *, insists: bool
    ) -> Published | Liveness:
        try:
            seen = await self.look(route, outgoing, sent, insists=insists)
        except errors.InstagramError as error:
            if self._age(route, sent) <= route.answers_for:
                raise
            if (
                isinstance(error, errors.AccountOnHold)
                and error.hold.until
                and route.shown_for is None
            ):
                raise  # it can be asked when the pause is over
            raise DeliveryUnknown from error
        if seen is Liveness.ABSENT and route.shown_for is not None:
            is_dark = self._has_lost_time(route, sent) or self._age(route, sent) > route.shown_for
            return Liveness.UNCLEAR if is_dark else seen
        return seen

    def _age(self, route: Route, delivery: Delivery) -> timedelta:
        """Return how long ago it was sent, by whichever clock says longer.

        The monotonic one stands still in a suspended machine, the wall clock may be set back.
        """
        assert delivery.publishing_at is not None
        known_since = self._sent_at.get(delivery.id, self._lost_at.get(delivery.id))
        passed = 0.0 if known_since is None else self._clock.monotonic() - known_since
        ours = max(self._clock.now() - delivery.publishing_at, timedelta(seconds=passed))
        theirs = _age_by_theirs(route, delivery)
        return ours if theirs is None else max(ours, theirs)

    def _has_lost_time(self, route: Route, delivery: Delivery) -> bool:
        """Whether nobody knows when it was sent: another process did, and the clock went back."""
        assert delivery.publishing_at is not None
        if delivery.id in self._sent_at or _age_by_theirs(route, delivery) is not None:
            return False
        return self._clock.now() < delivery.publishing_at - CLOCK_SLACK


def _age_by_theirs(route: Route, delivery: Delivery) -> timedelta | None:
    """Return how long ago it was sent by Instagram's own clock, None where that does not tell."""
    theirs = route.their_time()
    if theirs is None or delivery.their_time is None:
        return None
    age = theirs - delivery.their_time
    return age if age >= -CLOCK_SLACK else None
