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
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any

import h11
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import MAX_RECV, TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr, wrap_app
from quart_trio import QuartTrio

from api import guards
from api.connection_limit import ConnectionLimit, most_connections
from api.encryption import Encryption
from api.exchange import QuartConnection
from api.http11 import Http11Only
from api.plain import PlainRequest, plain_request
from ground.shortage import is_shortage
from serving.answer import Answer

logger = logging.getLogger(__name__)

AtOnce = Callable[[PlainRequest], Awaitable[Answer | None]]
KEEP_ALIVE_S = 75.0
HANDSHAKE_S = 10.0
SEND_LIMIT_S = 30.0
_MAX_REQUESTS = 1_000_000
_ACCEPT_AGAIN_S = 0.1
_ACCEPT_AT_ONCE = 100
_BUSY = (
    b"HTTP/1.1 503 \r\nconnection: close\r\nretry-after: 1\r\n"
    + guards.LINES
    + b"content-type: application/json\r\ncontent-length: 77\r\n\r\n"
    b'{"error":"Too many connections","code":"SERVICE_UNAVAILABLE","status":503}   '
)
_NOT_ENCRYPTED = (
    b"HTTP/1.1 400 \r\nconnection: close\r\n"
    + guards.LINES
    + b"content-type: application/json\r\ncontent-length: 92\r\n\r\n"
    b'{"error":"This port speaks TLS: use https instead","code":"VALIDATION_ERROR","status":400}  '
)
_HELLO = b"\x16"  # how every TLS handshake begins


