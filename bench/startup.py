"""How long the daemon takes to be ready, with and without posts pending.

Run: `python -m bench.startup [--json] [--rounds N]`. Real processes, in turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from bench import _jobs
from daemon.clock import utc_now
from sandbox import open_sandbox
from tests.support.process import environment, reprise, running

PENDING = (0, 100_000)
ACCOUNTS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    figures = trio.run(measure, options.rounds)
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


async def measure(rounds: int) -> list[dict[str, Any]]:
    """Start the daemon again and again on both data directories."""
    seconds: dict[int, list[float]] = {pending: [] for pending in PENDING}
    with TemporaryDirectory() as temporary:
        async with open_sandbox(Path(temporary) / "sandbox") as sandbox:
            places = {}
            for pending in PENDING:
                folder = Path(temporary) / str(pending)
                folder.mkdir()
                env = environment(folder, sandbox)
                await reprise("account", "list", env=env)
                database = folder / "data" / "reprise.db"
                _jobs.fill(database, pending=pending, lanes=ACCOUNTS, now=utc_now())
                places[pending] = env, folder / "log"
            for _ in range(rounds):
                for pending, (env, log) in places.items():
                    started = time.perf_counter()
                    async with running(env, log) as daemon:
                        seconds[pending].append(time.perf_counter() - started)
                        await daemon.stop()
    return [
        {
            "pending": pending,
            "starts": rounds,
            "median_s": statistics.median(seconds[pending]),
            "max_s": max(seconds[pending]),
        }
        for pending in PENDING
    ]


def as_text(figures: list[dict[str, Any]]) -> str:
    lines = [f"{'pending':>8}{'starts':>8}{'median s':>10}{'max s':>8}"]
    row = "{pending:>8,}{starts:>8}{median_s:10.2f}{max_s:8.2f}"
    lines += [row.format_map(one) for one in figures]
    more = figures[1]["median_s"] - figures[0]["median_s"]
    lines.append(f"{'met' if more < 2 else 'MISSED'}: {more:+.2f} s with posts pending (under 2 s)")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
