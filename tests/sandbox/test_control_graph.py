from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.world.person import Person
from tests.sandbox.graph_client import PUBLIC, Graph, MediaHost, code, open_graph
from tests.support.limits import DEADLOCK_S

pytestmark = pytest.mark.acceptance


@pytest.fixture
async def control(sandbox: Sandbox, studio: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=sandbox.proxy_url, trust_env=False, timeout=DEADLOCK_S
    ) as client:
        yield client


@pytest.fixture
async def connected(sandbox: Sandbox, control: httpx.AsyncClient) -> AsyncIterator[Graph]:
    """The studio, connected from outside."""
    order = {"person": "studio", "login_method": "facebook"}
    answer = await control.post("/graph", json=order)
    assert answer.status_code == 201, answer.text
    account = sandbox.world.graph_account(answer.json()["ig_user_id"])
    assert answer.json()["token"] == account.token
    assert answer.json()["page_token"] == account.page_token
    async with open_graph(sandbox, account) as opened:
        yield opened


async def test_an_account_is_connected_and_publishes(
    sandbox: Sandbox,
    control: httpx.AsyncClient,
    connected: Graph,
    media_host: MediaHost,
    square: Path,
) -> None:
    sandbox.world.graph.public_urls.clear()
    url = media_host.put(square)
    order = {"base": PUBLIC, "to": media_host.address}
    assert (await control.post("/public-urls", json=order)).status_code == 201
    media = await connected.published(image_url=url, caption="out")

    shown = (await control.get("/graph")).json()
    assert shown["public_urls"] == {PUBLIC: media_host.address}
    [account], [container] = shown["accounts"], shown["containers"]
    assert (account["person"], account["quota_used"]) == ("studio", 1)
    assert (container["status_code"], container["publish_attempts"]) == ("PUBLISHED", 1)
    page = {"url": url, "caption": "out"}
    await connected.send(
        "POST", f"{account['page_id']}/photos", token=account["page_token"], data=page
    )
    posts = (await control.get("/posts")).json()
    assert [post["graph_id"] for post in posts["posts"]] == [media]
    assert [post["caption"] for post in posts["page_posts"]] == ["out"]
    entries = (await control.get("/ledger")).json()["requests"]
    assert "POST /<id>/media_publish" in [entry["endpoint"] for entry in entries]


async def test_its_state_is_changed(
    control: httpx.AsyncClient, connected: Graph, media_host: MediaHost, square: Path
) -> None:
    own = {"ig_user_id": connected.account.ig_user_id}

    async def change(**values: object) -> Any:
        answer = await control.patch("/graph", json=own | values)
        assert answer.status_code == 200, answer.text
        return answer.json()

    ready = await connected.made(image_url=media_host.put(square))
    assert (await change(quota_used=100))["quota_used"] == 100
    assert code(await connected.publish(ready)) == (9, 2207042)
    await change(quota_used=0, fail_processing="video_format", restricted=False)
    failing = await connected.create(image_url=media_host.put(square))
    assert await connected.processed(failing) == "ERROR"
    await change(processing_s=30)
    slow = await connected.create(image_url=media_host.put(square))
    assert (await connected.get(slow, fields="status_code"))["status_code"] == "IN_PROGRESS"
    await change(revoked=True)
    assert code(await connected.get(connected.account.ig_user_id)) == (190, 460)


async def test_failures_are_ordered(control: httpx.AsyncClient, connected: Graph) -> None:
    order = {"kind": "graph_error", "name": "spam_block", "path_end": "/media", "times": 2}
    added = await control.post("/faults", json={**order, "account": "studio"})
    assert (added.status_code, added.json()["path_end"]) == (201, "/media")
    path = f"{connected.account.ig_user_id}/media"
    assert code(await connected.get(path)) == (4, 2207051)


async def test_the_facebook_app(control: httpx.AsyncClient, connected: Graph) -> None:
    await control.post("/facebook-app", json={"id": "77", "secret": "s"})
    answer = await connected.get(
        "oauth/access_token",
        grant_type="fb_exchange_token",
        client_id="77",
        client_secret="s",
        fb_exchange_token=connected.account.token,
    )
    assert answer["access_token"] == connected.account.token


@pytest.mark.parametrize(
    ("method", "path", "order", "status", "says"),
    [
        ("POST", "/graph", {"person": "nobody"}, 404, "nobody called"),
        ("POST", "/graph", {}, 400, "person has to name"),
        ("POST", "/graph", {"person": "studio", "login_method": "x"}, 400, "instagram, facebook"),
        ("POST", "/graph", {"person": "studio", "colour": "red"}, 400, "colour is not known"),
        ("PATCH", "/graph", {"revoked": True}, 404, "ig_user_id"),
        ("PATCH", "/graph", {"ig_user_id": "{id}", "revoked": 1}, 400, "of type bool"),
        ("PATCH", "/graph", {"ig_user_id": "{id}", "token": "x"}, 400, "token is not known"),
        ("PATCH", "/graph", {"ig_user_id": "{id}", "fail_processing": "x"}, 400, "one of"),
        ("POST", "/public-urls", {"base": "x"}, 400, "base and to"),
        ("POST", "/facebook-app", {"id": 7, "secret": "s"}, 400, "of type str"),
    ],
)
async def test_what_is_refused(
    control: httpx.AsyncClient,
    connected: Graph,
    method: str,
    path: str,
    order: dict[str, Any],
    status: int,
    says: str,
) -> None:
    if order.get("ig_user_id") == "{id}":
        order = order | {"ig_user_id": connected.account.ig_user_id}
    answer = await control.request(method, path, json=order)
    assert answer.status_code == status, answer.text
    assert says in answer.json()["error"]
