"""Whatever lies behind the Worker's name may answer anything: nothing of it is a bug of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
import trio

from cloud import removing
from cloud.asking import CloudflareUnreachable, Line
from cloud.cloudflare_api import CloudflareApi
from cloud.courier import Courier
from cloud.deploying import Steps
from cloud.desk import CloudDesk
from cloud.pieces import BUCKET
from cloud.worker_client import (
    IN_PARTS_ABOVE,
    Asked,
    WorkerClient,
    WorkerRefused,
    WorkerUnreachable,
)
from ground.clock import Clock
from storage import handovers
from storage.handovers import CloudLane
from tests.support.limits import DEADLOCK_S
from tests.support.studio import Studio

JOB = {"id": "p", "epoch": 1, "seq": 2, "state": "DONE", "due": 5, "problem": None}
CALLS: dict[str, tuple[Callable[[WorkerClient], Awaitable[Any]], dict[str, Any]]] = {
    "job": (lambda c: c.job("p", "1"), {"job": JOB}),
    "recall": (lambda c: c.recall("p", "1", 1), {"job": JOB}),
    "put": (lambda c: c.put_job(Asked("p", "1", 1, 5, {}), activate=False), {"job": JOB}),
    "changes": (lambda c: c.changes("1", 0), {"jobs": [JOB], "seq": 2, "born": "x", "now": 7}),
    "diagnostics": (lambda c: c.diagnostics(), {"lanes": [{"counts": {"DONE": 1}}]}),
    "keys": (lambda c: c.keys("", ""), {"keys": [{"name": "a"}], "cursor": "", "lastCronRun": ""}),
}
ODD: tuple[Any, ...] = (
    None,
    True,
    "",
    "x",
    -1,
    10**30,
    1.5,
    float("nan"),
    [],
    [None],
    {},
    {"id": []},
)


def answering(said: object, status: int = 200) -> WorkerClient:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json=said)

    transport = httpx.MockTransport(answer)
    return WorkerClient(httpx.AsyncClient(base_url="https://worker.test", transport=transport))


def spoilt(said: object) -> list[object]:
    """Return an answer with each of its values in turn, and the whole, as each odd one."""
    found: list[object] = [odd for odd in ODD if odd == odd]
    if isinstance(said, dict):
        found += [{k: v for k, v in said.items() if k != name} for name in said]
        found += [said | {name: each} for name, old in said.items() for each in spoilt(old)]
    if isinstance(said, list):
        found += [[each] for old in said for each in spoilt(old)]
    return found


@pytest.mark.parametrize("name", CALLS)
async def test_an_answer_is_understood_or_is_none(name: str) -> None:
    call, true = CALLS[name]
    await call(answering(true))
    for odd in spoilt(true):
        for status in (200, 409):
            try:
                told = await call(answering(odd, status))
            except (WorkerUnreachable, WorkerRefused):
                continue
            # What is understood may be used as it is.
            assert {"job", "recall", "put"}.isdisjoint({name}) or isinstance(told["seq"], int)


async def test_what_meta_told_the_worker_may_be_anything() -> None:
    problem = {"kind": "refused", "code": "OAuth", "subcode": [33], "message": None}
    told = await answering({"job": JOB | {"problem": problem}}).job("p", "1")
    assert (told["problem"]["code"], told["problem"]["subcode"]) == (0, 0)


@pytest.mark.parametrize("part", [None, 0, -1, 1, "5", 1e300])
async def test_parts_that_are_none_send_nothing(tmp_path: Path, part: object) -> None:
    file = tmp_path / "large.mp4"
    with file.open("wb") as content:
        content.truncate(IN_PARTS_ABOVE + 1)
    worker = answering({"isWhole": False, "upload": "u", "part": part, "have": []})
    with pytest.raises(WorkerUnreachable):
        await worker.put_medium("k", file, "video/mp4")


@dataclass
class Desk:
    """Where the Worker is, for a courier: it answers as the test says."""

    said: Callable[[int], object]
    asked: int = 0

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[WorkerClient]:
        def answer(_request: httpx.Request) -> httpx.Response:
            self.asked += 1
            return httpx.Response(200, json=self.said(self.asked))

        transport = httpx.MockTransport(answer)
        yield WorkerClient(httpx.AsyncClient(base_url="https://worker.test", transport=transport))


@pytest.mark.parametrize(
    "said",
    [
        lambda turn: {"jobs": [JOB | {"seq": 1}], "seq": 9, "born": "before"},
        lambda turn: {"jobs": [], "seq": 9, "born": f"{turn}"},
        lambda turn: {"jobs": [JOB | {"seq": 4}], "seq": 9, "born": f"{turn}"},
    ],
    ids=["stays", "always new", "new and stays"],
)
async def test_a_queue_that_never_ends_is_asked_for_a_few_times(
    studio: Studio, said: Callable[[int], object]
) -> None:
    core, desk = studio.core, Desk(said)
    lane = CloudLane(account_id=studio.account.id, lane="1", born="before", seq=3)
    await core.store.write(lambda db: handovers.keep_lane(db, lane))
    nobodys = SimpleNamespace(adopted=lambda *_: None)
    parts: dict[str, Any] = {"preparation": None, "reports": None, "home": nobodys}
    courier = Courier(
        store=core.store, vault=core.vault, clock=core.clock, desk=cast(Any, desk), **parts
    )
    with trio.fail_after(DEADLOCK_S), pytest.raises(WorkerUnreachable):
        await courier.hear(lane)
    assert desk.asked < 4


@pytest.mark.parametrize("moves", [False, True])
async def test_keys_without_end_are_read_to_an_end(*, moves: bool) -> None:
    def said(turn: int) -> object:
        assert turn < 500, "for ever"
        cursor = f"{turn}" if moves else "again"
        return {"keys": [], "cursor": cursor, "lastCronRun": None}

    desk = Desk(said)
    with trio.fail_after(DEADLOCK_S):
        assert await CloudDesk.keys(cast(Any, desk), "") == ([], None)
    assert desk.asked == (100 if moves else 2)


async def test_an_api_without_pages_or_removals_is_not_asked_for_ever() -> None:
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        assert asked < 500, "for ever"
        listed: object = {}
        if request.url.path.endswith("/namespaces"):
            listed = [{"id": "1", "title": "another"}]
        elif request.url.path.endswith("/objects"):
            listed = [{"key": "1.a", "size": 1}]
        elif request.url.path.endswith("/reprise-media"):
            listed = {"name": "reprise-media"}
        return httpx.Response(200, json={"success": True, "errors": [], "result": listed})

    transport = httpx.MockTransport(answer)
    client = httpx.AsyncClient(base_url="https://api.test", transport=transport)
    api = CloudflareApi(Line(client, Clock(pace=0.0)), "1")
    with trio.fail_after(DEADLOCK_S):
        assert await api.namespace("reprise") is None
        assert asked == 2
        pieces = cast(Any, SimpleNamespace(names={BUCKET}, hosts=[]))
        with pytest.raises(CloudflareUnreachable):
            await removing.remove(api, pieces, Steps(), empties_bucket=True)
    assert asked < 10
