"""Proof that the API works: it is asked over its own socket, as a client would.

For the daemon's watchdog.
"""

from __future__ import annotations

import socket
import ssl

import trio

_ASK = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
# Where a listener on every address is found.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_AGAIN_S = 0.5


def nobodys_secret() -> ssl.SSLContext:
    """Return TLS for questions to our own machine that hold no secret: any certificate will do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def answers(sock: socket.socket, *, is_encrypted: bool = False) -> None:
    """Return when the listener on `sock` has answered a request, however long that takes."""
    host, port = sock.getsockname()[:2]
    context = nobodys_secret() if is_encrypted else None
    while True:
        try:
            async with await _connected(_LOOPBACK.get(host, host), port, context) as stream:
                await stream.send_all(_ASK)
                if await stream.receive_some(4096):
                    return
        except (OSError, trio.BrokenResourceError):
            pass  # it took no connection: that is no proof
        await trio.sleep(_AGAIN_S)


async def _connected(host: str, port: int, context: ssl.SSLContext | None) -> trio.abc.Stream:
    stream = await trio.open_tcp_stream(host, port)
    if context is None:
        return stream
    return trio.SSLStream(stream, context, https_compatible=True)
