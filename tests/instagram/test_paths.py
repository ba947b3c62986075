"""Ids and names become parts of paths: what is none of them is never sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiograpi import exceptions as ig

from ground.clock import Clock
from instagram import errors
from instagram.fields import is_plain_path
from instagram.graph.http import GraphHttp, GraphLogin
from instagram.private import challenge, people, stories
from instagram.private.client import PrivateClient
from instagram.private.options import ClientOptions
from instagram.trust import Trust, load_trust
from tests.support.posting import API, photo_id, publish, story
from tests.support.served import Served

ODD = [
    "", ".", "..", "../news/inbox", "../news/inbox/?mark_as_seen=1", "a/../b", "a?b=c", "a#b",
    "a b", "%2e%2e", "a%2fb", "a\\b", "a\n", "a\r\nX: y", "a\0", "ann\u00e4", "\u0430nna", "1;x",
    "a&b", "//evil", "https://evil.example", "a\u202e", "{a}", "*", "'", '"',
]  # fmt: skip
PLAIN = ["anna", "a.b_c", "17841405309211844", "1789_123", "me", "aGlnaGxpZ2h0OjE4", "t-1"]


def test_what_a_path_may_be() -> None:
    for part in PLAIN:
        assert is_plain_path(f"users/{part}/info/")
        assert is_plain_path(f"/{part}")
    for part in ODD:
        assert not is_plain_path(f"users/{part}/info/"), part


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return load_trust(None, tmp_path)


def test_the_private_api_is_not_asked_for_odd_names(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = PrivateClient(session=None, options=ClientOptions(), trust=trust, clock=Clock(pace=0))

    async def sent(*args: object, **_: object) -> Any:
        raise AssertionError(args)

    monkeypatch.setattr("aiograpi.Client._send_private_request", sent)

    async def ask_all() -> None:
        for part in ODD:
            for asking in (
                people.user_pk(client, part), people.follower_count(client, part),
                people.current_username(client, part), stories.story(client, part),
                stories.stories_of(client, part),
                client.private_request(f"media/{part}/delete/", {"media_id": part}),
            ):  # fmt: skip
                with pytest.raises(ig.ClientError) as refused:
                    await asking
                assert not isinstance(refused.value, ig.ClientConnectionError), part
            step = {"api_path": f"/challenge/12/{part}/../../x"}
            assert await challenge.ask_for_code(client, step) is None

    asyncio.run(ask_all())


async def test_the_official_api_is_not_asked_for_odd_ids(trust: Trust) -> None:
    login = GraphLogin(ig_user_id="1", token="t", login_method="instagram")
    graph = GraphHttp(trust, "http://127.0.0.1:9", "v1")
    for part in ODD:
        for method in ("GET", "POST", "DELETE"):
            with pytest.raises(errors.Gone):
                await graph.call(login, "media", method, f"{part}/media", writes=True)
    for uri in ("http://rupload.facebook.com/x", "https://evil.example/rupload.facebook.com", "",
                "https://evilfacebook.com/", "https://facebook.com.evil.example/", "/x", "http://[",
                "https://rupload.facebook.com@evil.example/"):  # fmt: skip
        with pytest.raises(errors.Unreachable, match="not Meta's"):
            await graph.upload_offset(login, uri)
        with pytest.raises(errors.Unreachable, match="not Meta's"):
            await graph.upload(login, uri, Path("x"), 1, 0)
    assert not graph.requests
    await graph.close()


async def test_a_post_names_people_and_nothing_else(served: Served) -> None:
    media = await photo_id(served, 360, 640)
    mark = served.studio.sandbox.ledger.mark()
    account = {"accountId": served.studio.account.id, "mediaFileId": media}
    # White space around a name is taken off, as ever.
    for name in (name for name in ODD if name == name.strip()):
        for fields, code in (
            ({"mediaType": "STORIES", "storyMentions": [{"username": name}]}, "MENTIONS"),
            ({"mediaType": "IMAGE", "userTags": [{"username": name, "x": 0, "y": 0}]}, "TAGS"),
            ({"mediaType": "IMAGE", "collaborators": [name]}, "COLLABORATORS"),
        ):
            answer = await served.call("POST", f"{API}/posts/publish", {**account, **fields})
            assert answer.status == 400, (name, fields)
            assert answer.body["code"] in (f"INVALID_{code}", "VALIDATION_ERROR")
    assert served.studio.sandbox.ledger.since(mark) == []
    served.studio.sandbox.world.add_person("anna")
    await publish(served, story(served, media, storyMentions=[{"username": " @anna"}]))
