"""Who waits for events: woken when one that they want has been committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from secrets import randbits
from weakref import WeakSet

import trio

from ground.changes import Change, Changes, Subject
from ground.refusal import ErrorCode, Refusal
from operations.actor import Actor
from operations.event_types import name_of

READERS_AT_MOST = 8  # of one key or session
_LATER_S = 30


class Reader:
    """Somebody who waits. Made by `Feed.reader`."""

    def __init__(self, caller: str, wants: Callable[[Change], bool]) -> None:
        self.caller = caller
        self._wants = wants
        self._woken = trio.Event()

    async def woken(self) -> None:
        """Return when something has changed since this returned last."""
        await self._woken.wait()
        self._woken = trio.Event()

    def tell(self, change: Change | None) -> None:
        """Wake it, if it wants this change; None wakes it whatever it wants."""
        if change is None or self._wants(change):
            self._woken.set()


class Feed:
    """Everybody who waits for changes of one store."""

    def __init__(self, changes: Changes) -> None:
        # Weak: a stream whose client left before its first byte is never closed by anybody.
        self._readers: WeakSet[Reader] = WeakSet()
        self.has_ended = False
        # Rises with every change: who remembers it knows whether any came since. It begins
        # anywhere, or what was read of a daemon before, maybe of other data, would seem of now.
        self.told = randbits(48)
        changes.subscribe(self._tell, *Subject)

    @property
    def readers(self) -> int:
        """How many wait."""
        return len(self._readers)

    @contextmanager
    def reader(self, actor: Actor, account_id: str | None) -> Iterator[Reader]:
        """Yield somebody who waits for changes that the actor may see.

        Raises `Refusal` (`RATE_LIMITED`) where its key or session has enough of them.
        """
        caller = actor.key_id or actor.session_id or f"{actor.via} {actor.user_id}"
        if sum(each.caller == caller for each in self._readers) >= READERS_AT_MOST:
            message = f"{READERS_AT_MOST} streams are open already; close one first"
            raise Refusal(ErrorCode.RATE_LIMITED, message, retry_after_s=_LATER_S)

        def wants(change: Change) -> bool:
            return (
                change.user_id == actor.user_id
                and account_id in (None, change.account_id)
                and name_of(change.subject, change.state) is not None
            )

        reader = Reader(caller, wants)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def end(self) -> None:
        """Let everybody who waits go home: the daemon stops."""
        self.has_ended = True
        for reader in list(self._readers):
            reader.tell(None)

    def _tell(self, change: Change) -> None:
        self.told += name_of(change.subject, change.state) is not None
        for reader in list(self._readers):
            reader.tell(change)
