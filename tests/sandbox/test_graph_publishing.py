from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.world.person import Person
from tests.sandbox.conftest import Clock
from tests.sandbox.graph_client import Graph, MediaHost, code, open_graph

pytestmark = pytest.mark.acceptance


async def test_a_photo_in_the_feed(
    sandbox: Sandbox, graph: Graph, anna: Person, media_host: MediaHost, square: Path, clock: Clock
) -> None:
    tags = [{"username": "anna", "x": 0.5, "y": 0.25}]
    container = await graph.create(
        image_url=media_host.put(square),
        caption="hello #world",
        user_tags=json.dumps(tags),
        collaborators=json.dumps(["anna"]),
        location_id="213385402",
        alt_text="a square",
    )
    assert await graph.processed(container) == "FINISHED"
    assert media_host.asked == ["/square.jpg"]
    assert sandbox.ledger.published == []

    media = (await graph.publish(container))["id"]

    [post] = sandbox.ledger.published
    assert (post.account, post.route, post.product, post.kind) == (
        "studio",
        "graph",
        "feed",
        "photo",
    )
    assert (post.graph_id, post.container, post.at) == (media, container, clock.now)
    assert (post.caption, post.location_id) == ("hello #world", "213385402")
    assert (post.width, post.height, post.file.read_bytes()) == (640, 640, square.read_bytes())
    assert [(tag.username, tag.x, tag.y) for tag in post.user_tags] == [("anna", 0.5, 0.25)]
    assert post.collaborators == ("anna",)
    assert post.extra["alt_text"] == "a square"
    assert "access_token" not in json.dumps(post.extra)
    assert (await graph.get(container, fields="status_code"))["status_code"] == "PUBLISHED"
    assert not sandbox.ledger.unknown


async def test_a_reel(
    sandbox: Sandbox, graph: Graph, media_host: MediaHost, clip: Path, photo: Path
) -> None:
    media = await graph.published(
        media_type="REELS",
        video_url=media_host.put(clip),
        cover_url=media_host.put(photo),
        share_to_feed="true",
        caption="a reel",
    )
    [post] = sandbox.ledger.published
    assert (post.product, post.kind, post.graph_id) == ("reel", "video", media)
    assert post.duration == pytest.approx(3.2, abs=0.1)
    [reel] = sandbox.world.grid(sandbox.world.person("studio"))
    assert reel.shots[0].poster.read_bytes() == photo.read_bytes()
    assert sorted(media_host.asked) == ["/clip.mp4", "/photo.jpg"]


@pytest.mark.parametrize("kind", ["photo", "video"])
async def test_a_story_with_mentions(
    sandbox: Sandbox,
    graph: Graph,
    anna: Person,
    media_host: MediaHost,
    photo: Path,
    clip: Path,
    kind: str,
) -> None:
    berta = sandbox.world.add_person("berta")
    address = media_host.put(photo if kind == "photo" else clip)
    await graph.published(
        media_type="STORIES",
        **{"image_url" if kind == "photo" else "video_url": address},
        user_tags=json.dumps([{"username": "anna", "x": 0.2, "y": 0.3}, {"username": "berta"}]),
        caption="is dropped",
    )
    [post] = sandbox.ledger.published
    assert (post.product, post.kind, post.caption) == ("story", kind, "")
    assert [(told.username, told.x, told.y) for told in post.mentions] == [
        ("anna", 0.2, 0.3),
        ("berta", 0.5, 0.5),
    ]
    [story] = sandbox.world.reel(sandbox.world.person("studio"))
    assert story.mentions == (anna, berta)
    assert {thread.viewer.username for thread in sandbox.world.chats.threads} >= {"anna", "berta"}


async def test_a_carousel(
    sandbox: Sandbox, graph: Graph, anna: Person, media_host: MediaHost, square: Path, clip: Path
) -> None:
    tags = json.dumps([{"username": "anna", "x": 0, "y": 1}])
    children = [
        await graph.made(image_url=media_host.put(square), is_carousel_item="true", user_tags=tags),
        await graph.made(
            media_type="VIDEO", video_url=media_host.put(clip), is_carousel_item="true"
        ),
    ]
    assert code(await graph.publish(children[0])) == (24, 2207006)
    media = await graph.published(
        media_type="CAROUSEL", children=",".join(children), caption="both", collaborators="[]"
    )
    [post] = sandbox.ledger.published
    assert (post.product, post.graph_id, post.caption) == ("carousel", media, "both")
    assert [child.kind for child in post.children] == ["photo", "video"]
    assert [tag.username for tag in post.children[0].user_tags] == ["anna"]
    assert (await graph.get(f"{graph.account.ig_user_id}/content_publishing_limit"))["data"] == [
        {"quota_usage": 1}
    ]


