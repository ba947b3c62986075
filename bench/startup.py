"""How long the daemon takes to be ready: with nothing, with posts pending, with a long history.

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

from bench import _jobs, _posts
from ground.clock import utc_now
from sandbox import open_sandbox
from tests.support.process import environment, reprise, running

# Posts that wait, and posts that have gone out.
PLACES = {"empty": (0, 0), "pending": (100_000, 0), "history": (0, 1_000_000)}
ACCOUNTS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    figures = trio.run(measure, options.rounds)
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


async def measure(rounds: int) -> list[dict[str, Any]]:
    """Start the daemon again and again on each data directory."""
    seconds: dict[str, list[float]] = {name: [] for name in PLACES}
    with TemporaryDirectory() as temporary:
        async with open_sandbox(Path(temporary) / "sandbox") as sandbox:
            places = {}
            for name, (pending, published) in PLACES.items():
                folder = Path(temporary) / name
                folder.mkdir()
                env = environment(folder, sandbox)
                await reprise("account", "list", env=env)
                database = folder / "data" / "reprise.db"
                _jobs.fill(database, pending=pending, lanes=ACCOUNTS, now=utc_now())
                if published:
                    _posts.fill(database, published)
                places[name] = env, folder / "log"
            for _ in range(rounds):
                for name, (env, log) in places.items():
                    started = time.perf_counter()
                    async with running(env, log) as daemon:
                        seconds[name].append(time.perf_counter() - started)
                        await daemon.stop()
    return [
        {
            "place": name,
            "pending": pending,
            "published": published,
            "starts": rounds,
            "median_s": statistics.median(seconds[name]),
            "max_s": max(seconds[name]),
        }
        for name, (pending, published) in PLACES.items()
    ]


def as_text(figures: list[dict[str, Any]]) -> str:
    lines = [f"{'pending':>9}{'published':>11}{'starts':>8}{'median s':>10}{'max s':>8}"]
    row = "{pending:>9,}{published:>11,}{starts:>8}{median_s:10.2f}{max_s:8.2f}"
    lines += [row.format_map(one) for one in figures]
    for one in figures[1:]:
        more = one["median_s"] - figures[0]["median_s"]
        met = "met" if more < 2 else "MISSED"
        lines.append(f"{met}: {more:+.2f} s, {one['place']} (under 2 s)")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
