"""The sandbox that this daemon lets a person try: a child process with everything of its own.

It is what `reprise demo --page` runs: a simulated Instagram and a second daemon on a data directory
of their own, in a folder that goes with them. Nothing of it is in our database. There is one at
most, it ends by itself after a while, and it never outlives us: it holds a pipe of ours, and its
processes are a group that is ended together.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import trio

from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from local.ask import Daemon, NotThere
from operations.browser import create_login_code
from operations.models import LoginCodeRequest
from operations.trial import Stage, TrialState

logger = logging.getLogger(__name__)

FOLDER = "sandbox"
_LOG = "sandbox.log"
LONGEST = timedelta(hours=4)
_COMMAND = (sys.executable, "-m", "daemon", "demo", "--page", "--json", "--no-open")
_READY_WITHIN_S = 600.0  # as long as the demonstration itself may take on the busiest machine
_MOST_TOLD = 1 << 16
_NOT_OPENED = "The sandbox cannot be opened: {}"
_ANSWERS_WITHIN_S = 10.0  # one that is stuck keeps no thread of ours
_ENDS_WITHIN_S = 5.0  # nothing in it is worth waiting for
# Who starts us may tell us where to report; its answer is for this process alone.
_OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID")


@dataclass(frozen=True, slots=True)
class _Opened:
    """Where the sandbox's daemon listens, and whose data it has."""

    url: str
    data_dir: Path


class Trial:
    """One sandbox at most; `run` is the service in which it lives."""

    def __init__(
        self,
        data_dir: Path,
        clock: Clock,
        *,
        is_offered: bool,
        command: Sequence[str] = _COMMAND,
    ) -> None:
        """`is_offered` is false inside of a sandbox, which opens no other."""
        self.state = TrialState(Stage.NONE if is_offered else Stage.NOT_OFFERED)
        self._folder = data_dir / FOLDER
        self._clock = clock
        self._command = command
        self._wanted: trio.Event | None = None
        self._life: trio.CancelScope | None = None
        self._opened: _Opened | None = None

    async def begin(self) -> TrialState:
        """Begin to open it, where it is not open; `state` says how far it is."""
        if self.state.stage is Stage.NOT_OFFERED:
            raise Refusal(ErrorCode.INVALID_STATUS, "This is a sandbox already")
        if self._wanted is None:
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, "No daemon runs that could open it")
        if self.state.stage not in (Stage.OPENING, Stage.OPEN):
            now = self._clock.now()
            self.state = TrialState(Stage.OPENING, since=now, until=now + LONGEST)
            self._wanted.set()
        return self.state

    async def end(self) -> TrialState:
        """End it and all that is in it; nothing where there is none."""
        if self._life is not None:
            self._life.cancel()
        if self.state.stage is not Stage.NOT_OFFERED:
            self.state = TrialState(Stage.NONE)
        return self.state

    async def enter(self) -> str:
        """Return a link to its page that works once."""
        if self._opened is None or self.state.stage is not Stage.OPEN:
            raise Refusal(ErrorCode.INVALID_STATUS, "No sandbox is open")
        return await trio.to_thread.run_sync(_link, self._opened)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Open one whenever it is asked for; until cancelled."""
        try:
            self._wanted = trio.Event()
            await trio.to_thread.run_sync(self._clear)  # of a daemon that was killed
            task_status.started()
            while True:
                await self._wanted.wait()
                self._wanted = trio.Event()
                with trio.CancelScope() as life:
                    self._life = life
                    reason = await self._one()
                    if not life.cancel_called:  # else it may have been asked for again
                        self.state = _after(reason)
                self._life = self._opened = None
        finally:
            if self.state.stage in (Stage.OPENING, Stage.OPEN):
                self.state = _after("It could not go on")
            self._wanted = self._life = self._opened = None

    async def _one(self) -> str | None:
        """Let one live; returns what went wrong, or None where it had its time."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self._folder / _LOG).open("ab") as said:
                return await self._lives(said.fileno())
        except OSError as error:
            return _NOT_OPENED.format(error.strerror)
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(self._clear)

    async def _lives(self, log: int) -> str | None:
        start = partial(
            trio.run_process,
            [*self._command, "--output", str(self._folder / "output")],
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            check=False,
            start_new_session=True,
            deliver_cancel=_end,
        )
        process: trio.Process | None = None
        try:
            async with trio.open_nursery() as nursery:
                try:
                    process = await nursery.start(start)
                except OSError as error:  # no process is to be had: a nursery would wrap it
                    return _NOT_OPENED.format(error.strerror)
                logger.info("sandbox begun pid=%s", process.pid)
                reason = await self._stays(process)
                nursery.cancel_scope.cancel()
                return reason
        finally:
            if process is not None:
                _kill(process)
                logger.info("sandbox ended pid=%s", process.pid)

    async def _stays(self, process: trio.Process) -> str | None:
        with trio.move_on_after(_READY_WITHIN_S):
            self._opened = await _told(process)
        if self._opened is None:
            why = self._last_words()
            logger.warning("sandbox did not open: %s", why)
            return f"The sandbox did not open on this machine: {why}"
        self.state = self.state.at(Stage.OPEN)
        with trio.move_on_after(LONGEST.total_seconds()):
            await process.wait()
            return "The sandbox has ended by itself"
        return None

    def _environment(self) -> dict[str, str]:
        """Return ours without what is ours: its settings are its own."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("REPRISE_") and name not in _OURS
        }
        return {**kept, "TMPDIR": str(self._folder)}

    def _last_words(self) -> str:
        said = (self._folder / _LOG).read_text(errors="replace").strip()
        return said.rpartition("\n")[2][-500:] or "it said nothing"

    def _clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _after(reason: str | None) -> TrialState:
    return TrialState(Stage.FAILED if reason else Stage.NONE, reason=reason)


async def _told(process: trio.Process) -> _Opened | None:
    """Return what it says when it is open; None where it ends before."""
    opened: list[_Opened] = []

    async def listen() -> None:
        assert process.stdout is not None
        text = b""
        while len(text) < _MOST_TOLD and (chunk := await process.stdout.receive_some()):
            text += chunk
            if text.rstrip().endswith(b"}"):
                told = json.loads(text)
                opened.append(_Opened(told["url"], Path(told["dataDir"])))
                nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await process.wait()
        nursery.cancel_scope.cancel()
    return opened[0] if opened else None


async def _end(process: trio.Process) -> None:
    process.terminate()
    with trio.move_on_after(_ENDS_WITHIN_S):
        await process.wait()
    _kill(process)


def _kill(process: trio.Process) -> None:
    """End what is left of the group, the sandbox's own daemon among it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _link(opened: _Opened) -> str:
    # Its daemon is asked, because by its clock it may be tomorrow.
    try:
        daemon = Daemon(opened.data_dir, patience_s=_ANSWERS_WITHIN_S)
        made = daemon.perform(create_login_code, LoginCodeRequest())
    except NotThere:
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, "The sandbox does not answer") from None
    return f"{opened.url}/login?code={made.code}"
