"""`kill -9` amid lost answers, refusals that are not true, blocks and a clock that is set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.crash.chain import Chain, open_chain
from tests.crash.outcomes import Outcomes, check
from tests.crash.trouble import Wall
from tests.crash.turmoil import Turmoil
from tests.support.clock import TestClock

KILLS = 300  # for each seed
SEEDS = (1, 2, 3, 4)


@pytest.fixture
def wall(clock: TestClock, tmp_path: Path) -> Wall:
    return Wall(clock=clock, file=tmp_path / "wall")


@pytest.fixture
async def chain(sandbox: Sandbox, wall: Wall, tmp_path: Path) -> AsyncIterator[Chain]:
    async with open_chain(sandbox, tmp_path, await wall.environment()) as opened:
        yield opened
        assert await opened.stop() == 0
    assert "Traceback" not in opened.log


async def live_through(turmoil: Turmoil, kills: int) -> None:
    await turmoil.enable()
    number = 0
    while turmoil.chain.kills < kills:
        await turmoil.round(number)
        number += 1
        check(turmoil.outcomes)


@pytest.mark.soak
async def test_killed_in_trouble_each_is_live_once(chain: Chain, wall: Wall) -> None:
    turmoil = Turmoil(chain, Outcomes(), wall, seed=4)
    await turmoil.round(number=1, kills=range(2, 4))
    check(turmoil.outcomes)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", SEEDS)
async def test_killed_in_trouble_for_long_each_is_live_once(
    chain: Chain, outcomes: Outcomes, wall: Wall, seed: int
) -> None:
    own = Outcomes()
    try:
        await live_through(Turmoil(chain, own, wall, seed), KILLS)
    finally:
        outcomes.take(own)
