"""Hypercorn's protocol code behind our own listener, repaired where it hangs or dies, and tuned.

Three known faults of Hypercorn 0.18 with quart-trio 0.12 are mended here, each with a test in
tests/api/test_listen.py: one connection's error ends the whole server, cleartext HTTP/2 is the
easiest way to cause it, and a response's end is cancelled before the connection is told. Three
costs of each request are taken out: separate sends of head and body, a task that watches for
silence, and a nursery for a body that is not there (tests/api/test_connection.py).
"""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any

import h11
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
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
_MAX_REQUESTS = 1_000_000


class QuartConnection(TrioASGIHTTPConnection):
    """From ASGI to Quart and back, for requests with a body and, for less, for those without.

    A large body waits for its reader instead of filling the memory, and is dropped once the
    answer is known without it.
    """

    async def __call__(self, receive: Any, send: Any) -> None:
        request = self._create_request_from_scope(send)
        if not request.content_length and "Transfer-Encoding" not in request.headers:
            request.body.set_complete()
            await self._answer(request, send)
            return

        async def send_whole(message: Any) -> None:
            if isinstance(request.body, BoundedBody):
                request.body.discard()
                if message["type"] == "http.response.body" and not message.get("more_body", False):
                    await request.body.drained()
            await send(message)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.handle_messages, nursery, request, receive)
            await self._answer(request, send_whole)
            nursery.cancel_scope.cancel()

    async def handle_messages(  # type: ignore[override]
        self, nursery: trio.Nursery, request: Request, receive: Any
    ) -> None:
        """Take the body in, and give the answer up when the client leaves."""
        while (message := await receive())["type"] == "http.request":
            request.body.append(message.get("body", b""))
            if not message.get("more_body", False):
                request.body.set_complete()
            elif isinstance(request.body, BoundedBody):
                await request.body.room()
        nursery.cancel_scope.cancel()

    async def _answer(self, request: Request, send: Any) -> None:
        # Without Quart's time limit for a whole answer: the connection has one for a pause.
        await self._send_response(send, await self.app.handle_request(request))


class Http11Only(H11Protocol):
    """HTTP/1.1 without the two ways into cleartext HTTP/2; a head goes out with its body."""

    _head = b""

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response) and self.context.terminated.is_set():
            headers = [*event.headers, (b"connection", b"close")]
            event = replace(event, headers=headers)
        await super().stream_send(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        """Leave it to `_create_stream`, which can refuse."""

    async def _create_stream(self, request: h11.Request) -> None:
        refused = 505 if request.method == b"PRI" else 400
        if refused == 505 or request.target.startswith(b"?"):
            await self._send_error_response(refused)
            await self.send(Closed())
        else:
            await super()._create_stream(request)

    async def _send_h11_event(self, event: Any) -> None:
        try:
            data = self._head + (self.connection.send(event) or b"")
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
            return
        self._head = data if isinstance(event, h11.Response) else b""
        if data and not self._head:
            await self.send(RawData(data=data))


class GuardedConnection(TCPServer):
    """One connection; whatever goes wrong in it ends here."""

    async def run(self) -> None:
        try:
            await self._converse()
        except* Exception as group:  # noqa: BLE001 - the listener must outlive any of them
            logger.warning("connection ended badly error=%r", group.exceptions[0])

    async def protocol_send(self, event: Event) -> None:
        """Send as Hypercorn does, but never wait for ever on a peer that stopped reading."""
        if isinstance(event, Updated):
            self._idle_since = trio.current_time() if event.idle else inf
        elif not isinstance(event, RawData):
            await super().protocol_send(event)
        elif not await self._sent(event.data):
            self._everything.cancel()  # nobody is there for the rest of the answer

    async def _sent(self, data: bytes) -> bool:
        async with self.send_lock:
            with trio.move_on_after(SEND_LIMIT_S, shield=True):
                try:
                    await self.stream.send_all(data)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return False
                return True
        return False

    async def _converse(self) -> None:
        sock = self.stream.socket
        try:
            client = parse_socket_addr(sock.family, sock.getpeername())
            server = parse_socket_addr(sock.family, sock.getsockname())
            self._idle_since = trio.current_time()
            self._everything = trio.CancelScope()
            with self._everything:
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
                    watch = trio.CancelScope()
                    task_group.spawn(self._close_when_idle, watch)
                    await self._read_data()
                    watch.cancel()
        except OSError:
            pass
        finally:
            await self._close()

    async def _close_when_idle(self, watch: trio.CancelScope) -> None:
        """End a connection that has been silent for too long, or idle when the server ends."""
        keep_alive_s = self.config.keep_alive_timeout
        with watch:
            while not self.context.terminated.is_set():
                idle_s = trio.current_time() - self._idle_since
                if idle_s >= keep_alive_s:
                    break
                with trio.move_on_after(keep_alive_s - max(0.0, idle_s)):
                    await self.context.terminated.wait()
            if self._idle_since < inf:
                with trio.CancelScope(shield=True):
                    await self._initiate_server_close()


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
    app.asgi_http_class = QuartConnection
    config = Config()
    config.keep_alive_timeout = keep_alive_s
    config.keep_alive_max_requests = _MAX_REQUESTS
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
