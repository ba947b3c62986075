"""Feed posts, Reels and albums through the Private API, each exactly once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from sandbox.wire.faults import Fault, Reset, Status
from storage import troubles
from tests.support.attempts import follow
from tests.support.posting import live, photo_id, publish, until, video_id
from tests.support.served import Served
from tests.support.thinned import sparing

CONFIGURES = {
    "IMAGE": "/media/configure/",
    "REELS": "/media/configure_to_clips/",
    "CAROUSEL": "/media/configure_sidecar/",
}


async def body_of(served: Served, media_type: str, **more: Any) -> dict[str, Any]:
    account = served.studio.account.id
    body: dict[str, Any] = {"accountId": account, "mediaType": media_type, "caption": "Hello"}
    match media_type:
        case "CAROUSEL":
            video = await video_id(served, 320, 320)
            photos = [await photo_id(served, seed=seed) for seed in (1, 2)]
            body["mediaFileIds"] = [photos[0], video, photos[1]]
        case "REELS":
            body["mediaFileId"] = await video_id(served)
        case _:
            body["mediaFileId"] = await photo_id(served)
    return {**body, **more}


async def send(served: Served, media_type: str, **more: Any) -> dict[str, Any]:
    post_id = await publish(served, await body_of(served, media_type, **more))
    return await until(served, post_id, "PUBLISHED", "FAILED")


async def test_a_photo_with_people_a_place_and_a_coauthor(served: Served) -> None:
    world = served.studio.sandbox.world
    anna, ben = world.add_person("anna"), world.add_person("ben")
    place = world.add_place("Cafe", 52.5, 13.4)
    done = await send(
        served,
        "IMAGE",
        userTags=[{"username": "anna", "x": 0.25, "y": 0.75}],
        collaborators=["ben"],
        locationId=str(place.pk),
        locationName="Cafe",
        altTexts=["A red cup on a table"],
    )
    assert (done["status"], done["errorMessage"]) == ("PUBLISHED", None)
    assert done["publishedViaPrivateApi"] is True
    (post,) = live_posts(served)
    assert (post.route, post.product, post.caption) == ("private", "feed", "Hello")
    assert [(tag.user_id, tag.x, tag.y) for tag in post.user_tags] == [(anna.pk, 0.25, 0.75)]
    assert post.collaborators == (ben.username,)
    assert post.location_id == str(place.pk)
    assert done["igMediaId"] == str(post.pk)
    assert "/p/" in done["igPermalink"]
    assert post.extra["custom_accessibility_caption"] == "A red cup on a table"


async def test_a_reel_with_its_cover(served: Served) -> None:
    done = await send(served, "REELS")
    assert (done["status"], done["errorMessage"]) == ("PUBLISHED", None)
    (post,) = live_posts(served)
    assert (post.product, post.kind, post.caption) == ("reel", "video", "Hello")
    assert "/reel/" in done["igPermalink"]


async def test_an_album_keeps_its_order(served: Served) -> None:
    done = await send(served, "CAROUSEL", altTexts=["One", "A video", "Three"])
    assert (done["status"], done["errorMessage"]) == ("PUBLISHED", None)
    (post,) = live_posts(served)
    assert [child.kind for child in post.children] == ["photo", "video", "photo"]
    sent = post.extra["children_metadata"]
    children = json.loads(sent) if isinstance(sent, str) else sent
    said = [child.get("custom_accessibility_caption") for child in children]
    assert said == ["One", None, "Three"]


@pytest.mark.parametrize("media_type", sparing(list(CONFIGURES), every=3))
async def test_a_lost_answer_is_asked_about(served: Served, media_type: str) -> None:
    path = CONFIGURES[media_type]
    served.studio.sandbox.faults.add(Fault(path=path, kind=Reset(after_effect=True)))
    done = await send(served, media_type)
    assert (done["status"], live(served)) == ("PUBLISHED", 1)
    assert done["igMediaId"] == str(live_posts(served)[0].pk)


@pytest.mark.parametrize("media_type", sparing(list(CONFIGURES), every=3))
async def test_a_request_without_effect_is_repeated(served: Served, media_type: str) -> None:
    path = CONFIGURES[media_type]
    fault = served.studio.sandbox.faults.add(Fault(path=path, kind=Reset()))
    post_id = await publish(served, await body_of(served, media_type))
    await served.studio.sandbox.ledger.wait_until(lambda: fault.hits == 1)
    await until(served, post_id, "QUEUED")
    assert live(served) == 0
    served.studio.clock.advance(timedelta(minutes=5))
    await until(served, post_id, "PUBLISHED")
    assert live(served) == 1


async def test_somebody_who_does_not_exist_fails_with_the_name(served: Served) -> None:
    done = await send(served, "IMAGE", collaborators=["nobody_here"])
    assert (done["status"], done["errorCode"]) == ("FAILED", "INVALID_COLLABORATORS")
    assert "@nobody_here" in done["errorMessage"]
    assert live(served) == 0


def live_posts(served: Served) -> list[Any]:
    return served.studio.sandbox.world.published(served.studio.person)


@pytest.mark.parametrize("where", ["rupload_igphoto", "/media/configure"])
async def test_a_blocked_address_is_asked_no_more_and_costs_no_post(
    served: Served, where: str
) -> None:
    blocked = {"message": "Your IP address is blocked", "error_type": "ip_block", "status": "fail"}
    fault = served.studio.sandbox.faults.add(
        Fault(path=where, kind=Status(400, json=blocked), times=None)
    )
    post_id = await publish(served, await body_of(served, "IMAGE"))
    account = served.studio.account
    course = await follow(served, account, post_id, most=6)
    assert (course.status, course.posts_live, fault.hits) == ("QUEUED", 0, 1)
    hold = await served.studio.core.store.read(
        troubles.active, account.id, served.studio.clock.now()
    )
    assert hold is not None
    fault.remove()
    await served.studio.log_in()
    assert (await follow(served, account, post_id)).status == "PUBLISHED"