class GuardedConnection(TCPServer):
    """One connection; whatever goes wrong in it ends here."""

    def __init__(
        self,
        limit: ConnectionLimit,
        encryption: Encryption | None,
        at_once: AtOnce | None,
        *args: Any,
    ) -> None:
        super().__init__(*args)
        self._bare: trio.SocketStream = self.stream  # type: ignore[assignment]
        self._encryption = encryption
        self._scheme = "http" if encryption is None else "https"
        self._limit = limit
        self._at_once = at_once
        self._is_answering = False
        self._everything = trio.CancelScope()
        self.moved_at = self._idle_since = trio.current_time()
        self.peer = ""
        self._speaking: Http11Only | None = None
        self._peer: tuple[str, int] | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether we owe an answer to a request that has arrived whole."""
        if self._speaking is None:
            return False
        if self._is_answering:
            return True
        ours, theirs = self._speaking.connection.our_state, self._speaking.connection.their_state
        return ours is h11.SEND_RESPONSE and theirs is h11.DONE

    def give_up(self) -> None:
        """End it now, also in the middle of an answer that nobody reads."""
        self._everything.cancel()
        self._bare.socket.close()  # what is being sent is shielded, and fails now

    async def run(self) -> None:
        """Serve it to its end; it is closed then, also when it was cancelled at once."""
        try:
            with suppress(OSError):
                self.peer = str(self._bare.socket.getpeername()[0])
            if self._limit.admit(self):
                with self._everything:
                    if self._encryption is None or await self._is_encrypted(self._encryption):
                        await self._converse()
            elif self._encryption is None:
                await self._turn_away()
        except* Exception as group:  # noqa: BLE001 - the listener must outlive any of them
            logger.warning("connection ended badly error=%r", group.exceptions[0])
        finally:
            self._limit.leave(self)
            await trio.aclose_forcefully(self.stream)

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
                self.moved_at = trio.current_time()
                return True
        return False

    async def _read_data(self) -> None:
        data = b"?"
        while data:
            try:
                data = bytes(await self.stream.receive_some(MAX_RECV))
            except (trio.ClosedResourceError, trio.BrokenResourceError):
                break
            self.moved_at = trio.current_time()
            if not await self._answered_at_once(data):
                await self.protocol.handle(RawData(data))
            elif self.context.terminated.is_set():
                break
        await self.protocol.handle(Closed())

    async def _answered_at_once(self, data: bytes) -> bool:
        """Answer a plain request in this task, and say whether it was one that `at_once` takes."""
        if self._at_once is None or self._speaking is None or not self._speaking.is_between:
            return False
        if (
            self.context.terminated.is_set()
            or (request := plain_request(data, self._peer, self._scheme)) is None
        ):
            return False
        self._is_answering, self._idle_since = True, inf
        try:
            answer = await self._at_once(request)
            if answer is None:
                return False
            if self.context.terminated.is_set():
                answer.headers["Connection"] = "close"
            self._is_answering = False  # from here on it is the client who lets us wait
            if not await self._sent(answer.as_bytes()):
                self._everything.cancel()
        finally:
            self._is_answering, self._idle_since = False, trio.current_time()
        return True

    async def _turn_away(self) -> None:
        with trio.move_on_after(1):
            await self._sent(_BUSY)
            await self._close()

    async def _is_encrypted(self, encryption: Encryption) -> bool:
        """Shake hands, for no longer than it may take; whether that came to an end."""
        is_done = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._end_with_the_server, nursery.cancel_scope)
            with trio.move_on_after(HANDSHAKE_S), suppress(trio.BrokenResourceError, OSError):
                is_done = await self._shake_hands(encryption)
            nursery.cancel_scope.cancel()
        return is_done

    async def _end_with_the_server(self, what: trio.CancelScope) -> None:
        await self.context.terminated.wait()
        what.cancel()

    async def _shake_hands(self, encryption: Encryption) -> bool:
        stream = self._bare
        first = await stream.socket.recv(1, socket.MSG_PEEK)
        if first == _HELLO:
            self.stream = trio.SSLStream(
                stream, encryption.context(), server_side=True, https_compatible=True
            )
            await self.stream.do_handshake()
            return True
        if first:
            await stream.send_all(_NOT_ENCRYPTED)
            await stream.send_eof()
            with trio.move_on_after(1):  # else what it sent would take our answer with it
                while await stream.receive_some(MAX_RECV):
                    pass
        return False

    async def _converse(self) -> None:
        sock = self._bare.socket
        try:
            client = parse_socket_addr(sock.family, sock.getpeername())
            server = parse_socket_addr(sock.family, sock.getsockname())
            async with TaskGroup() as task_group:
                self._task_group = task_group
                self._peer = client
                self._speaking = Http11Only(
                    self.app,
                    self.config,
                    self.context,
                    task_group,
                    ConnectionState(self.state),
                    self._encryption is not None,
                    client,
                    server,
                    self.protocol_send,
                )
                self.protocol = self._speaking  # type: ignore[assignment]
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
    encryption: Encryption | None = None,
    at_once: AtOnce | None = None,
    keep_alive_s: float = KEEP_ALIVE_S,
    on_shutdown: Callable[[], None] = lambda: None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `app` until `shutdown` is set, then give live requests `grace_s` to end.

    `at_once` is asked first about each plain request; None says that it is for `app`.
    `on_shutdown` ends those that would go on for ever.
    """
    app.asgi_http_class = QuartConnection
    config = Config()
    config.keep_alive_timeout = keep_alive_s
    config.keep_alive_max_requests = _MAX_REQUESTS
    config.errorlog = logging.getLogger("api.http")
    config.accesslog = None
    config.include_server_header = False
    context = WorkerContext(None)
    limit = ConnectionLimit(most_connections())
    connection = partial(
        GuardedConnection,
        limit,
        encryption,
        at_once,
        wrap_app(app, config.wsgi_max_body_size, "asgi"),
        config,
        context,
        {},
    )
    await app.startup()
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as listening:
            for sock in sockets:
                listening.start_soon(_accept, sock, connection, connections, limit)
            task_status.started()
            await shutdown.wait()
            listening.cancel_scope.cancel()
        on_shutdown()
        await context.terminated.set()
        connections.cancel_scope.deadline = trio.current_time() + grace_s


async def _accept(
    sock: socket.socket,
    connection: Callable[[trio.SocketStream], GuardedConnection],
    connections: trio.Nursery,
    limit: ConnectionLimit,
) -> None:
    """Take connections until cancelled; what is used up comes back when others end."""
    async with trio.SocketListener(trio.socket.from_stdlib_socket(sock)) as listener:
        while True:
            try:
                connections.start_soon(connection(await listener.accept()).run)
            except OSError as error:
                if not is_shortage(error):
                    raise
                limit.relieve(error.strerror or str(error))
                await trio.sleep(_ACCEPT_AGAIN_S)
            else:
                for stream in waiting(sock):
                    connections.start_soon(connection(stream).run)


def waiting(sock: socket.socket) -> Iterator[trio.SocketStream]:
    """Take those that wait behind the first: one a turn, the last would wait for all requests.

    What is amiss with one ends this; the next turn asks again, and judges it.
    """
    for _ in range(_ACCEPT_AT_ONCE):
        try:
            accepted, _ = sock.accept()
        except OSError:
            return
        yield trio.SocketStream(trio.socket.from_stdlib_socket(accepted))
