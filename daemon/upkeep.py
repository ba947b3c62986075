"""Small chores that must not delay anybody: key uses, app versions, tokens, old media."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import trio

from accounts.tokens import TokenCare
from daemon import memory
from ground.clock import Clock
from repost.retention import Retention
from storage import api_keys, copies, credentials, facts, pruning
from storage.copies import keep_copy
from storage.errors import Damaged, Unavailable, is_passing
from storage.store import Store
from storage.wrong_clock import is_recent

logger = logging.getLogger(__name__)
KEY_USES_EVERY_S = 30.0
VERSION_EVERY = timedelta(days=1)
_STARTED_S = 5.0
_LOOK_EVERY_S = 3600.0
_AFTER_TROUBLE_S = 60.0
COPY_EVERY = timedelta(days=1)
FIRST_COPY_AFTER_S = 60.0


class Upkeep:
    """The upkeep service."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        newest_app_version: Callable[[], Awaitable[str | None]],
        tokens: TokenCare,
        retention: Retention,
        *,
        copies: int,
        least_free: int,
        probe: Callable[[], Awaitable[None]],
        end_sessions: Callable[[], Awaitable[None]],
    ) -> None:
        """`copies`: how many daily copies of the database are kept, and that none is made which
        would leave less than `least_free` bytes; `probe` asks, when it is time, whether Meta can
        fetch from the Worker; `end_sessions` never ends."""
        self._store = store
        self._clock = clock
        self._newest_app_version = newest_app_version
        self._tokens = tokens
        self._retention = retention
        self._copy = partial(keep_copy, keep=copies, least_free=least_free)
        self._copies = copies
        self._probe = probe
        self._end_sessions = end_sessions
        self._key_uses: dict[str, datetime] = {}
        self._used = trio.Event()

    def record_key_use(self, key_id: str) -> None:
        """Note that a key was used; stored later, many at once, not with each request."""
        self._key_uses[key_id] = self._clock.now()
        self._used.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Do the chores when there are any. Runs until cancelled."""
        async with trio.open_nursery() as nursery:
            for name, chore in {
                "key uses": self._key_uses_task,
                "app version": self._app_version_task,
                "tokens": self._tokens_task,
                "probe": self._probe_task,
                "lapsed logins": self._lapsed_logins_task,
                "retention": self._retention_task,
                "pruning": self._pruning_task,
                "copies": self._copies_task,
                "memory": self._memory_task,
                "sessions": self._end_sessions,
            }.items():
                nursery.start_soon(self._patiently, name, chore, name=name)
            task_status.started()

    async def _patiently(self, name: str, chore: Callable[[], Awaitable[None]]) -> None:
        """Do a chore without an end; what this machine lacks for now is waited for.

        A bug in one is its own: it rests, and the other chores go on.
        """
        while True:
            try:
                await chore()
            except Exception as error:
                if is_passing(error):
                    logger.warning("a chore waits name=%s reason=%r", name, error)
                    await trio.sleep(_AFTER_TROUBLE_S)
                else:
                    logger.exception("a chore broke name=%s", name)
                    await trio.sleep(_LOOK_EVERY_S)

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
        if not uses:
            return
        try:
            await self._store.write(api_keys.record_use, uses)
        except Unavailable:
            self._key_uses = uses | self._key_uses
            self._used.set()
            raise

    async def _app_version_task(self) -> None:
        while True:
            known = await self._store.read(facts.find, facts.NEWEST_APP_VERSION)
            if known is None or not is_recent(known.at, self._clock.now(), VERSION_EVERY):
                newest = await self._newest_app_version()
                if newest is not None:
                    await self._store.write(
                        facts.learn, facts.NEWEST_APP_VERSION, newest, self._clock.now()
                    )
                    logger.info("newest app version known version=%s", newest)
            await trio.sleep(_LOOK_EVERY_S)

    async def _tokens_task(self) -> None:
        while True:
            await self._tokens.look_after_all()
            await trio.sleep(_LOOK_EVERY_S)

    async def _probe_task(self) -> None:
        while True:
            await self._probe()
            await trio.sleep(_LOOK_EVERY_S)

    async def _lapsed_logins_task(self) -> None:
        while True:
            await self._store.write(credentials.forget_lapsed, self._clock.now())
            await trio.sleep(_LOOK_EVERY_S)

    async def _retention_task(self) -> None:
        while True:
            await self._retention.tidy()
            await self._retention.sweep_part()
            await trio.sleep(_LOOK_EVERY_S)

    async def _pruning_task(self) -> None:
        while True:
            await self._prune()
            await trio.sleep(_LOOK_EVERY_S)

    async def _prune(self) -> None:
        """Delete what is old enough, a little at a time: other writers come in between."""
        now = await self._retention.clock.now()
        for rule in pruning.RULES:
            pruned = 0
            while gone := await self._store.write(pruning.prune, rule, now):
                pruned += gone
            if pruned:
                logger.info("old rows deleted table=%s rows=%d", rule.table, pruned)

    async def _memory_task(self) -> None:
        await trio.sleep(_STARTED_S)  # a start leaves in pieces what it needed once
        while True:
            await trio.to_thread.run_sync(memory.give_back)
            await trio.sleep(_LOOK_EVERY_S)

    async def _copies_task(self) -> None:
        await trio.sleep(FIRST_COPY_AFTER_S)  # a start has other work
        while self._copies:
            await self._copy_if_due()
            await trio.sleep(_LOOK_EVERY_S)
        await trio.sleep_forever()

    async def _copy_if_due(self) -> None:
        database = self._store.path
        kept = await trio.to_thread.run_sync(copies.kept_copies, database)
        now = self._clock.now()
        if not copies.is_due(kept, now, COPY_EVERY):
            return
        try:
            # Not waited for when the daemon ends; what is left of it goes with the next one.
            copy = partial(self._copy, database, now=now)
            made = await trio.to_thread.run_sync(copy, abandon_on_cancel=True)
        except Unavailable as error:
            logger.warning("no copy of the database reason=%s", error)
        except Damaged as error:
            logger.error("%s; stop the daemon and restore a copy", error)
            self._store.note_damage(str(error))
        else:
            logger.info("database copied file=%s", made.name)
