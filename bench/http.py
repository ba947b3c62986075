"""The API's speed beside two peers, in turns: `python -m bench.http [--json] [--rounds N]`.

`reprise` is the whole daemon; `fastapi` does the same queries on the same file; `hello stock` is
the smallest Quart-Trio app on Hypercorn as it comes, `hello ours` the same app on our listener.
CPU is all the processor time of a server's process over the answers it gave (Linux). On a busy
machine believe it and the goals, which compare neighbours within a round, more than the rates.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, Popen
from tempfile import TemporaryDirectory
from typing import Any

import trio

from bench._load import Sample, get, load
from bench._posts import fill
from tests.support.process import environment, reprise, running

POSTS = 100_000
CONNECTIONS = (1, 16, 64)
OPERATIONS = ("health", "hello", "lookup", "list")
NO_LIMIT = {"RATE_LIMIT_RPM": "1000000", "RATE_LIMIT_RPH": "1000000"}


Samples = dict[tuple[str, int, str], list[Sample]]  # by operation, connections and server


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and what it is asked."""

    name: str
    port: int
    pid: int
    operations: dict[str, Sequence[bytes]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one load")
    options = parser.parse_args()
    samples = trio.run(measure, options.rounds, options.seconds)
    report = {"figures": figures_of(samples), "goals": goals_of(samples)}
    print(json.dumps(report, indent=2) if options.json else as_text(report))


async def measure(rounds: int, seconds: float) -> Samples:
    """Start all servers and load them."""
    with TemporaryDirectory() as temporary, ExitStack() as peers:
        folder = Path(temporary)
        env = environment(folder, **NO_LIMIT)
        key = (await reprise("key", "create", "bench", "--json", env=env)).json["fullKey"]
        database = folder / "data" / "reprise.db"
        operations = _operations(fill(database, POSTS), key)
        hello = {"hello": [get("/")]}
        async with running(env, folder / "log") as daemon:
            port = int(daemon.url.rpartition(":")[2])
            servers = [
                Server("reprise", port, daemon.process.pid, operations),
                peers.enter_context(peer("fastapi", operations, "_fastapi", str(database))),
                peers.enter_context(peer("hello stock", hello, "_hello", "stock")),
                peers.enter_context(peer("hello ours", hello, "_hello", "ours")),
            ]
            return in_turns(servers, rounds, seconds)


def _operations(ids: Sequence[str], key: str) -> dict[str, Sequence[bytes]]:
    return {
        "health": [get("/api/v1/health")],
        "list": [get("/api/v1/posts?limit=20", key)],
        "lookup": [get(f"/api/v1/posts/{post_id}", key) for post_id in ids],
    }


@contextmanager
def peer(
    name: str, operations: dict[str, Sequence[bytes]], module: str, *arguments: str
) -> Iterator[Server]:
    """Run `bench.<module>` on a free port until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", f"bench.{module}", *arguments, str(port)]
    with Popen(command, stdout=DEVNULL, stderr=DEVNULL) as process:
        try:
            _wait_for(port)
            yield Server(name, port, process.pid, operations)
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("A peer did not start; `make bench` installs what they need")


def in_turns(servers: Sequence[Server], rounds: int, seconds: float) -> Samples:
    """Load all servers in turns, so that a busy machine troubles all alike."""
    samples: Samples = {
        (operation, connections, server.name): []
        for connections in CONNECTIONS
        for operation in OPERATIONS
        for server in servers
        if operation in server.operations
    }
    by_name = {server.name: server for server in servers}
    for warm in (True, *[False] * rounds):
        for (operation, connections, name), of_rounds in samples.items():
            server = by_name[name]
            run = partial(load, pid=server.pid, connections=connections)
            sample = run(server.port, server.operations[operation], seconds=seconds)
            if not warm:
                of_rounds.append(sample)
    return samples


def figures_of(samples: Samples) -> list[dict[str, object]]:
    """Return the medians of the rounds."""
    figures = []
    for (operation, connections, server), of_rounds in samples.items():
        rows = [asdict(sample) for sample in of_rounds]
        median = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
        named = {"operation": operation, "connections": connections, "server": server}
        figures.append(named | median)
    return figures


def goals_of(samples: Samples) -> dict[str, float]:
    """Return what the goals are about: each round compared with itself, then the median."""

    def paired(
        compare: Callable[[Sample, Sample], float],
        one: tuple[str, str],
        two: tuple[str, str],
        at: Sequence[int] = CONNECTIONS,
    ) -> float:
        pairs = [
            compare(first, second)
            for connections in at
            for first, second in zip(
                samples[one[0], connections, one[1]],
                samples[two[0], connections, two[1]],
                strict=True,
            )
        ]
        return statistics.median(pairs)

    def faster(one: Sample, two: Sample) -> float:
        return one.requests_per_s / two.requests_per_s

    def cheaper(one: Sample, two: Sample) -> float:
        return two.cpu_us / one.cpu_us

    def above(one: Sample, two: Sample) -> float:
        return one.cpu_us - two.cpu_us

    def later(one: Sample, two: Sample) -> float:
        return one.p99_ms / two.p99_ms

    beside = {
        f"{operation}_p99_over_fastapi_at_64": paired(
            later, (operation, "reprise"), (operation, "fastapi"), at=[64]
        )
        for operation in ("health", "lookup", "list")
    }
    ours, theirs = ("list", "reprise"), ("list", "fastapi")
    lookup, health = ("lookup", "reprise"), ("health", "reprise")
    hello, stock = ("hello", "hello ours"), ("hello", "hello stock")
    return {
        "list_rate_over_fastapi": paired(faster, ours, theirs),
        "list_cpu_under_fastapi": paired(cheaper, ours, theirs),
        "lookup_cpu_us_above_hello": paired(above, lookup, hello),
        "lookup_cpu_us_above_stock_hello": paired(above, lookup, stock),
        "health_rate_over_stock_hello": paired(faster, health, stock),
        "hello_rate_over_stock_hello": paired(faster, hello, stock),
        **beside,
    }


def as_text(report: dict[str, Any]) -> str:
    head = f"{'operation':9} {'connections':>11}  {'server':12}{'req/s':>8}{'CPU µs':>8}"
    lines = [f"{POSTS:,} posts", f"{head}{'p50 ms':>8}{'p99 ms':>8}"]
    row = (
        "{operation:9} {connections:>11}  {server:12}"
        "{requests_per_s:8.0f}{cpu_us:8.0f}{p50_ms:8.2f}{p99_ms:8.2f}"
    )
    lines += [row.format_map(figure) for figure in report["figures"]]
    lines += [f"{name}: {value:.2f}" for name, value in report["goals"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
