"""A machine that systemd runs: process 1 of its own namespaces, with a root and a /tmp of its own.

Needs root and Debian's `systemd`. It shares the network, so that a sandbox here is its Instagram,
and its cgroups lie below one of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from tests.support.limits import DEADLOCK_S
from tests.support.process import ROOT, Finished

HERE = Path(__file__).parent
CGROUPS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
REPRISE = "/opt/reprise/bin/reprise"
_INSTALL = f"""
/opt/python/bin/python3 -m venv --without-pip /opt/reprise
printf '/opt/site\\n/opt/source\\n' > "$(echo /opt/reprise/lib/python3.*/site-packages)/here.pth"
printf '#!/opt/reprise/bin/python\\nfrom cli import main\\nmain()\\n' > {REPRISE}
chmod 755 {REPRISE}
# A Python that was built elsewhere looks for its library where it was built.
mkdir -p /etc/systemd/system/reprise.service.d
printf '[Service]\\nEnvironment=LD_LIBRARY_PATH=/opt/python/lib\\n' \\
  > /etc/systemd/system/reprise.service.d/python.conf
"""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The running machine; `shared` is seen inside as /shared."""

    pid: int
    shared: Path

    async def run(self, *command: str, stdin: str = "", **variables: str) -> Finished:
        """Run a command inside to its end."""
        path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **variables}
        # Of a session of its own: a signal to its group must not reach the tests.
        inside = ["setsid", "--wait", "nsenter", "--target", str(self.pid), "--all", "env", "-i"]
        with trio.fail_after(DEADLOCK_S):
            done = await trio.run_process(
                [*inside, *(f"{name}={value}" for name, value in path.items()), *command],
                stdin=stdin.encode(),
                capture_stdout=True,
                capture_stderr=True,
                check=False,
            )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    async def does(self, *command: str, stdin: str = "", **variables: str) -> str:
        """Run a command that must succeed; returns what it printed."""
        done = await self.run(*command, stdin=stdin, **variables)
        assert done.code == 0, f"{command}\n{done.out}{done.err}\n{await self.journal()}"
        return done.out

    async def shows(self, name: str) -> str:
        """Return a property of the service, as systemd has it."""
        return (await self.does("systemctl", "show", "reprise", "-P", name)).strip()

    async def until(self, name: str, *values: str) -> None:
        """Wait until a property of the service has one of these values."""
        with trio.fail_after(DEADLOCK_S):
            while await self.shows(name) not in values:
                await trio.sleep(0.1)

    async def journal(self) -> str:
        return (await self.run("journalctl", "-u", "reprise", "-o", "cat", "--no-pager")).out

    async def entries(self) -> list[dict[str, Any]]:
        """Return what the journal has of the service, field by field."""
        told = await self.does("journalctl", "-u", "reprise", "-o", "json", "--no-pager")
        return [json.loads(line) for line in told.splitlines()]

    async def put(self, path: str, text: str) -> None:
        """Write a file inside."""
        await self.does("mkdir", "-p", str(Path(path).parent))
        await self.does("tee", path, stdin=text)


@asynccontextmanager
async def open_machine(directory: Path) -> AsyncIterator[Machine]:
    """Boot a machine with Reprise in /opt/reprise, for as long as the block is open."""
    shared = directory / "shared"
    shared.mkdir(parents=True)
    for above in (shared, *shared.parents):
        if str(above).startswith("/tmp/"):  # the service's own user reads what is shared
            above.chmod(0o755)
    cgroup = next(place for place in CGROUPS if (place / "cgroup.procs").exists())
    cgroup = cgroup / f"reprise-test-{os.getpid()}"
    cgroup.mkdir()
    spaces = ["--fork", "--pid", "--mount", "--cgroup", "--uts", "--ipc", "--kill-child"]
    into = f"echo $$ > {cgroup}/cgroup.procs"
    process = await trio.lowlevel.open_process(
        ["bash", "-c", f"{into} && exec unshare {' '.join(spaces)} bash {HERE}/boot.sh"],
        env={
            "PATH": os.environ["PATH"],
            "OWN": str(directory),
            "PYTHON": sys.base_prefix,
            "SITE": sysconfig.get_paths()["purelib"],
            "SOURCE": str(ROOT),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        machine = Machine(pid=await _first_process(process.pid), shared=shared)
        with trio.fail_after(DEADLOCK_S):
            while (await machine.run("systemctl", "is-system-running")).out.strip() != "running":
                await trio.sleep(0.2)
        await machine.does("bash", "-euc", _INSTALL)
        yield machine
    finally:
        with trio.CancelScope(shield=True):
            process.kill()  # and with it all that runs in its namespaces
            await process.wait()
            await _remove(cgroup)


async def _first_process(unshare: int) -> int:
    children = Path(f"/proc/{unshare}/task/{unshare}/children")
    with trio.fail_after(DEADLOCK_S):
        while not (found := children.read_text().split()):
            await trio.sleep(0.05)
        while Path(f"/proc/{found[0]}/comm").read_text().strip() != "systemd":
            await trio.sleep(0.05)
    return int(found[0])


async def _remove(cgroup: Path) -> None:
    with trio.fail_after(DEADLOCK_S):
        while "populated 1" in (cgroup / "cgroup.events").read_text():
            await trio.sleep(0.05)
    for inner in sorted(cgroup.rglob("*"), reverse=True):
        if inner.is_dir():
            inner.rmdir()
    cgroup.rmdir()
