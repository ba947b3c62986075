"""The daemon and its commands as real processes, for signals, crashes and exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import trio
from trio.abc import ReceiveStream

from sandbox import Sandbox
from tests.support import leaks
from tests.support.limits import DEADLOCK_S

ROOT = Path(__file__).parents[2]
_KEY = re.compile(r"vg_live_[\w-]{43}")
REPRISE = (sys.executable, "-m", "daemon")


def environment(directory: Path, sandbox: Sandbox | None = None, **more: str) -> dict[str, str]:
    """Return the environment of a command on the data directory `directory/data`."""
    chosen = {k: v for k, v in os.environ.items() if not k.startswith(("REPRISE_", "COV_"))}
    chosen |= {
        "PYTHONPATH": str(ROOT),
        "REPRISE_CONFIG": str(directory / "config.toml"),
        "REPRISE_DATA_DIR": str(directory / "data"),
        "REPRISE_PORT": "0",
    }
    if sandbox is not None:
        chosen |= {
            "REPRISE_PROXY": sandbox.proxy_url,
            "REPRISE_CA_FILE": str(sandbox.ca_file),
            "REPRISE_PACE": "0",
        }
    (directory / "config.toml").touch()
    return chosen | more


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


async def reprise(
    *arguments: str, env: Mapping[str, str], stdin: str = "", cwd: Path | None = None
) -> Finished:
    """Run `reprise ARGUMENTS` to its end."""
    for line in stdin.splitlines():
        leaks.remember(line)
    done = await trio.run_process(
        [*REPRISE, *arguments],
        env=dict(env),
        stdin=stdin.encode(),
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        cwd=cwd,
    )
    finished = Finished(done.returncode, done.stdout.decode(), done.stderr.decode())
    for key in _KEY.findall(finished.out):
        leaks.remember(key)
    leaks.heard(finished.err)
    return finished


@dataclass(kw_only=True)
class Daemon:
    """A running `reprise run`."""

    process: trio.Process
    url: str
    log: Path

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        with trio.fail_after(DEADLOCK_S):
            return await self.process.wait()

    async def call(self, method: str, path: str, key: str, body: Any = None) -> httpx.Response:
        """Call `/api/v1<path>` with a key."""
        async with httpx.AsyncClient(
            base_url=self.url, timeout=DEADLOCK_S, trust_env=False
        ) as client:
            headers = {"Authorization": f"Bearer {key}"}
            return await client.request(method, f"/api/v1{path}", json=body, headers=headers)


async def announced(output: ReceiveStream, log: Path) -> str:
    """Return the address that a daemon says when it is ready."""
    text = b""
    while not text.rstrip().endswith(b"}"):
        chunk = await output.receive_some()
        assert chunk, f"the daemon ended at its start: {log.read_text()}"
        text += chunk
    return str(json.loads(text)["url"])


@asynccontextmanager
async def running(
    env: Mapping[str, str],
    log: Path,
    *,
    stdin: int = subprocess.DEVNULL,
    under: Sequence[str] = (),
) -> AsyncIterator[Daemon]:
    """Run the daemon until the block ends; it is killed then if it still runs.

    `under` is a command that runs it.
    """
    begins = log.stat().st_size if log.exists() else 0
    with log.open("ab") as log_file:
        process = await trio.lowlevel.open_process(
            [*under, *REPRISE, "run", "--json"],
            env=dict(env),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=log_file,
        )
    assert process.stdout is not None
    try:
        with trio.fail_after(DEADLOCK_S):
            url = await announced(process.stdout, log)
        yield Daemon(process=process, url=url, log=log)
    finally:
        with trio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.wait()
            await process.stdout.aclose()
            with log.open() as said:
                said.seek(begins)
                leaks.heard(said.read())
