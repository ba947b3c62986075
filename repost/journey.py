"""A mention's way from sight to repost: download at once, decide, hand over to publishing.

Each step is a file of its own; this one has them in order.
"""

from __future__ import annotations

from datetime import datetime

from ground.clock import Clock
from instagram import errors
from instagram.private.api import PrivateApi
from repost import stumbles
from repost.deciding import Decider
from repost.fetching import Fetcher
from repost.handover import HandOver, settle, stumbled
from repost.own_feed import OwnFeed
from repost.stumbles import Stumbles
from storage import reposts
from storage.files import MediaFolder
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostStatus
from storage.store import Store


class Journey:
    """Moves the mentions of one account on, as far as Instagram and the rails allow."""

    def __init__(
        self,
        store: Store,
        folder: MediaFolder,
        clock: Clock,
    ) -> None:
        self._store = store
        self._clock = clock
        self._fetcher = Fetcher(store, folder, clock)
        self._own_feed = OwnFeed(store, clock)
        self._stumbles = Stumbles()
        self._decider = Decider(store, clock)
        self._hand_over = HandOver(store, folder, clock)

    async def advance(self, api: PrivateApi, config: RepostConfig) -> datetime | None:
        """Move every open mention on; returns when the next one can move by itself.

        Raises `InstagramError`s that concern the whole account; the mentions keep their state.
        """
        again: list[datetime] = []
        trouble: errors.InstagramError | None = None
        try:
            again += await self._take_in(api, config.account_id)
        except errors.InstagramError as error:
            # What is here already may go out another way: the official API.
            trouble = error
        for repost in await self._store.read(reposts.open_of, config.account_id):
            try:
                moved = await self._move(api, repost)
            except errors.InstagramError as error:
                if trouble is None:
                    trouble = error
                if not isinstance(error, errors.AccountOnHold):
                    break  # the account's, and news: nobody asks on
                continue
            if moved.held_until is not None:
                again.append(moved.held_until)
        if trouble is not None:
            raise trouble
        return min(again, default=None)

    async def _take_in(self, api: PrivateApi, account_id: str) -> list[datetime]:
        """Download what was found; returns when the account's own feed is to be read again."""
        await self._fetcher.fetch_all(api, account_id)
        scanned = await self._own_feed.scan(api, account_id)
        if scanned.found:
            await self._fetcher.fetch_all(api, account_id)
        return [scanned.due] if scanned.due else []

    async def _move(self, api: PrivateApi, repost: Repost) -> Repost:
        """Move one mention on; an error that is its own lets it rest, and the others go on."""
        if self._stumbles.rests_until(repost.id, self._clock.now()) is not None:
            return repost
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
            until = self._stumbles.note(repost.id, self._clock.now())
            return await self._store.write(stumbled, repost.id, error, until, self._clock.now())
        self._stumbles.forget(repost.id)
        return moved

    async def settle(self, account_id: str) -> None:
        """Take over the outcome of posts that the publish engine has finished with."""
        await self._store.write(settle, account_id, self._clock.now())
