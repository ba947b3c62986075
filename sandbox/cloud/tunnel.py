"""A port behind which one host of the simulated Instagram is: `workerd` knows no proxies."""

from __future__ import annotations

from urllib.parse import urlsplit

import trio

_CHUNK = 64 * 1024


class Tunnel:
    """Carries bytes between a port on loopback and `host`, through a CONNECT proxy."""

    def __init__(self, proxy_url: str, host: str) -> None:
        at = urlsplit(proxy_url)
        self._proxy = (at.hostname or "", at.port or 80)
        self._host = host
        self.port = 0

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._carry, listeners)

    async def _carry(self, client: trio.SocketStream) -> None:
        try:
            async with client, await trio.open_tcp_stream(*self._proxy) as proxy:
                where = f"{self._host}:443"
                await proxy.send_all(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode())
                head = b""
                while b"\r\n\r\n" not in head:
                    if not (piece := await proxy.receive_some(_CHUNK)):
                        return
                    head += piece
                if head.split(b" ", 2)[1] != b"200":
                    return
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_pump, client, proxy, nursery.cancel_scope)
                    nursery.start_soon(_pump, proxy, client, nursery.cancel_scope)
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # one side is gone; so is the other


async def _pump(
    source: trio.SocketStream, target: trio.SocketStream, both: trio.CancelScope
) -> None:
    while piece := await source.receive_some(_CHUNK):
        await target.send_all(piece)
    both.cancel()
