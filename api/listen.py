"""Hypercorn's protocol code behind our own listener, repaired where it hangs or dies.

Three known faults of Hypercorn 0.18 with quart-trio 0.12 are mended here, each with a test in
tests/api/test_listen.py: one connection's error ends the whole server, cleartext HTTP/2 is the
easiest way to cause it, and a response's end is cancelled before the connection is told.
"""

from __future__ import annotations

import logging
import socket
from functools import partial
from typing import Any

import h11
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr, wrap_app
from quart.wrappers import Request
from quart_trio import QuartTrio
from quart_trio.asgi import TrioASGIHTTPConnection

from api.body import BoundedBody

logger = logging.getLogger(__name__)

KEEP_ALIVE_S = 75.0
SEND_LIMIT_S = 30.0


class SafeHttpConnection(TrioASGIHTTPConnection):
    """quart-trio's connection that finishes a response before it cancels itself.

    Hypercorn ends the stream inside `send`; stock quart-trio cancels that very call, so the
    connection neither closes nor times out and hangs its next request. And it lets a large body
    wait for its reader instead of keeping it in memory, or drops it once the answer is known.
    """

    async def handle_messages(  # type: ignore[override]
        self, nursery: trio.Nursery, request: Request, receive: Any
    ) -> None:
        while (message := await receive())["type"] == "http.request":
            request.body.append(message.get("body", b""))
            if not message.get("more_body", False):
                request.body.set_complete()
            elif isinstance(request.body, BoundedBody):
                await request.body.room()
        nursery.cancel_scope.cancel()

    async def handle_request(  # type: ignore[override]
        self, nursery: trio.Nursery, request: Request, send: Any
    ) -> None:
        async def send_whole(message: Any) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if isinstance(request.body, BoundedBody):
                request.body.discard()
                if last:
                    await request.body.drained()
            with trio.CancelScope(shield=last):
                await send(message)

        await super().handle_request(nursery, request, send_whole)


class Http11Only(H11Protocol):
    """HTTP/1.1 without the two ways into cleartext HTTP/2."""

    async def _check_protocol(self, event: h11.Request) -> None:
        if event.method == b"PRI":
            await self._send_error_response(505)
            await self.send(Closed())


class GuardedConnection(TCPServer):
    """One connection; whatever goes wrong in it ends here."""

    async def run(self) -> None:
        try:
            await self._converse()
        except* Exception as group:  # noqa: BLE001 - the listener must outlive any of them
            logger.warning("connection ended badly error=%r", group.exceptions[0])

    async def protocol_send(self, event: Event) -> None:
        """Send as Hypercorn does, but never wait for ever on a peer that stopped reading."""
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        async with self.send_lock:
            with trio.move_on_after(SEND_LIMIT_S, shield=True):
                try:
                    await self.stream.send_all(event.data)
                    return
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    pass
        await self.protocol.handle(Closed())

    async def _converse(self) -> None:
        sock = self.stream.socket
        try:
            client = parse_socket_addr(sock.family, sock.getpeername())
            server = parse_socket_addr(sock.family, sock.getsockname())
            async with TaskGroup() as task_group:
                self._task_group = task_group
                self.protocol = Http11Only(  # type: ignore[assignment]
                    self.app,
                    self.config,
                    self.context,
                    task_group,
                    ConnectionState(self.state),
                    False,
                    client,
                    server,
                    self.protocol_send,
                )
                await self.protocol.initiate()
                await self.idle_task.restart(task_group, self._idle_timeout)
                await self._read_data()
        except OSError:
            pass
        finally:
            await self._close()


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Bind and listen, before anything else is started; raises `OSError` when that fails."""
    config = Config()
    config.bind = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
    sockets = config.create_sockets().insecure_sockets
    for sock in sockets:
        sock.listen(config.backlog)
    return sockets


async def serve(
    app: QuartTrio,
    sockets: list[socket.socket],
    *,
    shutdown: trio.Event,
    grace_s: float,
    keep_alive_s: float = KEEP_ALIVE_S,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `app` until `shutdown` is set, then give live requests `grace_s` to end."""
    app.asgi_http_class = SafeHttpConnection
    config = Config()
    config.keep_alive_timeout = keep_alive_s
    config.errorlog = logging.getLogger("api.http")
    config.accesslog = None
    config.include_server_header = False
    context = WorkerContext(None)
    connection = partial(
        GuardedConnection, wrap_app(app, config.wsgi_max_body_size, "asgi"), config, context, {}
    )
    listeners = [trio.SocketListener(trio.socket.from_stdlib_socket(sock)) for sock in sockets]
    await app.startup()
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as listening:
            listening.start_soon(
                partial(
                    trio.serve_listeners,
                    connection,
                    listeners,
                    handler_nursery=connections,
                )
            )
            task_status.started()
            await shutdown.wait()
            listening.cancel_scope.cancel()
        await context.terminated.set()
        connections.cancel_scope.deadline = trio.current_time() + grace_s
