"""Child processes that decode strangers' bytes: warm while there is work, bounded, killed at need.

The daemon itself opens no photo and no video. It hands each over as a task; what misbehaves costs
the child that works on it, and nobody else.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import trio

from ground import shortage
from media.errors import MediaError, MediaInvalid, MediaTooLarge, RenderFailed

Progress = Callable[[float], None]

_COMMAND = (sys.executable, "-m", "media.worker")
_HOME = Path(__file__).parent.parent  # where the worker finds this package
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH")
_ERRORS: dict[str, type[MediaError]] = {
    kind.__name__: kind for kind in (MediaInvalid, MediaTooLarge, RenderFailed)
}
# The one limit of media work on this machine: each child may take a processor and a few hundred MB.
_AT_WORK = max(2, os.cpu_count() or 1) + 1
_working = trio.CapacityLimiter(_AT_WORK)
# Encoding takes minutes, and a look at a video that is made for it nearly one; there is always room
# for what takes a moment: a photo, and a look while others encode.
_encoding = trio.CapacityLimiter(_AT_WORK - 2)
_looking = trio.CapacityLimiter(1)
IDLE_S = 15.0  # to start a child takes longer than a photo; an idle daemon has none
_REAP_S = 10
_LONGEST_ANSWER = 1 << 20
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one task may take: address space and largest file in bytes, seconds of processor."""

    memory: int
    file_size: int
    cpu_s: int | None = None


# Address space is twice what is really used: for a video in 8K, and for a photo of 80 million
# pixels.
LOOK = Bounds(memory=4096 * MIB, file_size=64 * MIB, cpu_s=30)
VIDEO = Bounds(memory=4096 * MIB, file_size=1024 * MIB)
PHOTO = Bounds(memory=2048 * MIB, file_size=64 * MIB, cpu_s=20)


class _Child:
    """One running worker."""

    def __init__(self, process: trio.Process, log: IO[bytes]) -> None:
        self.process = process
        self.log = log
        self.is_fresh = True
        self.last_words = ""
        self.taken = trio.Event()


# The children without a task, of this run of the event loop.
_idle: trio.lowlevel.RunVar[list[_Child]] = trio.lowlevel.RunVar("_idle")


async def work(
    task: str,
    bounds: Bounds,
    *,
    timeout_s: float,
    on_progress: Progress | None = None,
    encodes: bool = False,
    looks: bool = False,
    **arguments: Any,
) -> Any:
    """Let a child do `task`, a function as `module:name`; returns its result as JSON gave it.

    It waits for its turn first: `encodes` says that it may take minutes, `looks` that it is a look
    at a video; `timeout_s` counts from when it begins. Paths among the arguments become absolute
    texts. Cancelling kills the child. Raises MediaInvalid, MediaTooLarge, RenderFailed, and OSError
    where the machine runs out of something.
    """
    given = {
        # The child runs in _HOME, so relative paths would mean others there.
        name: str(value.absolute()) if isinstance(value, Path) else value
        for name, value in arguments.items()
    }
    asked = json.dumps({"do": task, "with": given, "bounds": asdict(bounds)})
    turn = _encoding if encodes else _looking if looks else nullcontext()
    async with turn, _working:
        answer = await _ask(asked, timeout_s, on_progress, warm=True)
        if answer is None:  # a warm one died: perhaps of what it did before
            answer = await _ask(asked, timeout_s, on_progress, warm=False)
    assert answer is not None
    if "result" in answer:
        return answer["result"]
    if answer["error"] == "OSError":
        raise OSError(answer["errno"], os.strerror(answer["errno"]))
    raise _ERRORS.get(answer["error"], RenderFailed)(answer["reason"])


async def _ask(
    asked: str, timeout_s: float, on_progress: Progress | None, *, warm: bool
) -> dict[str, Any] | None:
    """Return what a child answers; None if one died that was warm, and so proves nothing."""
    child = (_take() if warm else None) or await _start()
    answer = None
    try:
        with trio.fail_after(timeout_s):
            answer = await _converse(child.process, asked, on_progress)
            if answer is None:
                await child.process.wait()
    except trio.TooSlowError:
        raise RenderFailed(f"it took longer than {timeout_s:g} s") from None
    finally:
        if answer is not None and not answer.get("last"):
            _lay_by(child)
        else:
            await _end(child)
    if answer is not None:
        return answer
    if not child.is_fresh and child.process.returncode != -signal.SIGXCPU:
        return None
    shortage.check()
    raise RenderFailed(_cause_of_death(child))


def _take() -> _Child | None:
    """Return a child that waits for work."""
    waiting = _idle.get([])
    if not waiting:
        return None
    child = waiting.pop()
    child.taken.set()
    child.is_fresh = False
    return child


def _lay_by(child: _Child) -> None:
    """Keep a child for the next task, for a while."""
    waiting = _idle.get([])
    _idle.set(waiting)
    waiting.append(child)
    child.taken = trio.Event()
    trio.lowlevel.spawn_system_task(_end_if_idle, child, child.taken)


async def _end_if_idle(child: _Child, taken: trio.Event) -> None:
    try:
        with trio.move_on_after(IDLE_S):
            await taken.wait()
    finally:  # also when the event loop ends
        if not taken.is_set():
            _idle.get().remove(child)
            await _end(child)


async def _start() -> _Child:
    log = TemporaryFile()  # noqa: SIM115  closed by `_end`
    try:
        process = await trio.lowlevel.open_process(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=_HOME,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            start_new_session=True,  # Ctrl-C in a terminal is for the daemon alone
        )
    except BaseException:
        log.close()
        raise
    return _Child(process, log)


async def _converse(
    process: trio.Process, asked: str, on_progress: Progress | None
) -> dict[str, Any] | None:
    """Hand over the task, report progress, and return the answer; None from a child that died."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(trio.BrokenResourceError):  # dead already: its exit code says more
        await process.stdin.send_all(asked.encode() + b"\n")
    rest = b""
    async for chunk in process.stdout:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            said = _read(line)
            if on_progress is not None and "progress" in said:
                on_progress(said["progress"])
            if "result" in said or "error" in said:
                return said
        if len(rest) > _LONGEST_ANSWER:
            raise RenderFailed("the renderer talks without an end")
    return None


def _read(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise RenderFailed("the renderer speaks in riddles")
    return said


async def _end(child: _Child) -> None:
    """Kill the child unless it has ended, wait until it is gone, and close its pipes."""
    process = child.process
    assert process.stdin is not None
    assert process.stdout is not None
    with trio.move_on_after(_REAP_S, shield=True):
        process.kill()
        await process.wait()
        await process.stdin.aclose()
        await process.stdout.aclose()
    with child.log as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - 500))
        child.last_words = log.read().decode(errors="replace").strip().rpartition("\n")[2]


def _cause_of_death(child: _Child) -> str:
    code = child.process.returncode
    if code == -signal.SIGXCPU:
        return "it took too much of the processor's time"
    if code is not None and code < 0:
        return f"the renderer was ended by {signal.Signals(-code).name}"
    return f"the renderer ended with code {code}: {child.last_words or 'it said nothing'}"
