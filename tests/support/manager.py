"""A service manager for daemons under test: the socket that systemd listens on, and its memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio

from tests.support.limits import DEADLOCK_S


@dataclass(kw_only=True)
class Manager:
    """What daemons have said, one entry each datagram; `environment` makes one talk to it."""

    environment: dict[str, str]
    heard: list[str] = field(default_factory=list)
    _news: trio.Event = field(default_factory=trio.Event)

    def hear(self, message: str) -> None:
        self.heard.append(message)
        self._news.set()
        self._news = trio.Event()

    async def until(self, meant: str | Callable[[str], bool], since: int = 0) -> int:
        """Wait for a message; returns how many had been heard with it."""
        chosen = meant if callable(meant) else lambda message: message == meant
        with trio.move_on_after(DEADLOCK_S):
            while True:
                for number, message in enumerate(self.heard[since:], start=since + 1):
                    if chosen(message):
                        return number
                await self._news.wait()
        raise AssertionError(f"it does not come; heard since: {self.heard[since:]}")

    @property
    def status(self) -> str:
        """The last status line."""
        told = [message for message in self.heard if message.startswith("STATUS=")]
        return told[-1].removeprefix("STATUS=") if told else ""


@asynccontextmanager
async def open_manager(
    directory: Path, *, watchdog_s: float | None = None, abstract: bool = False
) -> AsyncIterator[Manager]:
    """Listen as systemd does; with `watchdog_s` the daemon is asked to prove that it lives."""
    address = f"@{directory}/notify" if abstract else str(directory / "notify")
    environment = {"NOTIFY_SOCKET": address}
    if watchdog_s is not None:
        environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1_000_000))
    manager = Manager(environment=environment)
    with trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind("\0" + address[1:] if abstract else address)

        async def listen() -> None:
            while True:
                manager.hear((await sock.recv(4096)).decode())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            yield manager
            nursery.cancel_scope.cancel()
