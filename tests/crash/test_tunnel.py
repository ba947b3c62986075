"""The tunnel outlives every daemon behind it, at whichever moment that one is killed."""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
import trio

from tests.crash.tunnel import Tunnel, open_tunnel
from tests.support.limits import DEADLOCK_S

ASKED = b"GET / HTTP/1.1\r\n\r\n"
Serve = Callable[[trio.SocketStream], Awaitable[None]]


async def at_once(_stream: trio.SocketStream) -> None:
    """Nothing is read."""


async def amid_the_request(stream: trio.SocketStream) -> None:
    await stream.receive_some(3)


async def amid_the_answer(stream: trio.SocketStream) -> None:
    await stream.receive_some()
    await stream.send_all(b"HTTP/1.1 200 OK\r\n")


MOMENTS = (at_once, amid_the_request, amid_the_answer)


def killed(serve: Serve) -> Serve:
    """Let a connection end as a SIGKILL ends it: with a reset."""

    async def handler(stream: trio.SocketStream) -> None:
        await serve(stream)
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await stream.aclose()

    return handler


async def answering(stream: trio.SocketStream) -> None:
    async with stream:
        await stream.receive_some()
        await stream.send_all(b"here")


async def behind(handler: Serve, nursery: trio.Nursery) -> int:
    """Return the port of a server of its own."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, handler, [listener])
    port: int = listener.socket.getsockname()[1]
    return port


async def ask(tunnel: Tunnel, request: bytes) -> bytes:
    """Return all that comes through the tunnel until it closes."""
    said = b""
    async with await trio.open_tcp_stream("127.0.0.1", int(tunnel.url.rpartition(":")[2])) as way:
        try:
            await way.send_all(request)
            async for chunk in way:
                said += chunk
        except trio.BrokenResourceError:
            pass
    return said


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
@pytest.mark.parametrize("size", [0, 5_000_000], ids=["short", "long"])
async def test_a_daemon_that_is_killed_ends_only_its_connections(moment: Serve, size: int) -> None:
    with trio.fail_after(DEADLOCK_S):
        async with trio.open_nursery() as nursery, open_tunnel() as tunnel:
            tunnel.to = await behind(killed(moment), nursery)
            for _ in range(20):
                assert b"here" not in await ask(tunnel, ASKED + b"x" * size)
            tunnel.to = await behind(answering, nursery)
            assert await ask(tunnel, ASKED) == b"here"
            nursery.cancel_scope.cancel()


async def test_a_daemon_that_is_not_there_ends_only_the_connection() -> None:
    with trio.fail_after(DEADLOCK_S), socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listened on
        async with trio.open_nursery() as nursery, open_tunnel() as tunnel:
            tunnel.to = taken.getsockname()[1]
            assert await ask(tunnel, ASKED) == b""
            tunnel.to = await behind(answering, nursery)
            assert await ask(tunnel, ASKED) == b"here"
            nursery.cancel_scope.cancel()
