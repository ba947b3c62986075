"""Proof that the API works: it is asked over its own socket, as a client would.

For the daemon's watchdog.
"""

from __future__ import annotations

import socket

import trio

_ASK = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
# Where a listener on every address is found.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_AGAIN_S = 0.5


async def answers(sock: socket.socket) -> None:
    """Return when the listener on `sock` has answered a request, however long that takes."""
    host, port = sock.getsockname()[:2]
    while True:
        try:
            async with await trio.open_tcp_stream(_LOOPBACK.get(host, host), port) as stream:
                await stream.send_all(_ASK)
                if await stream.receive_some(4096):
                    return
        except (OSError, trio.BrokenResourceError):
            pass  # it took no connection: that is no proof
        await trio.sleep(_AGAIN_S)
