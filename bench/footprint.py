"""What the daemon costs to start and to leave alone, beside hello-worlds on the same machine.

Run: `python -m bench footprint` (Linux, Node and npm). Every program starts in turn, several times,
until it has answered a request; then all of them idle together.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench._load import cpu_s, status_mib
from tests.support.process import REPRISE, ROOT, environment

SETTLE_S = 15  # threads that were needed at the start have ended by then
EXPRESS = "express@5.3.0"
_SERVER = """require("express")().get("/", (_, answer) => answer.send({hello: "world"}))
  .listen(process.argv[2], "127.0.0.1")"""
_QUART = """import sys, trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart_trio import QuartTrio
app = QuartTrio("hello")
@app.get("/")
async def hello():
    return {"hello": "world"}
trio.run(serve, app, Config.from_mapping(bind=["127.0.0.1:" + sys.argv[1]]))"""


@dataclass(frozen=True, slots=True)
class Program:
    """How one contestant is started on a port, and the path that it answers."""

    command: Sequence[str]
    env: Mapping[str, str]
    path: str = "/"

    def start(self, port: int) -> subprocess.Popen[bytes]:
        command = [part.replace("PORT", str(port)) for part in self.command]
        env = dict(self.env) | {"REPRISE_PORT": str(port)}
        return subprocess.Popen(
            command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--idle", type=int, default=60, help="seconds")
    options = parser.parse_args()
    figures = measure(options.rounds, options.idle)
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


def measure(rounds: int, idle_s: int) -> list[dict[str, Any]]:
    """Start each program `rounds` times, then watch all of them for `idle_s` seconds."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind(str(folder / "notify"))  # its queue takes what is sent meanwhile
        programs = _programs(folder)
        starts: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(rounds + 1):
            for name, program in programs.items():
                process, seconds = _started(program)
                starts[name].append(seconds)
                _end(process)
        processes = {name: _started(program)[0] for name, program in programs.items()}
        time.sleep(SETTLE_S)
        before = {name: _used(process.pid) for name, process in processes.items()}
        time.sleep(idle_s)
        figures = []
        for name, process in processes.items():
            (cpu_before, woken_before), (cpu, woken) = before[name], _used(process.pid)
            wakes = sum(count - woken_before.get(thread, 0) for thread, count in woken.items())
            figures.append({
                "program": name,
                "start_s": statistics.median(starts[name][1:]),  # the first one fills caches
                "rss_mib": status_mib(process.pid, "VmRSS"),
                "cpu_percent": 100 * (cpu - cpu_before) / idle_s,
                "wakes_per_minute": 60 * wakes / idle_s,
            })  # fmt: skip
        for process in processes.values():
            _end(process)
        manager.close()
        return figures


def _programs(folder: Path) -> dict[str, Program]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        sys.exit("needs Node and npm")
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--silent")
    subprocess.run([npm, "install", *quiet, "--prefix", str(folder), EXPRESS], check=True)
    (folder / "server.js").write_text(_SERVER)
    plain = dict(os.environ)
    ours = [environment(_made(folder / name)) for name in ("alone", "managed")]
    told = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "180000000"}
    return {
        "reprise": Program([*REPRISE, "run"], ours[0], "/health"),
        "reprise, watched": Program([*REPRISE, "run"], ours[1] | told, "/health"),
        "quart-trio hello": Program([sys.executable, "-c", _QUART, "PORT"], plain),
        "express hello": Program([node, str(folder / "server.js"), "PORT"], plain),
    }


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _started(program: Program) -> tuple[subprocess.Popen[bytes], float]:
    """Start a program; returns it with the seconds until it has answered."""
    port = _free_port()
    began = time.perf_counter()
    process = program.start(port)
    request = f"GET {program.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(request.encode())
                if client.recv(4096).startswith(b"HTTP/1.1 200"):
                    return process, time.perf_counter() - began
        except OSError:
            if process.poll() is not None:
                sys.exit(f"{program.command} ended with {process.returncode}")
        time.sleep(0.002)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)


def _used(pid: int) -> tuple[float, dict[str, int]]:
    """Return a process's processor seconds, and by thread how often it was woken."""
    woken = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for line in (thread / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                woken[thread.name] = int(line.split()[1])
    return cpu_s(pid), woken


def as_text(figures: list[dict[str, Any]]) -> str:
    head = f"{'':<20}{'start s':>9}{'RSS MiB':>9}{'CPU %':>8}{'wakes/min':>11}"
    row = "{program:<20}{start_s:9.2f}{rss_mib:9.0f}{cpu_percent:8.2f}{wakes_per_minute:11.0f}"
    return "\n".join([head, *(row.format_map(one) for one in figures)])


if __name__ == "__main__":
    main()
