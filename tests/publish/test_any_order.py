"""Whatever people decide, in whatever order: nothing old goes out, and nothing is stuck."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.store import open_directly
from tests.support.walk import Walk

STEPS = 250


def walk(directory: Path, seed: int) -> int:
    with open_directly(directory / f"{seed}.db") as db:
        db.conn.execute("PRAGMA synchronous = OFF")  # nothing is killed here: half the time
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
@pytest.mark.parametrize("first", range(100, 500, 25))
def test_very_many_orders_of_acts(tmp_path: Path, first: int) -> None:
    assert sum(walk(tmp_path, seed) for seed in range(first, first + 25)) > 50
