from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.world.person import Person
from tests.sandbox.conftest import Clock
from tests.sandbox.graph_client import Graph, MediaHost, code, open_graph

_FIELDS = "permalink,timestamp,media_type,media_product_type,caption,shortcode,username,media_url"


async def test_the_account(
    sandbox: Sandbox, graph: Graph, studio: Person, anna: Person, square: Path
) -> None:
    sandbox.world.follow(anna, studio)
    sandbox.world.add_post(studio, square)
    fields = "user_id,username,name,account_type,profile_picture_url,followers_count,media_count"
    for path in ("me", graph.account.ig_user_id):
        me = await graph.get(path, fields=fields)
        assert (me["user_id"], me["username"]) == (graph.account.ig_user_id, "studio")
        assert (me["account_type"], me["followers_count"], me["media_count"]) == ("BUSINESS", 1, 1)
        assert me["id"] != me["user_id"]
        assert "name" not in me  # what is empty is left out
    assert await graph.get("me") == {"id": graph.account.app_scoped_id}
    assert code(await graph.get("me", fields="username,shoe_size")) == (100, None)
    assert code(await graph.get("me", fields="a{b")) == (100, None)
    assert code(await graph.get("17841400000000001")) == (100, 33)


async def test_both_hosts_with_and_without_a_version(
    sandbox: Sandbox, graph: Graph, facebook: Graph
) -> None:
    for client in (graph, facebook):
        for version in ("", "/v26.0", "/v21.0"):
            client.base = f"https://graph.{client.account.login_method}.com{version}"
            shown = await client.get(client.account.ig_user_id, fields="username")
            assert shown["username"] == "studio"
    assert facebook.account.ig_user_id == graph.account.ig_user_id
    assert code(await facebook.get("me/media")) == (100, 33)
    assert "data" in await graph.get("me/media")
    assert len(sandbox.ledger.find(f"/{facebook.account.ig_user_id}")) == 6
    assert not sandbox.ledger.unknown


async def test_what_is_said_about_posts(
    sandbox: Sandbox, graph: Graph, studio: Person, square: Path, clip: Path, clock: Clock
) -> None:
    photo = sandbox.world.add_post(studio, square, caption="hello")
    reel = sandbox.world.add_post(studio, clip, product="reel")
    carousel = sandbox.world.add_post(studio, square, clip)
    await graph.get("me/media")
    shown = {}
    for found in (await graph.get("me/media", fields=f"{_FIELDS},thumbnail_url,children"))["data"]:
        shown[found["permalink"].split("/")[3], found["media_type"]] = found
        taken = datetime.strptime(found["timestamp"], "%Y-%m-%dT%H:%M:%S%z")
        assert taken.timestamp() == clock.now
        assert found["shortcode"] in found["permalink"]
        assert found["username"] == "studio"
    assert set(shown) == {("p", "IMAGE"), ("reel", "VIDEO"), ("p", "CAROUSEL_ALBUM")}
    assert shown["p", "IMAGE"]["caption"] == "hello"
    assert "caption" not in shown["reel", "VIDEO"]
    assert shown["reel", "VIDEO"]["media_product_type"] == "REELS"
    assert ".mp4" in shown["reel", "VIDEO"]["media_url"]
    assert len(shown["p", "CAROUSEL_ALBUM"]["children"]["data"]) == 2
    children = "children{media_type,media_url}"
    album = await graph.get(shown["p", "CAROUSEL_ALBUM"]["id"], fields=children)
    assert [child["media_type"] for child in album["children"]["data"]] == ["IMAGE", "VIDEO"]
    assert (await graph.client.get(shown["p", "IMAGE"]["media_url"])).content == square.read_bytes()
    assert {photo.pk, reel.pk, carousel.pk} == set(sandbox.world.library.posts)


async def test_the_lists_of_recent_posts_and_stories(
    sandbox: Sandbox, graph: Graph, media_host: MediaHost, square: Path, photo: Path, clock: Clock
) -> None:
    ids = []
    for number in range(5):
        clock.now += 60
        ids.append(await graph.published(image_url=media_host.put(square), caption=str(number)))
    story = await graph.published(media_type="STORIES", image_url=media_host.put(photo))

    first = await graph.get("me/media", limit=2, fields="caption")
    assert [found["caption"] for found in first["data"]] == ["4", "3"]
    following = await graph.client.get(
        first["paging"]["next"], headers={"authorization": f"Bearer {graph.account.token}"}
    )
    assert [found["caption"] for found in following.json()["data"]] == ["2", "1"]
    after = following.json()["paging"]["cursors"]["after"]
    last = await graph.get("me/media", limit=2, after=after)
    assert [found["id"] for found in last["data"]] == [ids[0]]
    assert "next" not in last["paging"]
    recent = await graph.get("me/media", since=int(clock.now - 60))
    assert [found["id"] for found in recent["data"]] == [ids[4], ids[3]]

    [live] = (await graph.get("me/stories", fields="permalink,media_product_type"))["data"]
    assert (live["id"], live["media_product_type"]) == (story, "STORY")
    assert "/stories/studio/" in live["permalink"]
    clock.now += 24 * 3600
    assert (await graph.get("me/stories"))["data"] == []
    assert code(await graph.get(story, fields="permalink")) == (100, 33)


async def test_a_new_post_may_be_listed_late(
    graph: Graph, media_host: MediaHost, square: Path, clock: Clock
) -> None:
    graph.account.listing_lag_s = 5
    media = await graph.published(image_url=media_host.put(square))
    assert (await graph.get("me/media"))["data"] == []
    assert (await graph.get(media, fields="media_type"))["media_type"] == "IMAGE"
    clock.now += 5
    assert (await graph.get("me/media"))["data"] == [{"id": media}]


async def test_posts_are_deleted_and_stories_are_not(
    sandbox: Sandbox,
    graph: Graph,
    anna: Person,
    media_host: MediaHost,
    square: Path,
    photo: Path,
    clock: Clock,
) -> None:
    media = await graph.published(image_url=media_host.put(square))
    async with open_graph(sandbox, sandbox.world.connect_graph(anna)) as other:
        assert code(await other.delete(media)) == (100, 33)
    clock.now += 9
    assert await graph.delete(media) == {"success": True}
    assert code(await graph.delete(media)) == (100, 33)
    assert code(await graph.get(media)) == (100, 33)
    assert sandbox.ledger.published[0].deleted_at == clock.now
    story = await graph.published(media_type="STORIES", image_url=media_host.put(photo))
    assert code(await graph.delete(story)) == (100, None)


@pytest.mark.parametrize("path", ["me/insights", "nothing", "123456/comments"])
async def test_what_the_sandbox_does_not_know(sandbox: Sandbox, graph: Graph, path: str) -> None:
    assert code(await graph.get(path)) == (2500, None)
    [entry] = sandbox.ledger.unknown
    assert (entry.account, entry.host) == ("studio", "graph.instagram.com")
    assert graph.account.token not in str(entry)
