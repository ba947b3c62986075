"""The media worker watched, and replaced by one that misbehaves."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
import trio

from media import child

HANG = "import sys, time; sys.stdin.readline(); time.sleep(3600)"


def record_children(monkeypatch: pytest.MonkeyPatch) -> list[trio.Process]:
    """Return a list that every child process started from now on is added to."""
    started: list[trio.Process] = []
    open_process = trio.lowlevel.open_process

    async def recording(*args: Any, **options: Any) -> trio.Process:
        process = await open_process(*args, **options)
        started.append(process)
        return process

    monkeypatch.setattr(trio.lowlevel, "open_process", recording)
    return started


def record_tasks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that every task given to a child from now on is added to."""
    given: list[str] = []
    work = child.work

    async def recording(task: str, *args: Any, **options: Any) -> Any:
        given.append(task)
        return await work(task, *args, **options)

    monkeypatch.setattr(child, "work", recording)
    return given


def is_gone(process: trio.Process) -> bool:
    """Whether the child has ended and was waited for, so that its number is free again."""
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return process.returncode is not None
    return False


def replace_worker(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let `code` run instead of the worker."""
    monkeypatch.setattr(child, "_take", lambda: None)  # none that waits for work already
    monkeypatch.setattr(child, "_COMMAND", (sys.executable, "-c", code))
