"""One limit for all media work: a child for each processor, and always room for a moment's."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
import trio
import trio.testing

from media import child


async def test_there_is_always_room_for_a_photo_and_for_a_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_work: list[str] = []
    may_end = trio.Event()

    async def ask(asked: str, *_: Any, warm: bool) -> dict[str, Any]:
        what = json.loads(asked)["do"]
        at_work.append(what)
        assert len(at_work) <= child._AT_WORK
        assert at_work.count("m:encode") <= child._AT_WORK - 2
        assert at_work.count("m:look") <= 1
        await may_end.wait()
        at_work.remove(what)
        return {"result": None}

    monkeypatch.setattr(child, "_ask", ask)
    async with trio.open_nursery() as nursery:
        for what in ("encode", "look", "photo"):  # however many of the slow ones came before
            for number in range(8):
                job = partial(child.work, timeout_s=1, encodes=what == "encode",
                              looks=what == "look", number=number)  # fmt: skip
                nursery.start_soon(job, f"m:{what}", child.VIDEO)
            await trio.testing.wait_all_tasks_blocked()
        assert len(at_work) == child._AT_WORK
        assert set(at_work) == {"m:encode", "m:look", "m:photo"}
        may_end.set()
    assert at_work == []
