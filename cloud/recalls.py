"""Posts that the cloud may own are had back: for a change, for a while, or for good."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import trio

from cloud import ownership
from cloud.courier import Courier
from cloud.wishes import STAY, unconfirmed
from cloud.worker_client import WorkerUnreachable
from ground.refusal import ErrorCode, Refusal
from storage import handovers, posts
from storage.errors import NotFound
from storage.handovers import UNCONFIRMED, Handover
from storage.store import Database

logger = logging.getLogger(__name__)
T = TypeVar("T")
# For how long a request of a person's waits for the Worker.
AT_ONCE_S = 10.0
_GOING_OUT = "It is going out in the cloud now, and can no longer be changed"


class Recalls:
    """Has posts given back by the Worker; what it does not answer, the exchange carries on."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._store = courier.store
        self._clock = courier.clock
        self._locks: WeakValueDictionary[str, trio.Lock] = WeakValueDictionary()

    async def settled(
        self,
        post_id: str,
        wish: Mapping[str, Any],
        here: Callable[[Database], object],
        answer: Callable[[Database], T],
        check: Callable[[Database], object] = lambda _db: None,
    ) -> T:
        """Have a post changed wherever it is, and return the answer to that.

        `here` does it to a post that is local, as the wish does it to one that comes back; `check`
        comes before anything. Raises `Refusal`: what it refuses with, that it is too late, or
        `WORKER_UNREACHABLE`: then it is carried on.
        """

        def begin(db: Database) -> T | Handover:
            check(db)
            row = handovers.find_away(db, post_id)
            if row is None:
                here(db)
                return answer(db)
            return ownership.take(db, row, wish, self._clock.now())

        begun = await self._store.write(begin)
        if not isinstance(begun, Handover):
            return begun
        job = await self._recalled(begun)

        def end(db: Database) -> T | Refusal | NotFound:
            refused = ownership.come_back(db, begun, job, self._clock.now())
            return refused if refused is not None else answer(db)

        if (job["state"], job["epoch"]) != ("RECALLED", begun.epoch):
            await self._courier.learn(job)
            raise Refusal(ErrorCode.INVALID_STATUS, _GOING_OUT)
        ended = await self._store.write(end)
        if isinstance(ended, (Refusal, NotFound)):
            raise ended
        return ended

    @asynccontextmanager
    async def at_home(
        self, choose: Callable[[Database], Collection[Handover]]
    ) -> AsyncIterator[list[Handover]]:
        """Have what `choose` names here meanwhile; yields what the cloud may own all the same.

        What is still to go out then is handed over again by itself.
        """
        begun = await self._store.write(self._take, choose, STAY)
        try:
            yield await self._brought(begun)
        finally:
            with trio.CancelScope(shield=True):
                await self._store.write(_let_go_again, begun)

    async def bring_home(
        self, choose: Callable[[Database], Collection[Handover]]
    ) -> list[Handover]:
        """Take back what `choose` names; returns what the cloud may still own after that."""
        return await self._brought(await self._store.write(self._take, choose, None))

    def _take(
        self,
        db: Database,
        choose: Callable[[Database], Collection[Handover]],
        wish: Mapping[str, Any] | None,
    ) -> list[Handover]:
        now = self._clock.now()
        self.mend(db)
        return [ownership.take(db, row, wish, now) for row in choose(db)]

    async def _brought(self, begun: Sequence[Handover]) -> list[Handover]:
        with trio.move_on_after(AT_ONCE_S + len(begun) / 2):
            for row in begun:
                async with self.lock(row.post_id):
                    try:
                        await self._courier.learn(await self._courier.recalled(row))
                    except (WorkerUnreachable, Refusal):
                        break
        left = await self._store.read(lambda db: [handovers.find(db, row.post_id) for row in begun])
        return [row for row in left if row is not None and row.is_away]

    async def _recalled(self, row: Handover) -> Mapping[str, Any]:
        """Have a post given back for somebody who waits; raises `Refusal` without an answer."""
        why = "it takes too long"
        async with self.lock(row.post_id):
            with trio.move_on_after(AT_ONCE_S):
                try:
                    return await self._courier.recalled(row)
                except (WorkerUnreachable, Refusal) as error:
                    why = str(error)
        await self._store.write(self._note_unconfirmed, row, why)
        raise unconfirmed(why)

    def _note_unconfirmed(self, db: Database, row: Handover, why: str) -> None:
        found = handovers.find_away(db, row.post_id)
        if found is not None and found.owner in UNCONFIRMED:
            words = f"Not confirmed by the cloud, and carried on: {why}"
            posts.edit(db, row.post_id, now=self._clock.now(), error_message=words)

    def mend(self, db: Database) -> None:
        """Put right what a disk left odd between a post and the cloud, and log it."""
        for post_id in handovers.mend(db, self._clock.now()):
            logger.warning("what is between a post and the cloud was damaged post=%s", post_id)

    def lock(self, post_id: str) -> trio.Lock:
        """Return what whoever asks the Worker for a post has to hold."""
        return self._locks.setdefault(post_id, trio.Lock())


def _let_go_again(db: Database, taken: Sequence[Handover]) -> None:
    for row in taken:
        ownership.goes_again(db, row.post_id)
