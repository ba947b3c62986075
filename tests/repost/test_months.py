"""Simulated months: a life full of trouble, after which the ledger must show that no rail broke."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sandbox import open_sandbox
from tests.support.clock import SteppedClock
from tests.support.months import START, Life
from tests.support.months_check import Evidence


@pytest.mark.parametrize(
    ("days", "seed", "often"),
    [
        (10, 7, 3.0),
        pytest.param(90, 1, 1.0, marks=pytest.mark.soak),
        pytest.param(90, 2, 2.0, marks=pytest.mark.soak),
    ],
)
@pytest.mark.logs_errors
async def test_months_of_trouble_break_no_rail_and_lose_no_mention(
    days: int, seed: int, often: float, sandbox_keys: Path, tmp_path: Path
) -> None:
    clock = SteppedClock(START)
    directory = tmp_path / "sandbox"
    shutil.copytree(sandbox_keys, directory)
    async with open_sandbox(directory, clock=clock.seconds) as sandbox:
        sandbox.ledger.clock = clock.tick
        life = Life(
            sandbox=sandbox, clock=clock, directory=tmp_path, seed=seed, days=days, often=often
        )
        await life.live()
        Evidence(life).check()
