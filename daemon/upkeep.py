"""Small chores that must not delay anybody: uses of keys, the newest app version, tokens."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import trio

from accounts.tokens import TokenCare
from storage import api_keys, facts
from storage.store import Store

logger = logging.getLogger(__name__)
KEY_USES_EVERY_S = 30.0
VERSION_EVERY = timedelta(days=1)
_LOOK_EVERY_S = 3600.0


class Upkeep:
    """The upkeep service."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        newest_app_version: Callable[[], Awaitable[str | None]],
        tokens: TokenCare,
    ) -> None:
        self._store = store
        self._now = now
        self._newest_app_version = newest_app_version
        self._tokens = tokens
        self._key_uses: dict[str, datetime] = {}
        self._used = trio.Event()

    def record_key_use(self, key_id: str) -> None:
        """Note that a key was used; stored later, many at once, not with each request."""
        self._key_uses[key_id] = self._now()
        self._used.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Do the chores when there are any. Runs until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._key_uses_task, name="key uses")
            nursery.start_soon(self._app_version_task, name="app version")
            nursery.start_soon(self._tokens_task, name="tokens")
            task_status.started()

    async def _key_uses_task(self) -> None:
        try:
            while True:
                await self._used.wait()
                await trio.sleep(KEY_USES_EVERY_S)
                await self._store_key_uses()
        finally:
            with trio.move_on_after(5, shield=True):
                await self._store_key_uses()

    async def _store_key_uses(self) -> None:
        uses, self._key_uses = self._key_uses, {}
        self._used = trio.Event()
        if uses:
            await self._store.write(api_keys.record_use, uses)

    async def _app_version_task(self) -> None:
        while True:
            known = await self._store.read(facts.find, facts.NEWEST_APP_VERSION)
            if known is None or self._now() - known.at >= VERSION_EVERY:
                newest = await self._newest_app_version()
                if newest is not None:
                    await self._store.write(
                        facts.learn, facts.NEWEST_APP_VERSION, newest, self._now()
                    )
                    logger.info("newest app version known version=%s", newest)
            await trio.sleep(_LOOK_EVERY_S)

    async def _tokens_task(self) -> None:
        while True:
            await self._tokens.look_after_all()
            await trio.sleep(_LOOK_EVERY_S)
