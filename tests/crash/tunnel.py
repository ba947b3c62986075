"""The public address of a daemon under test: a tunnel that outlives it, and can hold a fetch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trio

from tests.support.pipe import CHUNK, GONE, join


class Tunnel:
    """Takes connections at `url` and passes them on to the port `to` of this machine."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.to = 0
        self._holds: Hold | None = None

    def hold(self, skip: int = 0) -> Hold:
        """Hold the first fetch after `skip` others, until `released`."""
        self._holds = Hold(skip)
        return self._holds

    async def serve(self, outer: trio.SocketStream) -> None:
        async with outer:
            with suppress(*GONE):
                first = await outer.receive_some(CHUNK)
                if first.startswith(b"GET") and self._holds is not None:
                    await self._holds.pass_by()
                await join(outer, await trio.open_tcp_stream("127.0.0.1", self.to), first)


class Hold:
    """One fetch that is let in only when told."""

    def __init__(self, skip: int) -> None:
        self.reached = trio.Event()
        self.released = trio.Event()
        self._skip = skip

    async def pass_by(self) -> None:
        if self._skip:
            self._skip -= 1
        elif not self.reached.is_set():
            self.reached.set()
            await self.released.wait()


@asynccontextmanager
async def open_tunnel() -> AsyncIterator[Tunnel]:
    """Run a tunnel on loopback for as long as the block is open."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    tunnel = Tunnel(listener.socket.getsockname()[1])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, tunnel.serve, [listener])
        yield tunnel
        nursery.cancel_scope.cancel()
