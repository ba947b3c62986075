"""The daemon's side of `worker`: a process for one message, bounded in time and killed at need."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from ground import shortage
from notices.services import ADVICE, NoAddress
from webhooks.sending import Told
from webhooks.targets import Targets

TIMEOUT_S = 15.0
START_S = 30.0  # on a busy machine; nothing has been said to anybody by then
_REAP_S = 10
_COMMAND = (sys.executable, "-m", "notices.worker")
_HOME = Path(__file__).parent.parent
# No proxies and no home: what is told goes straight, and with no login of this machine's user.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")
_SEVERAL = "an address of several recipients: add each by itself, so that none is told twice"
_LONGEST = 1 << 16
# Each takes some 60 MB; whoever adds addresses in a loop must not take all there is.
_at_once = trio.CapacityLimiter(4)


@dataclass(frozen=True, slots=True)
class _Line:
    """Where a worker takes its task and says what came of it."""

    process: trio.Process

    async def said(self) -> bytes:
        assert self.process.stdout is not None
        line = b""
        while not line.endswith(b"\n") and len(line) < _LONGEST:
            part = await self.process.stdout.receive_some(4096)
            if not part:
                break
            line += part
        return line


class Teller:
    """A worker that is ready, and has said nothing yet to anybody. Made by `opened`."""

    def __init__(self, line: _Line, targets: Targets) -> None:
        self._line = line
        self._targets = targets

    async def check(self, url: str) -> None:
        """Raise `NoAddress` where nobody can be told by an address; nobody is asked."""
        with trio.move_on_after(TIMEOUT_S):
            answer = await self._ask(do="check", url=url)
            if not answer.get("ok"):
                raise NoAddress(_SEVERAL if answer.get("reason") == "several" else ADVICE)
            return
        raise NoAddress(ADVICE)

    async def tell(self, url: str, title: str, body: str) -> Told:
        """Tell somebody something, once; whatever goes wrong is told in the answer."""
        with trio.move_on_after(TIMEOUT_S):
            answer = await self._ask(do="tell", url=url, title=title, body=body)
            return _told(answer)
        return Told(None, f"no answer within {TIMEOUT_S:g} s", is_unknown=True)

    async def _ask(self, **task: str) -> dict[str, Any]:
        targets = {
            "reach": self._targets.reach,
            "networks": [str(each) for each in self._targets.networks],
            "own_port": self._targets.own_port,
        }
        stdin = self._line.process.stdin
        assert stdin is not None
        try:
            await stdin.send_all(json.dumps({**task, "targets": targets}).encode() + b"\n")
            answer = json.loads(await self._line.said())
        except (trio.BrokenResourceError, ValueError):
            return {"died": True}
        return answer if isinstance(answer, dict) else {"died": True}


@asynccontextmanager
async def opened(targets: Targets) -> AsyncIterator[Teller]:
    """Start a worker; yields it when it can tell somebody. Raises OSError where none starts."""
    async with _at_once, _started(targets) as teller:
        yield teller


@asynccontextmanager
async def _started(targets: Targets) -> AsyncIterator[Teller]:
    process = await trio.lowlevel.open_process(
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_HOME,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        start_new_session=True,  # Ctrl-C in a terminal is for the daemon alone
    )
    line = _Line(process)
    try:
        ready = b""
        with trio.move_on_after(START_S):
            ready = await line.said()
        if ready != b"ready\n":
            shortage.check()
            raise OSError(errno.EAGAIN, "the child process for notices does not start")
        yield Teller(line, targets)
    finally:
        await _end(process)


async def _end(process: trio.Process) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with trio.move_on_after(_REAP_S, shield=True):
        process.kill()
        await process.wait()
        await process.stdin.aclose()
        await process.stdout.aclose()


def _told(answer: dict[str, Any]) -> Told:
    status = answer.get("status")
    if answer.get("ok"):
        return Told(status or 250, "")  # as mail servers say that they have taken it
    if answer.get("refused"):
        return Told(None, str(answer["refused"]))
    if answer.get("died"):
        return Told(None, "the child process for notices died", is_unknown=True)
    if answer.get("reason"):
        return Told(None, "it is no address that can be told anything any more")
    if status is None:
        unknown = bool(answer.get("unknown"))
        return Told(None, "it could not be reached, or did not take it", is_unknown=unknown)
    # A service may say 200 and mean no.
    return Told(None if 200 <= status < 300 else status, f"it did not take it ({status})")
