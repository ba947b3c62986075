"""What is found out once per turn of the event loop is never older than that."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from api.turn import OncePerTurn


async def test_those_who_come_together_share_a_look_and_the_next_has_its_own() -> None:
    looks: list[int] = []
    heard: list[int] = []

    async def look() -> int:
        looks.append(len(looks))
        return looks[-1]

    async def ask(shared: OncePerTurn[int]) -> None:
        heard.append(await shared.get(look))

    shared = OncePerTurn[int]()
    for _ in range(2):
        async with trio.open_nursery() as nursery:
            for _ in range(60):
                nursery.start_soon(ask, shared)
        await trio.testing.wait_all_tasks_blocked()
    assert heard == [0] * 60 + [1] * 60


async def test_a_look_that_failed_is_nobody_elses_answer() -> None:
    async def fail() -> int:
        raise OSError("no disk")

    async def succeed() -> int:
        return 7

    shared = OncePerTurn[int]()
    with pytest.raises(OSError, match="no disk"):
        await shared.get(fail)
    assert await shared.get(succeed) == 7
