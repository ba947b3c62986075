"""What Meta would refuse or put off is said when a post is scheduled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.world.graph_account import SCOPES, GraphAccount
from storage.times import to_text
from tests.support.clock import TestClock
from tests.support.graph import serve_publicly
from tests.support.posting import API, photo_id
from tests.support.served import Served

HOUR = timedelta(hours=1)


@pytest.fixture
async def public(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Served]:
    async with serve_publicly(sandbox, clock, tmp_path) as served:
        yield served


async def connect(served: Served, graph: GraphAccount) -> str:
    body = {
        "username": graph.person.username,
        "accessToken": graph.token,
        "igUserId": graph.ig_user_id,
        "loginMethod": graph.login_method,
    }
    answer = await served.call("POST", f"{API}/auth/accounts", body)
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


async def warnings(served: Served, account_id: str, media: str, after: timedelta) -> list[str]:
    at = to_text(served.studio.clock.now() + after)
    body = {"accountId": account_id, "mediaType": "IMAGE", "mediaFileId": media, "caption": at}
    answer = await served.call("POST", f"{API}/schedule", {**body, "scheduledFor": at})
    assert answer.status == 201, answer.body
    found: list[str] = answer.body.get("warnings", [])
    return found


def graph_of(served: Served, username: str) -> GraphAccount:
    world = served.studio.sandbox.world
    return world.connect_graph(world.add_person(username), login_method="instagram")


async def test_a_full_day_is_foretold(public: Served) -> None:
    graph = graph_of(public, "busy")
    graph.quota_total = 2
    account_id, media = await connect(public, graph), await photo_id(public)
    for hours in (2, 20):
        assert await warnings(public, account_id, media, hours * HOUR) == []
    (told,) = await warnings(public, account_id, media, 25 * HOUR)
    assert "2 posts within 24 hours" in told
    assert await warnings(public, account_id, media, 45 * HOUR) == []


async def test_a_missing_permission_is_foretold_until_the_account_has_it(public: Served) -> None:
    graph = graph_of(public, "reader")
    publish = SCOPES["instagram"].publish
    graph.scopes.discard(publish)
    account_id, media = await connect(public, graph), await photo_id(public)
    (told,) = await warnings(public, account_id, media, HOUR)
    assert "permission" in told
    assert "reconnect" in told
    graph.scopes.add(publish)
    await connect(public, graph)
    assert await warnings(public, account_id, media, 6 * HOUR) == []
