"""Opening a sandbox: its port, its parts, and the object with which tests steer it."""

from __future__ import annotations

import errno
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from sandbox.control.interface import Control
from sandbox.private.password import PasswordKey
from sandbox.service import Service
from sandbox.wire.certificates import Certificates
from sandbox.wire.connection import Proxy
from sandbox.wire.faults import Faults
from sandbox.world.ledger import Ledger
from sandbox.world.moving_clock import MovingClock
from sandbox.world.world import World

logger = logging.getLogger(__name__)

_LOOPBACK = "127.0.0.1"
_OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}


class Port:
    """A port on loopback that can stop taking connections and start again."""

    def __init__(self, number: int) -> None:
        self._socket = _bound(number)
        self.number: int = self._socket.getsockname()[1]
        self._listener: trio.socket.SocketType | None = None
        self._open = trio.Event()
        self.listen()

    def listen(self) -> None:
        """Take connections, from the moment this returns."""
        if self._listener is None:
            self._socket.listen(128)
            self._listener = trio.socket.from_stdlib_socket(self._socket)
            self._open.set()

    def refuse(self) -> None:
        """Refuse connections. The port stays ours: it is bound again, but not listened on."""
        if self._listener is not None:
            self._open = trio.Event()
            self._listener.close()
            self._listener = None
            self._socket = _bound(self.number)

    async def serve(self, handler: Callable[[trio.SocketStream], Awaitable[None]]) -> None:
        """Hand every connection to the handler, in a task of its own. Runs until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                while True:
                    await self._open.wait()
                    if (stream := await self._accept()) is not None:
                        nursery.start_soon(handler, stream, name="sandbox connection")
        finally:
            self._socket.close()

    async def _accept(self) -> trio.SocketStream | None:
        if self._listener is None:
            return None
        try:
            accepted, _ = await self._listener.accept()
        except trio.ClosedResourceError:
            return None
        except OSError as error:
            if error.errno in _OUT_OF_RESOURCES:
                logger.warning("connection not accepted reason=%s", error)
                await trio.sleep(0.1)
            return None
        return trio.SocketStream(accepted)


def _bound(number: int) -> socket.socket:
    bound = socket.socket()
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((_LOOPBACK, number))
    except OSError:
        bound.close()
        raise
    return bound


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: where it is, what is in it, what it saw, and what shall go wrong."""

    proxy_url: str
    ca_file: Path
    world: World
    ledger: Ledger
    faults: Faults
    _proxy: Proxy
    _port: Port

    def proxy_down(self, *, refuse: bool = True) -> None:
        """Cut all connections, and refuse new ones or answer 502 to every CONNECT."""
        self._proxy.is_down = True
        if refuse:
            self._port.refuse()
        self._proxy.reset_all()

    def proxy_up(self) -> None:
        """Take connections again."""
        self._proxy.is_down = False
        self._port.listen()


@asynccontextmanager
async def open_sandbox(
    directory: Path, *, port: int = 0, clock: Callable[[], float] = time.time
) -> AsyncIterator[Sandbox]:
    """Run a sandbox on loopback for as long as the context is open.

    `directory` is made if needed; keys, received files and temporary data live in it, and a
    sandbox opened there again has the same certificate authority. `port` 0 takes any free one;
    `clock` tells the seconds since 1970 and may be a test's own. Leaving the context cuts every
    connection.

    Raises:
        OSError: the port is taken, or the directory cannot be written.
    """
    spool = directory / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    certificates = Certificates(directory)
    password_key = await trio.to_thread.run_sync(PasswordKey, directory)
    moving = MovingClock(clock)
    ledger = Ledger(moving)
    world = World(directory, ledger, moving)
    faults = Faults()
    service = Service(world, ledger, faults, password_key)
    control = Control(world, ledger, faults, directory, moving)
    proxy = Proxy(certificates, service.answer, control.answer, ledger.refuse_tunnel, spool)
    door = Port(port)
    url = f"http://{_LOOPBACK}:{door.number}"
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        nursery.start_soon(door.serve, proxy.serve, name="sandbox port")
        try:
            yield Sandbox(url, certificates.ca_file, world, ledger, faults, proxy, door)
        finally:
            nursery.cancel_scope.cancel()
