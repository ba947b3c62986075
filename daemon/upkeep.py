"""Small chores that must not delay anybody: storing when keys were last used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import trio

from storage import api_keys
from storage.store import Store

KEY_USES_EVERY_S = 30.0


class Upkeep:
    """The upkeep service."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._key_uses: dict[str, datetime] = {}
        self._used = trio.Event()

    def record_key_use(self, key_id: str) -> None:
        """Note that a key was used; stored later, many at once, not with each request."""
        self._key_uses[key_id] = self._now()
        self._used.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Do chores when there are any. Runs until cancelled, and then stores the last uses."""
        task_status.started()
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
