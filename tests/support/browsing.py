"""A real Chromium as a program that does one step after the other, as it is told on its input.

Of its own, because Playwright needs asyncio as it is, and trio-asyncio has replaced it in tests. A
line is a module and the name of a step in it, with its arguments; the answer is what the step
returned, as a line of JSON. A program serves one test after the other, each in browser profiles of
its own: starting one takes as long as what many a test does with it.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import trio
from playwright import sync_api
from playwright.sync_api import sync_playwright
from trio.lowlevel import FdStream

from tests.support.limits import DEADLOCK_S
from tests.support.process import ROOT
from tests.support.tools import program

# Names that are not ours lead nowhere, so that a request to one would show as failed too.
FLAGS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
_FLAGS = [*FLAGS, "--disable-quic", "--disable-background-networking", "--disable-sync"]
_LEAVE = ["", "leave"]
_PATIENCE_MS = 60_000  # less than a test has for a step: what is missing is told by its name


def main(executable: str) -> None:
    """Open the browser, and take steps until the input ends."""
    sync_api.expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_FLAGS)
        for line in sys.stdin:
            module, name, *given = json.loads(line)
            try:
                step = getattr(import_module(module), name) if module else _leave
                told: dict[str, Any] = {"done": step(browser, *given)}
            except Exception:  # noqa: BLE001 - told to the test
                told = {"failed": traceback.format_exc()}
            print(json.dumps(told), flush=True)
        browser.close()


def _leave(browser: sync_api.Browser) -> None:
    """Close every profile: the next test finds a browser in which nobody has been."""
    for context in browser.contexts:
        context.close()


class StepFailed(Exception):
    """A step did not find what it expects; the message is its traceback."""


class Browser:
    """The other end, in a test."""

    def __init__(self, module: str, asked: FdStream, told: FdStream) -> None:
        self._module, self._asked, self._told = module, asked, told
        self._rest = b""

    async def take(self, step: str, *given: Any) -> Any:
        """Have a step taken; returns what it returned. Raises `StepFailed`."""
        return await self._take([self._module, step, *given])

    async def leave(self) -> None:
        """Have every profile closed."""
        await self._take(_LEAVE)

    async def _take(self, line: list[Any]) -> Any:
        await self._asked.send_all(json.dumps(line).encode() + b"\n")
        with trio.fail_after(DEADLOCK_S):
            told = json.loads(await self._line())
        if "failed" in told:
            raise StepFailed(told["failed"])
        return told["done"]

    async def _line(self) -> bytes:
        while b"\n" not in self._rest:
            some = await self._told.receive_some()
            if not some:
                raise StepFailed("the browser's program has ended")
            self._rest += some
        line, _, self._rest = self._rest.partition(b"\n")
        return line


# The one that nobody uses; it ends with this process, which holds its input.
_resting: list[subprocess.Popen[bytes]] = []


@asynccontextmanager
async def open_browser(module: str) -> AsyncIterator[Browser]:
    """Open Chromium for the steps of a module; the test is skipped where there is none."""
    executable = program("chromium", "chromium-browser", "google-chrome")
    process = _resting.pop() if _resting else _started(executable)
    assert process.stdin is not None
    assert process.stdout is not None
    asked = FdStream(os.dup(process.stdin.fileno()))
    told = FdStream(os.dup(process.stdout.fileno()))
    is_left = False
    try:
        async with asked, told:
            browser = Browser(module, asked, told)
            yield browser
            await browser.leave()
            is_left = True
    finally:
        if is_left and not _resting:
            _resting.append(process)
        else:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(_end, process)


def _started(executable: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.browsing", executable]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let it close its browser, and end."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


@atexit.register
def _end_resting() -> None:
    while _resting:
        _end(_resting.pop())


if __name__ == "__main__":
    main(*sys.argv[1:])
