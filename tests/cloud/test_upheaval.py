"""Daemon and Worker are killed amid lost, repeated and late requests: each post is live once."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.cloud.upheaval import open_upheaval, told, without_epochs

KILLS = 260  # for each seed


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("lies", "rounds"), [(0.15, 24), (0.6, 8)], ids=["15 %", "60 %"])
@pytest.mark.parametrize("has_epochs", [True, False], ids=["with epochs", "the control"])
async def test_epochs_are_what_keeps_overtaking_requests_apart(
    sandbox: Sandbox, tmp_path: Path, program: Path, has_epochs: bool, lies: float, rounds: int
) -> None:
    """Where few requests are lost, many posts reach the cloud, and there is more to go wrong."""
    began = time.monotonic()
    async with open_upheaval(sandbox, tmp_path, program, seed=7, lies=lies) as upheaval:
        if not has_epochs:
            upheaval.patience_s = 25
            await without_epochs(upheaval.cloudflare)
        for _ in range(rounds):
            await upheaval.round(size=14, kills=0)
            sys.stdout.write(f"{told(upheaval, began)}\n")
            sys.stdout.flush()
            if len(upheaval.faults) > (0 if has_epochs else 3):
                break
        assert bool(upheaval.faults) is not has_epochs, upheaval.faults


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_killed_on_both_sides_each_post_is_live_once(
    sandbox: Sandbox, tmp_path: Path, program: Path, seed: int
) -> None:
    began = time.monotonic()
    async with open_upheaval(sandbox, tmp_path, program, seed=seed) as upheaval:
        while sum(upheaval.kills.values()) < KILLS:
            await upheaval.round(size=14, kills=22)
            sys.stdout.write(f"{told(upheaval, began)}\n")
            sys.stdout.flush()
            assert not upheaval.faults
