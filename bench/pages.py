"""A million posts: what page 1 and page 5,000 take, `total` included.

Run: `python -m bench.pages [--json]` (Linux). Server time is what one client waits for.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from bench._load import Sample, get, load
from bench._posts import fill
from bench.http import NO_LIMIT
from tests.support.process import environment, reprise, running

POSTS = 1_000_000
SECONDS = 5
QUERIES = {
    "page 1": "page=1",
    "page 50": "page=50",
    "page 5,000": "page=5000",
    "page 1 of drafts": "page=1&status=DRAFT",
}


async def measure() -> dict[str, Sample]:
    """Ask for each page for some seconds, one request after the other."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        env = environment(folder, **NO_LIMIT)
        key = (await reprise("key", "create", "bench", "--json", env=env)).json["fullKey"]
        fill(folder / "data" / "reprise.db", POSTS)
        async with running(env, folder / "log") as daemon:
            port, pid = int(daemon.url.rpartition(":")[2]), daemon.process.pid
            return {
                name: load(
                    port,
                    [get(f"/api/v1/posts?limit=20&{query}", key)],
                    pid=pid,
                    connections=1,
                    seconds=SECONDS,
                )
                for name, query in QUERIES.items()
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    samples = {name: asdict(sample) for name, sample in trio.run(measure).items()}
    if options.json:
        print(json.dumps(samples, indent=2))
        return
    row = "  {:17} p50 {p50_ms:6.2f} ms, p99 {p99_ms:6.2f} ms, CPU {cpu_us:6.0f} µs"
    print(f"{POSTS:,} posts, 20 to a page")
    print("\n".join(row.format(name, **sample) for name, sample in samples.items()))


if __name__ == "__main__":
    main()
