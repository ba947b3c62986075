"""The repairs of the asyncio loop, without which transfers hang and the daemon dies."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import trio
import trio_asyncio

from instagram.private.loop import open_instagram_loop
from sandbox import Sandbox
from tests.support.limits import DEADLOCK_S

_ONE_REQUEST = textwrap.dedent("""
    import sys, trio, trio_asyncio
    from instagram.private.loop import open_instagram_loop
    from aiograpi.transports import CurlH2Transport
    import httpx

    async def main():
        async with open_instagram_loop():
            transport = CurlH2Transport(proxy=sys.argv[1], verify=sys.argv[2])
            request = httpx.Request("GET", "https://i.instagram.com/api/v1/qe/sync/",
                                    extensions={"timeout": {"connect": 5, "read": 5}})
            await trio_asyncio.aio_as_trio(transport.handle_async_request)(request)
            await trio_asyncio.aio_as_trio(transport.aclose)()

    trio.run(main)
""")


async def test_curls_timers_never_trip_the_loop(sandbox: Sandbox) -> None:
    """Each tripped timer is a chance of a transfer that never ends.

    Without the clamp libcurl's -1 fails an assertion of trio-asyncio in a cffi callback, which
    only standard error shows, some nine lines for every request.
    """
    script = [sys.executable, "-W", "ignore", "-c", _ONE_REQUEST]
    done = await trio.run_process(
        [*script, sandbox.proxy_url, str(sandbox.ca_file)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
        capture_stderr=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.stderr.decode() == ""


async def test_a_negative_delay_runs_the_callback_at_once() -> None:
    async with open_instagram_loop():
        ran = trio.Event()
        asyncio.get_running_loop().call_later(-0.001, ran.set)
        with trio.fail_after(DEADLOCK_S):
            await ran.wait()


async def test_a_stray_asyncio_error_does_not_end_the_loop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_instagram_loop():

        def broken() -> None:
            raise RuntimeError("a stray error with a secret in it")

        asyncio.get_running_loop().call_soon(broken)
        await trio_asyncio.aio_as_trio(asyncio.sleep)(0.01)
        await trio_asyncio.aio_as_trio(asyncio.sleep)(0.01)
    assert "stray asyncio error" in caplog.text
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text.replace("RuntimeError", "")
