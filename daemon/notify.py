"""What the daemon tells its service manager: ready, reloading, stopping, and that it is alive.

systemd's protocol (`man sd_notify`): one datagram each. Without a manager nothing is sent.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import timedelta

import trio

from ground.plain_text import plain

logger = logging.getLogger(__name__)


class Notifier:
    """Talks to the manager that started this process, if it wants to hear."""

    def __init__(self, address: str | None, watchdog: timedelta | None = None) -> None:
        """`watchdog`: how long the manager waits for `alive` before it ends the daemon."""
        self._address = address
        self.watchdog = watchdog if address else None

    @classmethod
    def of(cls, environ: MutableMapping[str, str] = os.environ) -> Notifier:
        """Return the one this process was started with; takes it out of what children inherit."""
        address = environ.pop("NOTIFY_SOCKET", None) or None
        usec, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        ours = pid in ("", str(os.getpid()))
        watched = ours and usec.isdigit() and int(usec) > 0
        return cls(address, timedelta(microseconds=int(usec)) if watched else None)

    @property
    def is_heard(self) -> bool:
        """Whether there is a manager to tell anything."""
        return self._address is not None

    def ready(self) -> None:
        """Say that the daemon works, at its start or after `reloading`."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Say that settings are read again; `ready` ends that."""
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now_us}")

    def stopping(self) -> None:
        """Say that the daemon ends in order."""
        self._send("STOPPING=1\nSTATUS=Finishing what is on its way")

    def status(self, line: str) -> None:
        """Say in one line what the daemon is doing."""
        self._send(f"STATUS={plain(line)}")

    def alive(self) -> None:
        """Put the manager's watchdog off."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
        try:  # without a descriptor to spare, too: the daemon is not to end for a word about it
            with socket.socket(socket.AF_UNIX, kind) as sock:
                sock.setblocking(False)
                sock.sendto(message.encode(), address)
        except OSError as error:
            logger.warning("service manager does not listen error=%s", error.strerror)


async def feed_watchdog(
    notifier: Notifier, each: Callable[[], list[tuple[str, Callable[[], Awaitable[None]]]]]
) -> None:
    """Say `alive` twice in the manager's time, as long as every service proves its progress.

    `each` returns the running services' names and proofs; a proof returns when its service has
    made a step. Runs until cancelled; returns at once where no watchdog was asked for.
    """
    if notifier.watchdog is None:
        return
    interval_s = notifier.watchdog.total_seconds()
    while True:
        for name, proof in each():
            with trio.move_on_after(interval_s / 4) as patience:
                await proof()
            if patience.cancelled_caught:
                logger.warning("watchdog not fed, service makes no progress name=%s", name)
                await proof()
                logger.warning("service goes on name=%s", name)
        notifier.alive()
        await trio.sleep(interval_s / 2)
