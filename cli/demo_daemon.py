"""The daemon as a demonstration runs it: a child process, started and ended like a user's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from ground.clock import utc_now
from storage import api_keys, users
from storage.store import open_directly, transaction

# Only what hangs takes as long, on the busiest machine.
_READY_WITHIN_S = 120.0


@asynccontextmanager
async def running(settings: Mapping[str, str], log: Path) -> AsyncIterator[str]:
    """Run the daemon with these settings and yield its address; it is stopped at the end."""
    command = [sys.executable, "-m", "daemon", "run", "--json"]
    with log.open("ab") as log_file:
        async with trio.open_nursery() as nursery:
            start = partial(
                trio.run_process,
                command,
                env=environment({**settings, "REPRISE_PORT": "0"}),
                stdout=subprocess.PIPE,
                stderr=log_file,
                check=False,
                deliver_cancel=_end,
            )
            process: trio.Process = await nursery.start(start)
            with trio.fail_after(_READY_WITHIN_S):
                url = await _ready_url(process, log)
            yield url
            nursery.cancel_scope.cancel()


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with these settings and no others of Reprise."""
    others = {k: v for k, v in os.environ.items() if not k.startswith("REPRISE_")}
    return {**others, **settings}


def make_key(database: Path) -> str:
    """Make an API key of the owner's."""
    with open_directly(database) as db, transaction(db):
        owner = users.ensure_owner(db, utc_now())
        return api_keys.create(db, user_id=owner.id, name="demo", now=utc_now())[1]


async def _end(process: trio.Process) -> None:
    process.send_signal(signal.SIGTERM)
    with trio.move_on_after(30):
        await process.wait()
        return
    process.kill()


async def _ready_url(process: trio.Process, log: Path) -> str:
    """Read the daemon's first JSON document, which says where it listens."""
    assert process.stdout is not None
    text = b""
    while chunk := await process.stdout.receive_some():
        text += chunk
        if text.rstrip().endswith(b"}"):
            return str(json.loads(text)["url"])
    raise RuntimeError(f"The daemon ended before it was ready; see {log}")
