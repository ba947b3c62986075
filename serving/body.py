"""Request bodies that never fill the memory: read as they come, bounded, with backpressure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio
from quart import Request
from quart_trio.wrappers import TrioRequest
from quart_trio.wrappers.request import TrioBody

from ground.refusal import ErrorCode, Refusal

MAX_JSON_BYTES = 1024 * 1024
_HIGH_WATER = 256 * 1024
_SILENCE_S = 60.0
# A body may take the silence and then as long as a slow line: who sends a byte a minute is gone.
_SLOWEST_BYTES_PER_S = 1024
_LINGER_S = 3.0


class TooLarge(Refusal):
    """A body, or a file in it, that is larger than is taken."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.UPLOAD_ERROR, message)


class BoundedBody(TrioBody):
    """Quart's body, which the network must wait for when its reader is slower."""

    def __init__(self, expected_content_length: int | None, _max: int | None) -> None:
        # Limits belong to operations, not to the app: an upload may be a hundred times larger.
        super().__init__(expected_content_length, None)
        self._read = trio.Event()
        self._is_unwanted = False

    def append(self, data: bytes) -> None:
        if not self._is_unwanted:
            super().append(data)

    async def __anext__(self) -> bytes:
        data = await super().__anext__()
        self._read.set()
        return data

    async def room(self) -> None:
        """Wait until the reader has taken what is buffered, if that is much."""
        while len(self._data) > _HIGH_WATER:
            self._read = trio.Event()
            await self._read.wait()

    def discard(self) -> None:
        """Drop what came and what is still coming: the answer is known without it."""
        self._is_unwanted = True
        self._data.clear()
        self._read.set()

    async def drained(self) -> None:
        """Wait a moment for the rest of the body, so that the client reads the answer.

        One that is cut off while it sends sees a broken connection instead.
        """
        with trio.move_on_after(_LINGER_S):
            await self._complete.wait()


class BoundedRequest(TrioRequest):
    """A request whose body is a `BoundedBody`."""

    body_class: type[TrioBody] = BoundedBody


async def read_whole(request: Request, limit: int = MAX_JSON_BYTES) -> bytes:
    """Return the body; raises `Refusal` when it is longer than `limit` or stops coming."""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    parts = bytearray()
    async for part in chunks(request):
        parts += part
        if len(parts) > limit:
            raise _too_large(limit)
    return bytes(parts)


class chunks:  # noqa: N801 - used like a function: `async for part in chunks(request)`
    """Iterate over a body as it comes; raises `Refusal` when it is silent or far too slow."""

    def __init__(self, request: Request) -> None:
        self._body = request.body
        self._patience = Patience()

    def __aiter__(self) -> chunks:
        return self

    async def __anext__(self) -> bytes:
        with self._patience.wait():
            data = await self._body.__anext__()
            self._patience.received += len(data)
            return data


class Patience:
    """How long the next part of one body is waited for."""

    def __init__(self) -> None:
        self._began = trio.current_time()
        self.received = 0

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Wait for a part within it; raises `Refusal` when it is silent or far too slow."""
        slowest = self._began + _SILENCE_S + self.received / _SLOWEST_BYTES_PER_S
        with trio.move_on_at(min(slowest, trio.current_time() + _SILENCE_S)) as scope:
            yield
        if scope.cancelled_caught:
            raise Refusal(ErrorCode.VALIDATION_ERROR, "The body stopped coming")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than {limit // 1024} KiB")
