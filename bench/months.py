"""90 simulated days of one account against the sandbox, judged by its ledger: a line per week.

The real engine, client and publish engine; only the clock is stepped. Run: `python -m bench months`
"""

from __future__ import annotations

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


async def simulate(days: int, seed: int) -> None:
    """Live, print the table, and fail if a rail was passed or a mention lost."""
    began = time.perf_counter()
    clock = SteppedClock(START)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with open_sandbox(folder / "sandbox", clock=clock.seconds) as sandbox:
            sandbox.ledger.clock = clock.tick
            life = Life(sandbox=sandbox, clock=clock, directory=folder, seed=seed, days=days)
            await life.live()
            evidence = Evidence(life)
            print(evidence.table())
            evidence.check()
            requests = len(sandbox.ledger.requests)
    took = time.perf_counter() - began
    print(f"{days} days, seed {seed}: {requests} requests, every rail held; {took:.0f} s")


def main() -> None:
    """Simulate 90 days."""
    logging.disable(logging.CRITICAL)  # the simulated troubles
    trio.run(simulate, DAYS, SEED)


if __name__ == "__main__":
    main()
