"""Posts whose outcome nobody knows: Instagram is asked before they are anything but that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import trio

from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from instagram import errors
from publish import intake
from publish.asking import Asker, DeliveryUnknown
from publish.attempt import LOOK_AGAIN_S
from publish.choice import route_to_ask
from publish.recognition import Liveness
from publish.route import Outgoing
from publish.routes import Routes
from storage import account_sessions, deliveries, posts
from storage.deliveries import Delivery
from storage.posts import Post, PostStatus
from storage.store import Database, Store

# How often within an hour an account's posts in doubt are asked for by whoever wants to know: each
# time is several requests, and a program that asks again and again knows no end.
MOST_ASKED, _WITHIN = 12, timedelta(hours=1)
_ASKED = "doubts"


class Doubts:
    """Settles what became of posts that ended in `DELIVERY_UNKNOWN`."""

    def __init__(self, store: Store, routes: Routes, asker: Asker, clock: Clock) -> None:
        self._store = store
        self._routes = routes
        self._asker = asker
        self._clock = clock
        self._asking: WeakValueDictionary[str, trio.Lock] = WeakValueDictionary()

    async def settle(self, post_id: str) -> None:
        """Return when the post is not live, or was never in doubt; that takes up to a minute.

        One that is live is taken up, to be recorded as such; however many want to know, one asks.
        Raises `NotFound`, and `Refusal` where it is live, or Instagram does not tell.
        """
        async with self._asking.setdefault(post_id, trio.Lock()):
            await self._settle(post_id)

    async def _settle(self, post_id: str) -> None:
        post, sent = await self._store.read(_in_doubt, post_id)
        if sent is None:
            return
        if post.account_id is None:
            raise _may_be_live("its account was disconnected, so that nobody can be asked")
        route = self._routes.of(sent.route, post.media_type)
        within = self._clock.paced(_WITHIN)
        await self._store.write(_claim, post.account_id, within, self._clock.now())
        try:
            seen = await self._asker.ask(route, Outgoing(post, []), sent, apart_s=LOOK_AGAIN_S)
        except DeliveryUnknown:
            raise _may_be_live("Instagram does not tell") from None
        except errors.InstagramError as error:
            raise _may_be_live(f"Instagram was not asked: {error.reason}") from error
        if isinstance(seen, Liveness):
            await self._store.write(deliveries.settle_unknown, sent.id, self._clock.now())
            return
        await self._store.write(_take_up, post_id, sent.id, self._clock.now())
        raise Refusal(ErrorCode.INVALID_STATUS, "It is live; that is being recorded now")


def _claim(db: Database, account_id: str, within: timedelta, now: datetime) -> None:
    """Count that Instagram is asked for a person; raises `Refusal` after too many times."""
    times, first = account_sessions.uses_within(db, account_id, _ASKED, within, now)
    if times >= MOST_ASKED:
        again = f"{(first or now) + within:%H:%M} UTC"
        raise _may_be_live(f"Instagram was asked {times} times within an hour: again from {again}")
    account_sessions.count(db, account_id, _ASKED, now)


def _in_doubt(db: Database, post_id: str) -> tuple[Post, Delivery | None]:
    post, sent = posts.get(db, post_id), deliveries.in_doubt(db, post_id)
    if sent is None or post.status is not PostStatus.FAILED:
        return post, None
    if post.account_id is None:
        return post, sent
    return post, replace(sent, route=route_to_ask(db, sent, post.account_id))


def _take_up(db: Database, post_id: str, delivery_id: str, now: datetime) -> None:
    _, sent = _in_doubt(db, post_id)
    if sent is None or sent.id != delivery_id:
        return  # somebody else was faster
    deliveries.reopen(db, delivery_id, sent.route, now)
    post = posts.change_status(
        db,
        post_id,
        PostStatus.PUBLISHING,
        now=now,
        reason="It was found live",
        error_code=None,
        error_message=None,
        completed_at=None,
    )
    intake.queue(db, post, now, now)


def _may_be_live(why: str) -> Refusal:
    return Refusal(
        ErrorCode.INVALID_STATUS,
        f"It may be live, and {why}. Look at the account in the Instagram app: where it is not "
        "there, delete it here and make it anew",
    )
