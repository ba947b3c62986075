"""Daemons without the seconds that Python takes to load one: a process that has it loaded forks."""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import cast

import httpx
import trio

from api.app import openapi_document
from tests.support import leaks
from tests.support.limits import DEADLOCK_S
from tests.support.process import ROOT, Daemon, announced


@dataclass(kw_only=True)
class Forked:
    """A daemon that was forked: a process of its own, which ends as one."""

    pid: int
    way: trio.SocketStream
    returncode: int | None = None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    async def wait(self) -> int:
        """Return the exit code, that of a killed process as `subprocess` has it."""
        if self.returncode is None:
            self.returncode = int(await self.way.receive_some())
        return self.returncode


class Preloaded:
    """Forks one daemon after another, all with one environment."""

    def __init__(self, way: socket.socket) -> None:
        self._socket = way
        self._way = trio.SocketStream(trio.socket.from_stdlib_socket(way))

    @asynccontextmanager
    async def running(self, log: Path) -> AsyncIterator[Daemon]:
        """Run the daemon until the block ends; it is killed then if it still runs."""
        begins = log.stat().st_size if log.exists() else 0
        reading, writing = os.pipe()
        with log.open("ab") as log_file:
            socket.send_fds(self._socket, [b"."], [writing, log_file.fileno()])
        os.close(writing)
        output = trio.lowlevel.FdStream(reading)
        process = Forked(pid=int(await self._way.receive_some()), way=self._way)
        try:
            with trio.fail_after(DEADLOCK_S):
                url = await announced(output, log)
            yield Daemon(process=cast(trio.Process, process), url=url, log=log)
        finally:
            with trio.CancelScope(shield=True):
                if process.returncode is None:
                    process.send_signal(signal.SIGKILL)
                    await process.wait()
                await output.aclose()
                with log.open() as said:
                    said.seek(begins)
                    leaks.heard(said.read())


@contextmanager
def open_preloaded(env: Mapping[str, str]) -> Iterator[Preloaded]:
    """Load the daemon once; what was forked is over with the block."""
    ours, its = socket.socketpair()
    with ours:
        with its:
            command = [sys.executable, "-m", __name__, str(its.fileno())]
            process = subprocess.Popen(command, env=dict(env), pass_fds=[its.fileno()], cwd=ROOT)
        try:
            yield Preloaded(ours)
        finally:
            ours.shutdown(socket.SHUT_RDWR)
            process.wait()


def _serve(way: socket.socket) -> None:
    """Fork a daemon for each request, one at a time, until the other end is closed."""
    while True:
        asked, descriptors, _, _ = socket.recv_fds(way, 1, 2)
        if not asked:
            return
        if (pid := os.fork()) == 0:
            way.close()
            _become_a_daemon(*descriptors)
        for one in descriptors:
            os.close(one)
        way.send(str(pid).encode())
        pidfd = os.pidfd_open(pid)
        ended, _, _ = select.select([pidfd, way.fileno()], [], [])
        if pidfd not in ended:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        os.close(pidfd)
        if pidfd not in ended:
            return
        way.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become_a_daemon(output: int, log: int) -> None:
    from cli import main

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(log, 2)
    os.closerange(3, 64)
    sys.argv = ["reprise", "run", "--json"]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    # What is loaded here, no daemon has to load.
    for package in ("daemon", "cli", "api", "local", "operations", "publish", "repost"):
        found = import_module(package)
        for module in walk_packages(found.__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    httpx.Client(verify=False).close()
    openapi_document()
    gc.collect()
    gc.freeze()  # pages that nobody writes to are not copied

    _serve(socket.socket(fileno=int(sys.argv[1])))
