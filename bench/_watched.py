"""`python -m daemon`, with each wake-up of its event loop written down; used by `bench.idle`.

When the daemon ends, `BENCH_WAKES` holds a JSON line for each: when (on the monotonic
clock, which all processes share), and which tasks had something to do.
"""

from __future__ import annotations

import json
import os
import time
from functools import partial
from pathlib import Path

import trio

from cli import main


class Wakes(trio.abc.Instrument):
    """What woke the loop, and when."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, list[str]]] = []

    def after_io_wait(self, timeout: float) -> None:
        if timeout > 0:  # otherwise it did not sleep
            self.seen.append((time.monotonic(), []))

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if self.seen:
            self.seen[-1][1].append(task.name)


if __name__ == "__main__":
    wakes = Wakes()
    trio.run = partial(trio.run, instruments=[wakes])
    try:
        main()
    finally:
        lines = [json.dumps(wake) for wake in wakes.seen]
        Path(os.environ["BENCH_WAKES"]).write_text("\n".join(lines))
