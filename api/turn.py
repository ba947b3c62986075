"""What is found out once per turn of the event loop, for all who ask in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

T = TypeVar("T")


class OncePerTurn(Generic[T]):
    """One finding, shared by those whose requests came together and forgotten right after.

    Sixty connections that ask at once for what is so hear of one look, none of an older one.
    """

    def __init__(self) -> None:
        self._found: list[T] = []

    async def get(self, look: Callable[[], Awaitable[T]]) -> T:
        """Return what `look` finds, or found in this turn; what it raises is not kept."""
        if not self._found:
            self._found = [found := await look()]
            trio.lowlevel.current_trio_token().run_sync_soon(self._forget, idempotent=True)
            return found
        return self._found[0]

    def _forget(self) -> None:
        self._found = []
