from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.world.person import Person
from tests.sandbox.conftest import Clock
from tests.sandbox.graph_client import Graph, MediaHost, code, open_graph

_DAY = 24 * 3600
_REFRESH = "refresh_access_token"


async def test_a_token_is_refreshed(sandbox: Sandbox, graph: Graph, clock: Clock) -> None:
    old = graph.account.token
    grant = {"grant_type": "ig_refresh_token"}
    assert code(await graph.get(_REFRESH, **grant)) == (100, None)
    clock.now += _DAY
    url = f"https://graph.instagram.com/{_REFRESH}"
    answer = await graph.client.get(url, params={**grant, "access_token": old})
    fresh = answer.json()
    assert fresh["access_token"] == graph.account.token != old
    assert (fresh["token_type"], fresh["expires_in"]) == ("bearer", 60 * _DAY)
    assert (await graph.get("me", fields="username"))["username"] == "studio"
    clock.now += 59 * _DAY  # what it replaced expires when it would have anyway
    assert code((await graph.send("GET", "me", token=old)).json()) == (190, 463)
    assert "id" in await graph.get("me")
    assert all(old not in str(entry) for entry in sandbox.ledger.requests)
    assert code(await graph.get(_REFRESH, grant_type="other")) == (100, None)


async def test_tokens_that_are_not_good(
    sandbox: Sandbox, graph: Graph, facebook: Graph, anna: Person, clock: Clock
) -> None:
    assert code((await graph.client.get(f"{graph.base}/me")).json()) == (104, None)
    assert code((await graph.send("GET", "me", token="nonsense")).json()) == (190, None)
    other = facebook.account.token
    assert code((await graph.send("GET", "me", token=other)).json()) == (190, None)
    graph.account.revoked = True
    assert code(await graph.get("me")) == (190, 460)
    short = sandbox.world.connect_graph(anna, expires_in=10)
    async with open_graph(sandbox, short) as client:
        clock.now += 10
        assert code(await client.get("me")) == (190, 463)
        assert code(await client.get(_REFRESH, grant_type="ig_refresh_token")) == (190, 463)


async def test_a_facebook_token_is_exchanged(
    sandbox: Sandbox, facebook: Graph, clock: Clock
) -> None:
    sandbox.world.facebook_app("77", "the secret")

    async def exchange(**changes: str) -> Any:
        values = {
            "grant_type": "fb_exchange_token",
            "client_id": "77",
            "client_secret": "the secret",
            "fb_exchange_token": facebook.account.token,
        }
        url = f"{facebook.base}/oauth/access_token"
        return (await facebook.client.get(url, params=values | changes)).json()

    assert code(await exchange(client_id="78")) == (101, None)
    assert code(await exchange(client_secret="wrong")) == (1, None)
    assert code(await exchange(grant_type="other")) == (100, None)
    assert code(await exchange(fb_exchange_token="nonsense")) == (190, None)
    page = facebook.account.page_token or ""
    assert code(await exchange(fb_exchange_token=page)) == (100, None)
    fresh = await exchange()
    assert fresh["access_token"] == facebook.account.token
    entry = sandbox.ledger.requests[-1]
    assert entry.account == "studio"
    assert set(entry.query) == {"grant_type", "client_id"}

    clock.now += 90 * _DAY  # the Page's token does not expire
    assert code(await facebook.get("me")) == (190, 463)
    assert (await facebook.send("GET", "me", token=page)).status_code == 200


async def test_missing_permissions(sandbox: Sandbox, anna: Person) -> None:
    reader = sandbox.world.connect_graph(anna, scopes={"instagram_business_basic"})
    async with open_graph(sandbox, reader) as client:
        assert "id" in await client.get("me")
        answer = await client.send("POST", "me/media", data={"image_url": "https://m.example/a"})
        assert (answer.status_code, code(answer.json())) == (403, (10, None))
        reader.scopes.clear()
        assert code(await client.get("me")) == (10, None)


async def test_a_restricted_account_publishes_nothing(graph: Graph) -> None:
    graph.account.restricted = True
    answer = await graph.post("me/media", image_url="https://media.example/a.jpg")
    assert code(answer) == (25, 2207050)
    assert "id" in await graph.get("me")


@pytest.mark.parametrize("percent", [1, 95])
async def test_every_answer_tells_how_full_the_limits_are(graph: Graph, percent: int) -> None:
    graph.account.usage_percent = percent
    answer = await graph.send("GET", "me")
    assert f'"call_count": {percent}' in answer.headers["x-app-usage"]
    assert graph.account.ig_user_id in answer.headers["x-business-use-case-usage"]


async def test_an_account_is_connected_again(
    sandbox: Sandbox, graph: Graph, studio: Person, media_host: MediaHost, square: Path
) -> None:
    await graph.published(image_url=media_host.put(square))
    container = await graph.made(image_url=media_host.put(square))
    graph.account.revoked = True
    assert code(await graph.publish(container)) == (190, 460)
    async with open_graph(sandbox, sandbox.world.connect_graph(studio)) as again:
        assert again.account.ig_user_id == graph.account.ig_user_id
        assert "id" in await again.publish(container)
        assert (await again.get("me/content_publishing_limit"))["data"] == [{"quota_usage": 2}]
    assert sandbox.world.graph_account(graph.account.ig_user_id) is again.account
