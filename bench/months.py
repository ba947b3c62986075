"""90 simulated days of one account against the sandbox, judged by its ledger: a line per week.

The real engine, client and publish engine; only the clock is stepped. `python -m bench months`, or
five seeds at double trouble: `python -m bench.months --often 2 --seeds 1 2 3 4 5`
"""

from __future__ import annotations

import argparse
import logging
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from sandbox import open_sandbox
from tests.support.clock import SteppedClock
from tests.support.months import START, Life
from tests.support.months_check import Evidence

DAYS, SEED = 90, 1


async def simulate(days: int, seed: int, often: float = 1.0) -> None:
    """Live, print the table, and fail if a rail was passed or a mention lost."""
    began = time.perf_counter()
    clock = SteppedClock(START)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with open_sandbox(folder / "sandbox", clock=clock.seconds) as sandbox:
            sandbox.ledger.clock = clock.tick
            life = Life(
                sandbox=sandbox, clock=clock, directory=folder, seed=seed, days=days, often=often
            )
            await life.live()
            evidence = Evidence(life)
            print(evidence.table())
            evidence.check()
            requests = len(sandbox.ledger.requests)
    took = time.perf_counter() - began
    lived = f"{days} days, seed {seed}, trouble x{often:g}"
    print(f"{lived}: {requests} requests, every rail held; {took:.0f} s")


def main() -> None:
    """Simulate 90 days for each seed, one after the other; the first that fails ends it."""
    options = argparse.ArgumentParser(prog="python -m bench.months", description=main.__doc__)
    options.add_argument("--days", type=int, default=DAYS)
    options.add_argument("--often", type=float, default=1.0, help="2: trouble comes twice as often")
    options.add_argument("--seeds", type=int, nargs="+", default=[SEED])
    chosen = options.parse_args()
    logging.disable(logging.CRITICAL)  # the simulated troubles
    for seed in chosen.seeds:
        trio.run(simulate, chosen.days, seed, chosen.often)


if __name__ == "__main__":
    main()
