"""Stories with links, hashtags and places: on the wire, in the record, and where they cannot go."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from sandbox.wire.faults import Fault, Reset, Status
from storage import credentials
from tests.support.graph import connect
from tests.support.posting import (
    API,
    draft,
    live,
    photo_id,
    post,
    publish,
    schedule,
    story,
    until,
    video_id,
)
from tests.support.served import Served
from tests.support.thinned import sparing

LINK = {"type": "link", "url": "https://example.com/menu", "y": 0.9}
SEA = {"type": "hashtag", "name": "#sea", "x": 0.25, "y": 0.1, "width": 0.3, "height": 0.05}
SKY = {"type": "hashtag", "name": "himmel_über", "rotation": 0.25}
PEOPLE = [{"username": "anna", "x": 0.5, "y": 0.8}, {"username": "ben", "x": 0.5, "y": 0.7}]


def people_and_a_place(served: Served) -> dict[str, Any]:
    world = served.studio.sandbox.world
    for username in ("anna", "ben"):
        world.add_person(username)
    place = world.add_place("Cafe", 52.5, 13.4)
    return {"type": "location", "id": str(place.pk), "name": "Cafe", "y": 0.3}


@pytest.mark.parametrize("kind", sparing(["photo", "video"], every=2))
async def test_every_kind_at_once_beside_several_mentions(served: Served, kind: str) -> None:
    await connect(served, "facebook")  # which could send the video, but not its stickers
    place = people_and_a_place(served)
    media = await (photo_id(served, 360, 640) if kind == "photo" else video_id(served))
    body = story(served, media, storyMentions=PEOPLE, storyStickers=[LINK, SEA, place, SKY])
    done = await until(served, await publish(served, body), "PUBLISHED", "FAILED")

    assert (done["status"], done["errorMessage"]) == ("PUBLISHED", None)
    assert done["publishedViaPrivateApi"] is True
    said = json.loads(done["storyStickers"])
    assert [sticker["type"] for sticker in said] == ["link", "hashtag", "location", "hashtag"]
    assert said[1] == {**SEA, "name": "sea", "rotation": 0.0}
    (published,) = served.studio.sandbox.world.published(served.studio.person)
    assert [told.username for told in published.mentions] == ["anna", "ben"]
    wire = {sticker.get("tag_name") or sticker["type"]: sticker for sticker in published.stickers}
    assert list(wire) == ["sea", "himmel_über", "location", "story_link"]
    assert [wire["sea"][name] for name in ("x", "y", "width", "height")] == [0.25, 0.1, 0.3, 0.05]
    assert wire["himmel_über"]["rotation"] == 0.25
    assert wire["location"]["location_id"] == place["id"]
    assert wire["story_link"]["url"] == LINK["url"]
    ids = published.extra["story_sticker_ids"]
    assert ids == "hashtag_sticker,location_sticker,link_sticker_default"


async def test_its_lost_answer_is_asked_about(served: Served) -> None:
    fault = Fault(path="configure_to_story", kind=Reset(after_effect=True))
    served.studio.sandbox.faults.add(fault)
    body = story(served, await photo_id(served), storyStickers=[LINK, SEA])
    post_id = await publish(served, body)
    done = await until(served, post_id, "PUBLISHED", "FAILED")
    assert (done["status"], live(served)) == ("PUBLISHED", 1)


async def test_a_link_that_instagram_refuses_fails_before_anything_is_uploaded(
    served: Served,
) -> None:
    refusal = Status(400, json={"message": "The link is not valid", "status": "fail"})
    served.studio.sandbox.faults.add(Fault(path="validate_reel_url", kind=refusal, times=None))
    post_id = await publish(served, story(served, await photo_id(served), storyStickers=[LINK]))
    done = await until(served, post_id, "FAILED")
    assert done["errorCode"] == "INVALID_STICKERS"
    assert "link" in done["errorMessage"]
    assert served.studio.sandbox.ledger.find(containing="rupload") == []
    assert live(served) == 0


@pytest.mark.parametrize("status", [400, 403])
async def test_one_odd_word_about_a_link_fails_no_story(served: Served, status: int) -> None:
    odd = Status(status, {"message": "Sorry, something went wrong", "status": "fail"})
    served.studio.sandbox.faults.add(Fault(path="validate_reel_url", kind=odd))
    post_id = await publish(served, story(served, await photo_id(served), storyStickers=[LINK]))
    done = await until(served, post_id, "PUBLISHED", "FAILED")
    assert (done["status"], live(served)) == ("PUBLISHED", 1)


async def test_a_token_alone_cannot_carry_them(served: Served) -> None:
    studio = served.studio
    await connect(served, "facebook")
    await studio.core.store.write(credentials.forget, studio.account.id)
    video = await video_id(served)
    body = story(served, video, storyStickers=[LINK])
    later = {"scheduledFor": "2099-01-01T00:00:00Z"}
    for path, more in (("/posts/publish", {}), ("/schedule", later)):
        answer = await served.call("POST", API + path, body | more)
        assert (answer.status, answer.body["code"]) == (400, "PRIVATE_API_REQUIRED")
    kept = await draft(served, **body)
    when = f"{API}/posts/{kept['id']}/reschedule"
    answer = await served.call("POST", when, later)
    assert (answer.status, answer.body["code"]) == (400, "PRIVATE_API_REQUIRED")
    # Without them the token is enough, until somebody adds one.
    made = await schedule(served, story(served, video), timedelta(hours=1))
    changes = {"caption": "new", "storyStickers": [LINK]}
    answer = await served.call("PUT", f"{API}/schedule/{made['postId']}", changes)
    assert (answer.status, answer.body["code"]) == (400, "PRIVATE_API_REQUIRED")
    same = await post(served, made["postId"])
    assert (same["caption"], same["storyStickers"]) == (None, None)


async def test_a_login_that_is_gone_when_it_is_due_fails_it_with_that_reason(
    served: Served,
) -> None:
    studio = served.studio
    await connect(served, "facebook")
    body = story(served, await video_id(served), storyStickers=[LINK])
    made = await schedule(served, body, timedelta(hours=1))
    await studio.core.store.write(credentials.forget, studio.account.id)
    studio.clock.advance(timedelta(hours=1))
    done = await until(served, made["postId"], "FAILED")
    assert done["errorCode"] == "PRIVATE_API_REQUIRED"
    assert live(served) == 0


async def test_they_are_edited_like_the_rest(served: Served) -> None:
    kept = await draft(served, mediaType="STORIES", storyStickers=[SEA])
    path = f"{API}/posts/draft/{kept['id']}"
    answer = await served.call("PUT", path, {"caption": "Hello"})
    assert answer.body["storyStickers"] == kept["storyStickers"]
    answer = await served.call("PUT", path, {"mediaType": "IMAGE"})
    assert (answer.status, answer.body["code"]) == (400, "INVALID_STICKERS")
    answer = await served.call("PUT", path, {"mediaType": "IMAGE", "storyStickers": None})
    assert (answer.body["mediaType"], answer.body["storyStickers"]) == ("IMAGE", None)
