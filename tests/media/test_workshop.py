"""One limit for all media work: as many children as processors, and always room for a moment's."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import trio
import trio.testing

from media import child


async def test_encoding_leaves_room_for_what_takes_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_work: list[bool] = []
    may_end = trio.Event()

    async def ask(asked: str, *_: Any, warm: bool) -> dict[str, Any]:
        at_work.append("encode" in asked)
        assert len(at_work) <= child._AT_WORK
        assert sum(at_work) < child._AT_WORK
        await may_end.wait()
        at_work.remove("encode" in asked)
        return {"result": None}

    monkeypatch.setattr(child, "_ask", ask)
    async with trio.open_nursery() as nursery:
        for number in range(8):
            for what in ("encode", "look"):
                job = partial(child.work, timeout_s=1, encodes=what == "encode", number=number)
                nursery.start_soon(job, f"m:{what}", child.VIDEO)
        await trio.testing.wait_all_tasks_blocked()
        assert len(at_work) == child._AT_WORK
        assert False in at_work
        may_end.set()
    assert at_work == []
