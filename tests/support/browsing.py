"""A real Chromium as a program that does one step after the other, as it is told on its input.

Of its own, as `tests.support.browser` is: Playwright needs asyncio as it is. A line is the name of
a step in a module, with its arguments; the answer is what the step returned, as a line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import trio
from playwright.sync_api import sync_playwright

from tests.support.browser import FLAGS
from tests.support.limits import DEADLOCK_S
from tests.support.process import ROOT
from tests.support.tools import program

_FLAGS = [*FLAGS, "--disable-quic", "--disable-background-networking", "--disable-sync"]


def main(executable: str, module: str) -> None:
    """Open the browser, and take steps until the input ends."""
    steps = import_module(module)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_FLAGS)
        for line in sys.stdin:
            name, *given = json.loads(line)
            try:
                told: dict[str, Any] = {"done": getattr(steps, name)(browser, *given)}
            except Exception:  # noqa: BLE001 - told to the test
                told = {"failed": traceback.format_exc()}
            print(json.dumps(told), flush=True)
        browser.close()


class StepFailed(Exception):
    """A step did not find what it expects; the message is its traceback."""


class Browser:
    """The other end, in a test."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._rest = b""

    async def take(self, step: str, *given: Any) -> Any:
        """Have a step taken; returns what it returned. Raises `StepFailed`."""
        assert self._process.stdin is not None
        await self._process.stdin.send_all(json.dumps([step, *given]).encode() + b"\n")
        with trio.fail_after(DEADLOCK_S):
            told = json.loads(await self._line())
        if "failed" in told:
            raise StepFailed(told["failed"])
        return told["done"]

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        while b"\n" not in self._rest:
            some = await self._process.stdout.receive_some()
            if not some:
                raise StepFailed("the browser's program has ended")
            self._rest += some
        line, _, self._rest = self._rest.partition(b"\n")
        return line


@asynccontextmanager
async def open_browser(module: str) -> AsyncIterator[Browser]:
    """Open Chromium for the steps of a module; the test is skipped where there is none."""
    executable = program("chromium", "chromium-browser", "google-chrome")
    command = [sys.executable, "-m", "tests.support.browsing", executable, module]
    process = await trio.lowlevel.open_process(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield Browser(process)
    finally:
        assert process.stdin is not None
        with trio.CancelScope(shield=True), trio.move_on_after(30):
            await process.stdin.aclose()
            await process.wait()
        if process.returncode is None:
            process.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
