"""Two connections joined: what one says the other hears, until either ends, however it ends."""

from __future__ import annotations

from contextlib import suppress

import trio

CHUNK = 1 << 16
# A killed process resets its connections, at whichever moment: that is an end like any other.
GONE = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)


async def join(outer: trio.SocketStream, inner: trio.SocketStream, first: bytes = b"") -> None:
    """Pass on what either side says, `first` to the inner one before all; closes the inner one."""
    async with inner:
        with suppress(*GONE):
            # Outside the nursery, which would wrap the error into a group.
            await inner.send_all(first)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_pump, outer, inner, nursery)
                nursery.start_soon(_pump, inner, outer, nursery)


async def _pump(source: trio.SocketStream, sink: trio.SocketStream, nursery: trio.Nursery) -> None:
    with suppress(*GONE):
        async for chunk in source:
            await sink.send_all(chunk)
    nursery.cancel_scope.cancel()
