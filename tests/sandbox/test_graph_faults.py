from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from sandbox import Sandbox
from sandbox.graph.failures import GRAPH_ERRORS
from sandbox.wire.faults import (
    Body,
    ClosedMidBody,
    Delay,
    DelayedEffect,
    Fault,
    Hang,
    Kind,
    Reset,
    Slow,
    Truncated,
    graph_error,
)
from sandbox.world.person import Person
from tests.sandbox.graph_client import Graph, MediaHost, code, open_graph

pytestmark = pytest.mark.acceptance

PUBLISH = "/media_publish"
# The rows of Meta's table that a client has to tell apart.
TABLE = {
    (190, None), (190, 460), (190, 463), (102, None), (10, None), (200, None), (299, None),
    (4, None), (17, None), (32, None), (613, None), (4, 2207051), (9, 2207042),
    (1, None), (2, None), (-1, 2207001), (-1, 2207032), (-1, 2207053), (-2, 2207003),
    (-2, 2207020), (24, 2207008), (24, 2207006), (25, 2207050), (9007, 2207027),
    (9004, 2207052), (352, 2207026), (36000, 2207004), (36001, 2207005), (36003, 2207009),
    (36004, 2207010), (100, 2207028), (100, 2207040), (100, 2207023), (1, 2207057), (100, 33),
}  # fmt: skip


@pytest.fixture
async def ready(graph: Graph, media_host: MediaHost, square: Path) -> str:
    """A container that can be published."""
    return await graph.made(image_url=media_host.put(square))


def test_the_table_is_complete() -> None:
    assert {(row.code, row.subcode) for row in GRAPH_ERRORS.values()} >= TABLE
    with pytest.raises(ValueError, match="name has to be one of"):
        graph_error("meteor")


@pytest.mark.parametrize("name", GRAPH_ERRORS)
async def test_every_error_on_demand(sandbox: Sandbox, graph: Graph, ready: str, name: str) -> None:
    row = GRAPH_ERRORS[name]
    sandbox.faults.add(Fault(path_end=PUBLISH, account="studio", kind=graph_error(name)))
    path = f"{graph.account.ig_user_id}{PUBLISH}"
    answer = await graph.send("POST", path, data={"creation_id": ready})
    assert answer.status_code == row.status
    assert code(answer.json()) == (row.code, row.subcode)
    assert answer.json()["error"].get("is_transient", False) is row.is_transient
    assert sandbox.ledger.published == []
    assert "id" in await graph.publish(ready)  # once is once
    faulty, fine = sandbox.ledger.find(containing=PUBLISH)
    assert (faulty.status, faulty.fault, fine.fault) == (row.status, "status", None)
    assert fine.endpoint == "POST /<id>/media_publish"


async def test_a_fault_meets_one_account_and_one_endpoint(
    sandbox: Sandbox, graph: Graph, anna: Person
) -> None:
    sandbox.faults.add(
        Fault(
            path_end="/media",
            host="graph.instagram.com",
            account="studio",
            times=2,
            kind=graph_error("rate_limited", retry_minutes=7),
        )
    )
    async with open_graph(sandbox, sandbox.world.connect_graph(anna)) as other:
        assert "data" in await other.get("me/media")
    assert "data" in await graph.get("me/content_publishing_limit")
    assert code(await graph.publish("17889")) == (24, 2207006)
    answers = [await graph.send("GET", "me/media") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 200]
    usage = answers[0].headers["x-business-use-case-usage"]
    assert '"estimated_time_to_regain_access": 7' in usage


async def test_an_error_that_lies(sandbox: Sandbox, graph: Graph, ready: str) -> None:
    lie = graph_error("rate_limited", after_effect=True)
    sandbox.faults.add(Fault(path_end=PUBLISH, kind=lie))
    assert code(await graph.publish(ready)) == (4, None)
    assert len(sandbox.ledger.published) == 1
    assert (await graph.get(ready, fields="status_code"))["status_code"] == "PUBLISHED"


@pytest.mark.parametrize(
    ("kind", "went_out"),
    [
        (Reset(), False),
        (Reset(after_effect=True), True),
        (Hang(), False),
        (Hang(after_effect=True), True),
        (ClosedMidBody(), True),
        (Truncated(bytes=3), True),
        (Body(b"<html>", "text/html"), True),
        (Body(b'{"id": [17]}', "application/json"), True),
    ],
    ids=repr,
)
async def test_publishing_over_a_bad_line(
    sandbox: Sandbox, graph: Graph, ready: str, kind: Kind, went_out: bool
) -> None:
    sandbox.faults.add(Fault(path_end=PUBLISH, kind=kind))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_attempt, graph, ready)
        if isinstance(kind, Hang):
            await sandbox.ledger.wait_for(PUBLISH)
            await sandbox.ledger.wait_until(lambda: len(sandbox.ledger.published) == went_out)
            nursery.cancel_scope.cancel()
    assert len(sandbox.ledger.published) == went_out
    shown = await graph.get(ready, fields="status_code")
    assert shown["status_code"] == ("PUBLISHED" if went_out else "FINISHED")
    listed = (await graph.get("me/media"))["data"]
    assert [found["id"] for found in listed] == [post.graph_id for post in sandbox.ledger.published]


async def test_publishing_that_happens_later(sandbox: Sandbox, graph: Graph, ready: str) -> None:
    sandbox.faults.add(Fault(path_end=PUBLISH, kind=DelayedEffect(2)))
    await _attempt(graph, ready)
    assert (await graph.get(ready, fields="status_code"))["status_code"] == "FINISHED"
    await sandbox.ledger.wait_until(lambda: bool(sandbox.ledger.published))


@pytest.mark.parametrize("kind", [Slow(bytes_per_second=2000), Delay(0.1)], ids=repr)
async def test_slow_answers_are_answers(
    sandbox: Sandbox, graph: Graph, ready: str, kind: Kind
) -> None:
    sandbox.faults.add(Fault(path_end=PUBLISH, kind=kind))
    assert "id" in await graph.publish(ready)


async def test_a_container_that_seems_not_to_exist(
    sandbox: Sandbox, graph: Graph, ready: str
) -> None:
    sandbox.faults.add(Fault(path="/17889", method="GET", kind=graph_error("does_not_exist")))
    assert code(await graph.get(ready, fields="status_code")) == (100, 33)
    assert (await graph.get(ready, fields="status_code"))["status_code"] == "FINISHED"


async def _attempt(graph: Graph, container: str) -> Any:
    try:
        return await graph.publish(container)
    except (httpx.TransportError, ValueError) as error:
        return error