async def test_a_container_is_published_once(
    sandbox: Sandbox, graph: Graph, media_host: MediaHost, square: Path
) -> None:
    container = await graph.made(image_url=media_host.put(square))
    assert "id" in await graph.publish(container)
    assert code(await graph.publish(container)) == (24, 2207006)
    assert len(sandbox.ledger.published) == 1
    assert sandbox.world.graph.containers[container].publish_attempts == 2


async def test_processing_takes_the_sandboxs_time(
    sandbox: Sandbox, graph: Graph, media_host: MediaHost, square: Path, clock: Clock
) -> None:
    graph.account.processing_s = 30
    graph.account.polls_in_progress = 2
    container = await graph.create(image_url=media_host.put(square))
    known = sandbox.world.graph.containers[container]
    await sandbox.ledger.wait_until(lambda: known.part is not None)

    async def status() -> str:
        return str((await graph.get(container, fields="status_code"))["status_code"])

    assert await status() == "IN_PROGRESS"
    assert code(await graph.publish(container)) == (9007, 2207027)
    clock.now += 30
    assert [await status(), await status(), await status()] == [
        "IN_PROGRESS",
        "IN_PROGRESS",
        "FINISHED",
    ]
    assert "id" in await graph.publish(container)


async def test_a_container_expires_after_a_day(
    sandbox: Sandbox, graph: Graph, media_host: MediaHost, square: Path, clock: Clock
) -> None:
    container = await graph.made(image_url=media_host.put(square))
    clock.now += 24 * 3600
    shown = await graph.get(container, fields="status_code,status")
    assert shown["status_code"] == "EXPIRED"
    assert shown["status"].startswith("Expired")
    assert code(await graph.publish(container)) == (-2, 2207020)
    assert sandbox.ledger.published == []


async def test_processing_that_fails_on_demand(
    graph: Graph, media_host: MediaHost, square: Path
) -> None:
    graph.account.fail_processing("container_failed")
    first = await graph.create(image_url=media_host.put(square))
    assert await graph.processed(first) == "ERROR"
    assert "2207032" in (await graph.get(first, fields="status"))["status"]
    assert code(await graph.publish(first)) == (24, 2207006)
    await graph.made(image_url=f"{media_host.put(square)}")
    with pytest.raises(ValueError, match="error has to be one of"):
        graph.account.fail_processing("a meteor")


async def test_the_daily_limits(
    sandbox: Sandbox, graph: Graph, media_host: MediaHost, square: Path, clock: Clock
) -> None:
    graph.account.quota_total = 2
    limit = f"{graph.account.ig_user_id}/content_publishing_limit"
    for _ in range(2):
        await graph.published(image_url=media_host.put(square))
    container = await graph.made(image_url=media_host.put(square))
    assert code(await graph.publish(container)) == (9, 2207042)
    assert (await graph.get(limit, fields="quota_usage,config"))["data"] == [
        {"quota_usage": 2, "config": {"quota_total": 2, "quota_duration": 86400}}
    ]
    clock.now += 24 * 3600 - 1
    assert (await graph.get(limit))["data"] == [{"quota_usage": 2}]
    clock.now += 1
    assert (await graph.get(limit))["data"] == [{"quota_usage": 0}]

    graph.account.containers_at += [clock.now] * 400
    refused = await graph.post(f"{graph.account.ig_user_id}/media", image_url=f"{PUBLIC_PHOTO}")
    assert code(refused) == (9, 2207042)


PUBLIC_PHOTO = "https://media.example/square.jpg"


async def test_containers_of_others_are_nobodys_business(
    sandbox: Sandbox, graph: Graph, anna: Person, media_host: MediaHost, square: Path
) -> None:
    container = await graph.made(image_url=media_host.put(square))
    async with open_graph(sandbox, sandbox.world.connect_graph(anna)) as other:
        assert code(await other.get(container)) == (100, 33)
        assert code(await other.publish(container)) == (24, 2207006)
        answer = await other.post(f"{graph.account.ig_user_id}/media", image_url=PUBLIC_PHOTO)
        assert code(answer) == (100, 33)


async def test_facebook_login_publishes_too(
    sandbox: Sandbox, facebook: Graph, media_host: MediaHost, square: Path
) -> None:
    media = await facebook.published(image_url=media_host.put(square))
    assert sandbox.ledger.published[0].graph_id == media
    page = facebook.account.page_token
    answer = await facebook.send("GET", f"{media}?fields=permalink", token=page)
    assert answer.json()["permalink"].startswith("https://www.instagram.com/p/")
    assert not sandbox.ledger.unknown
