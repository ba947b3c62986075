"""What the daemon costs when nothing happens: memory, processor, and what wakes it.

Run: `python -m bench.idle [--json] [--seconds N]` (Linux). One account, story reposts on, one
post far ahead; each wake-up of the event loop is listed with the tasks that it was for.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from bench import _jobs
from bench._load import cpu_s, status_mib
from ground.clock import utc_now
from sandbox import open_sandbox
from storage.store import open_directly, transaction
from tests.support import process
from tests.support.process import Daemon, environment, reprise, running

# The connections to Instagram are closed after half a minute, and the day's copy of the database
# is made after a whole one; then it is really idle, but for a few chores every hour.
SETTLED_S = 75
SLICE_S, LOOKING = 30, 2  # publishing and reposting look at the clock every 30 s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=int, default=90)
    options = parser.parse_args()
    figures = trio.run(measure, options.seconds)
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


async def measure(seconds: int) -> dict[str, Any]:
    """Start a daemon with an enabled account, let it work once, and watch it idle."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wakes = folder / "wakes"
        async with open_sandbox(folder / "sandbox") as sandbox:
            sandbox.world.add_person("studio", password="secret")
            env = environment(folder, sandbox, BENCH_WAKES=str(wakes))
            added = await reprise("account", "add", "--username", "studio", "--json", env=env)
            login = ("account", "login", "--username", "studio", "--password-stdin")
            await reprise(*login, env=env, stdin="secret\n")
            made = await reprise("key", "create", "bench", "--json", env=env)
            with open_directly(folder / "data" / "reprise.db") as db, transaction(db):
                _jobs.schedule_many(db, 1, utc_now())
            async with watched(env, folder / "log") as daemon:
                body = {"accountId": added.json["id"]}
                for path in ("/story-repost/enable", "/story-repost/scan"):
                    await daemon.call("POST", path, made.json["fullKey"], body)
                figures = await watch(daemon.process.pid, seconds)
                await daemon.stop()
        heard = [json.loads(line) for line in wakes.read_text().splitlines()]
    between = [names for at, names in heard if figures["from"] <= at < figures["to"]]
    figures["wakes"] = len(between)
    figures["for"] = dict(Counter(" + ".join(sorted(set(names))) for names in between))
    return figures


@asynccontextmanager
async def watched(env: Mapping[str, str], log: Path) -> AsyncIterator[Daemon]:
    """Run the daemon as usual, but for its wake-ups being written down."""
    ordinary = process.REPRISE
    process.REPRISE = (ordinary[0], "-m", "bench._watched")
    try:
        async with running(env, log) as daemon:
            yield daemon
    finally:
        process.REPRISE = ordinary


async def watch(pid: int, seconds: int) -> dict[str, Any]:
    """Return what an idle process uses in that time."""
    await trio.sleep(SETTLED_S)
    cpu, switches, started = cpu_s(pid), slept(pid), time.monotonic()
    await trio.sleep(seconds)
    return {
        "from": started,
        "to": time.monotonic(),
        "seconds": seconds,
        "rss_mib": status_mib(pid, "VmRSS"),
        "peak_mib": status_mib(pid, "VmHWM"),
        "cpu_s": cpu_s(pid) - cpu,
        "threads": len(slept(pid)),
        "slept": {name: count - switches.get(name, 0) for name, count in slept(pid).items()},
    }


def slept(pid: int) -> dict[str, int]:
    """Return how often each thread has gone to sleep and been woken."""
    found = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        status = (thread / "status").read_text().splitlines()
        values = dict(line.split(":", 1) for line in status if ":" in line)
        count = int(values["voluntary_ctxt_switches"])
        found[f"{values['Name'].strip()} {thread.name}"] = count
    return found


def as_text(figures: dict[str, Any]) -> str:
    seconds, wakes = figures["seconds"], figures["wakes"]
    most = LOOKING * math.ceil(seconds / SLICE_S)
    lines = [
        "RSS {rss_mib:.0f} MiB, peak {peak_mib:.0f} MiB, {threads} thread(s),"
        " CPU {cpu_s:.2f} s in {seconds} s".format_map(figures),
        f"woken {wakes} times in {seconds} s, for",
        *(f"{count:6}  {names or 'nobody'}" for names, count in figures["for"].items()),
        "each thread's sleeps:",
        *(f"{count:6}  {name}" for name, count in figures["slept"].items()),
        f"{'met' if wakes <= most else 'MISSED'}: at most {most}, for a look at the clock each",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
