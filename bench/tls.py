"""What TLS costs: `python -m bench.tls [--json] [--rounds N]`.

Two daemons that differ in nothing else are asked in turns by one client at a time, on a connection
that is kept and on a new one for each request. CPU is the server's, a request (Linux).
"""

from __future__ import annotations

import argparse
import json
import socket
import ssl
import statistics
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from bench._load import cpu_s, get
from tests.support.process import environment, reprise, running

NO_LIMIT = {"RATE_LIMIT_RPM": "1000000", "RATE_LIMIT_RPH": "1000000"}
REQUESTS = {"kept": 1000, "new": 200}


@dataclass(frozen=True, slots=True)
class Way:
    """A daemon and how it is reached; `context` is None without TLS."""

    name: str
    port: int
    pid: int
    request: bytes
    context: ssl.SSLContext | None

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as bare:
            bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context is None:
                yield bare
            else:
                with self.context.wrap_socket(bare, server_hostname="localhost") as encrypted:
                    yield encrypted

    def ask(self, on: socket.socket) -> None:
        on.sendall(self.request)
        answer = on.recv(1 << 16)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"refused: {answer[:200]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    figures = trio.run(measure, options.rounds)
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


async def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Start both daemons and ask them in turns; returns medians of the rounds."""
    async with AsyncExitStack() as stack:
        ways = [await _started(stack, name) for name in ("plain", "TLS")]
        seen: dict[str, list[tuple[float, float]]] = {}
        for warm in (True, *[False] * rounds):
            for kind in REQUESTS:
                for way in ways:
                    figures = _round(way, kind)
                    if not warm:
                        seen.setdefault(f"{way.name}, {kind} connection", []).append(figures)
    return {
        name: {
            "p50_ms": statistics.median(p50 for p50, _ in each),
            "cpu_us": statistics.median(cpu for _, cpu in each),
        }
        for name, each in seen.items()
    }


async def _started(stack: AsyncExitStack, name: str) -> Way:
    folder = Path(stack.enter_context(TemporaryDirectory()))
    env = environment(folder, **NO_LIMIT)
    key = (await reprise("key", "create", "bench", "--json", env=env)).json["fullKey"]
    context = None
    if name == "TLS":
        made = (await reprise("tls", "init", "--json", env=env)).json
        env |= {"REPRISE_TLS_CERTIFICATE": made["certificate"], "REPRISE_TLS_KEY": made["key"]}
        context = ssl.create_default_context(cafile=made["authority"])
    daemon = await stack.enter_async_context(running(env, folder / "log"))
    port = int(daemon.url.rpartition(":")[2])
    return Way(name, port, daemon.process.pid, get("/api/v1/auth/check", key), context)


def _round(way: Way, kind: str) -> tuple[float, float]:
    """Return the median of the times and the server's processor time a request."""
    times, cpu = [], cpu_s(way.pid)
    if kind == "kept":
        with way.connected() as connection:
            for _ in range(REQUESTS[kind]):
                began = time.perf_counter()
                way.ask(connection)
                times.append(time.perf_counter() - began)
    else:
        for _ in range(REQUESTS[kind]):
            began = time.perf_counter()
            with way.connected() as connection:
                way.ask(connection)
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000, (cpu_s(way.pid) - cpu) / len(times) * 1e6


def as_text(figures: dict[str, dict[str, float]]) -> str:
    lines = [f"{'':24}{'p50 ms':>8}{'CPU µs':>8}"]
    lines += [f"{name:24}{row['p50_ms']:8.2f}{row['cpu_us']:8.0f}" for name, row in figures.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
