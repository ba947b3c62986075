"""Whatever people decide, in whatever order: nothing old goes out, and nothing is stuck."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.store import open_directly
from tests.support.walk import Walk

STEPS = 250


def walk(directory: Path, seed: int) -> int:
    with open_directly(directory / f"{seed}.db") as db:
        walked = Walk(db, seed)
        try:
            for _ in range(STEPS):
                walked.step()
            walked.come_to_rest()
        except AssertionError as error:
            raise AssertionError(
                f"seed {seed}: {error}\n" + "\n".join(walked.told[-40:])
            ) from error
        return walked.sent


def test_any_order_of_acts(tmp_path: Path) -> None:
    sent = [walk(tmp_path, seed) for seed in range(6)]
    assert sum(sent) > 12  # enough went out for the rules to matter; how much, chance decides


@pytest.mark.soak
def test_very_many_orders_of_acts(tmp_path: Path) -> None:
    assert sum(walk(tmp_path, seed) for seed in range(100, 500)) > 1000
