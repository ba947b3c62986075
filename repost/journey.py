"""A mention's way from sight to repost: download at once, decide, hand over to publishing.

Each step is a file of its own; this one has them in order.
"""

from __future__ import annotations

from datetime import datetime

from ground.clock import Clock
from instagram import errors
from instagram.private.api import PrivateApi
from repost import guard, stumbles
from repost.deciding import Decider
from repost.fetching import Fetcher
from repost.handover import HandOver, settle, stumbled
from repost.own_feed import OwnFeed
from repost.planning import Stays
from repost.stumbles import Stumbles
from repost.terms import weights_of
from storage import repost_lists, reposts
from storage.files import MediaFolder
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostStatus
from storage.store import Database, Store


class Journey:
    """Moves the mentions of one account on, as far as Instagram and the rails allow."""

    def __init__(
        self,
        store: Store,
        folder: MediaFolder,
        clock: Clock,
        stays: Stays | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._fetcher = Fetcher(store, folder, clock)
        self._own_feed = OwnFeed(store, clock)
        self._stumbles = Stumbles()
        # By which settings and lists all mentions of an account were looked at last.
        self._weighed: dict[str, str] = {}
        self._decider = Decider(store, clock)
        self._hand_over = HandOver(store, folder, clock, stays)

    async def advance(self, api: PrivateApi, config: RepostConfig) -> datetime | None:
        """Move every mention on that can move; returns when something is due that no row tells.

        Raises `InstagramError`s that concern the whole account; the mentions keep their state.
        """
        again: list[datetime] = []
        trouble: errors.InstagramError | None = None
        try:
            again += await self._take_in(api, config.account_id)
        except errors.InstagramError as error:
            # What is here already may go out another way: the official API.
            trouble = error
        moved = await self._move_all(api, config.account_id, again)
        if (trouble := trouble or moved) is not None:
            raise trouble
        return min(again, default=None)

    async def _move_all(
        self, api: PrivateApi, account_id: str, again: list[datetime]
    ) -> errors.InstagramError | None:
        """Move what may move; returns the account's trouble that was met, None without.

        To `again` go the times at which those may go on that rest after an error.

        Thousands may wait. Each of them is looked at anew where what decides about all has changed;
        else those that time moves, and of the queue as many as the rails let out.
        """
        trouble: errors.InstagramError | None = None
        weighed = await self._store.read(weights_of, account_id)
        is_held = await self._hold_queue(account_id)
        movable = await self._store.read(self._movable, account_id, weighed, is_held)
        for repost in await self._decider.decide_waiting(movable):
            if repost.status is RepostStatus.QUEUED and not is_held:
                is_held = await self._hold_queue(account_id)
            if is_held and self._only_waits(repost, weighed):
                continue
            if (rests := self._stumbles.rests_until(repost.id, self._clock.now())) is not None:
                again.append(rests)
                continue
            try:
                await self._move(api, repost)
            except errors.InstagramError as error:
                trouble = trouble or error
                if not isinstance(error, errors.AccountOnHold):
                    return trouble  # the account's, and news: nobody asks on
        self._weighed[account_id] = weighed
        return trouble

    def _movable(self, db: Database, account_id: str, weighed: str, is_held: bool) -> list[Repost]:
        if self._weighed.get(account_id) != weighed:
            return repost_lists.open_of(db, account_id)
        stale_before = self._clock.now() - guard.MAX_HELD
        return repost_lists.movable(
            db, account_id, stale_before=stale_before, with_queued=not is_held
        )

    def _only_waits(self, repost: Repost, weighed: str) -> bool:
        """Say whether a mention is queued, and is nothing to look at while the queue is held."""
        return (
            repost.status is RepostStatus.QUEUED
            and self._weighed.get(repost.account_id) == weighed
            and self._clock.now() <= repost.mentioned_at + guard.MAX_HELD
        )

    async def _hold_queue(self, account_id: str) -> bool:
        """Let all that is queued say which rail holds it; False where one may go out, or to the
        cloud with its time."""
        now = self._clock.now()
        held, has_time = await self._store.read(self._hand_over.queue_waits, account_id, now)
        if held is None or has_time:
            return False
        await self._store.write(reposts.hold, account_id, RepostStatus.QUEUED, held, now)
        return True

    async def _take_in(self, api: PrivateApi, account_id: str) -> list[datetime]:
        """Download what was found; returns when the account's own feed is to be read again."""
        await self._fetcher.fetch_all(api, account_id)
        scanned = await self._own_feed.scan(api, account_id)
        if scanned.found:
            await self._fetcher.fetch_all(api, account_id)
        return [scanned.due] if scanned.due else []

    async def _move(self, api: PrivateApi, repost: Repost) -> Repost:
        """Move one mention on; an error that is its own lets it rest, and the others go on."""
        try:
            moved = repost
            if repost.status is not RepostStatus.DETECTED:
                moved = await self._decider.decide(api, repost)
            if moved.status is RepostStatus.QUEUED and moved.post_id is None:
                moved = await self._hand_over.send(moved)
        except Exception as error:
            if not stumbles.is_of_one(error):
                raise
            stumbles.tell(repost, error)
            until = self._stumbles.note(repost.id, error, self._clock.now())
            return await self._store.write(stumbled, repost.id, error, until, self._clock.now())
        self._stumbles.forget(repost.id)
        return moved

    async def settle(self, account_id: str) -> None:
        """Take over the outcome of posts that the publish engine has finished with."""
        await self._store.write(settle, account_id, self._clock.now())
