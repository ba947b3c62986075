"""The hang that the clamped timers prevent: rare, so it takes many requests to see it."""

from __future__ import annotations

import httpx
import pytest
import trio
import trio_asyncio
from aiograpi.transports import CurlH2Transport

from instagram.private.loop import open_instagram_loop
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Hang
from tests.support.limits import DEADLOCK_S

CLIENTS, ROUNDS = 36, 30


@pytest.mark.soak
async def test_no_timed_out_request_ever_hangs(sandbox: Sandbox) -> None:
    """Without the clamp about 7 of 1080 requests to a silent server never end."""
    sandbox.faults.add(Fault(path="qe/sync", kind=Hang(), times=None))
    hung: list[int] = []

    async def client(number: int) -> None:
        transport = CurlH2Transport(proxy=sandbox.proxy_url, verify=str(sandbox.ca_file))
        timeout = 0.1 + number * 0.01
        request = httpx.Request(
            "GET",
            "https://i.instagram.com/api/v1/qe/sync/",
            extensions={"timeout": {"connect": timeout, "read": timeout}},
        )
        for _ in range(ROUNDS):
            with trio.move_on_after(DEADLOCK_S) as scope:
                try:
                    await trio_asyncio.aio_as_trio(transport.handle_async_request)(request)
                except httpx.ConnectError:
                    continue
            if scope.cancelled_caught:
                hung.append(number)
        await trio_asyncio.aio_as_trio(transport.aclose)()

    async with open_instagram_loop(), trio.open_nursery() as nursery:
        for number in range(CLIENTS):
            nursery.start_soon(client, number)
    assert hung == []
