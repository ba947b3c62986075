"""Connections to judged addresses: what is connected to is what was looked up and judged."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from functools import partial
from typing import Any

import httpcore
import trio

from webhooks.targets import TargetRefused, Targets

# Threads that nobody else waits for: a name whose servers say nothing keeps one for half a minute.
_look_ups = trio.CapacityLimiter(64)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to judged addresses only."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._network = httpcore.TrioBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host` that answers, if all of them are allowed."""
        try:
            look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            entries = await trio.to_thread.run_sync(
                look_up, abandon_on_cancel=True, limiter=_look_ups
            )
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} was not found") from error
        addresses = dict.fromkeys(str(entry[4][0]) for entry in entries)
        last: Exception = httpcore.ConnectError(f"{host} does not answer")
        for address in self._targets.judge(host, port, list(addresses)):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Refuse: no address leads to one."""
        raise TargetRefused("a webhook is no file")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await trio.sleep(seconds)
