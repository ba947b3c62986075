"""The library, other cuts, previews, and changes that are meant for another state of a post."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from typing import Any

from PIL import Image

from tests.support.posting import API, NOBODY, draft, photo_id, until, video_id
from tests.support.served import Answer, Served


async def get(served: Served, path: str) -> Any:
    answer = await served.call("GET", f"{API}{path}")
    assert answer.status == 200, answer.body
    return answer.body


async def looks(served: Served, media: str, media_type: str) -> Answer:
    return await served.call("POST", f"{API}/media/{media}/preview", {"mediaType": media_type})


async def test_a_file_says_what_it_fits_who_shows_it_and_is_kept_while_planned(
    served: Served,
) -> None:
    tall, film = await photo_id(served, 540, 960), await video_id(served)
    other = await photo_id(served, 1080, 1080, seed=3)
    fits = {
        one["mediaType"]: one["reason"] for one in (await get(served, f"/library/{tall}"))["fits"]
    }
    assert "aspect ratio" in fits["IMAGE"]
    assert fits["STORIES"] is None
    assert "Reel is a video" in fits["REELS"]
    story = await draft(served, mediaType="STORIES", mediaFileId=tall)
    again = await draft(served, mediaType="STORIES", mediaFileId=tall)
    at = {"scheduledFor": "2099-01-01T00:00:00Z", "version": story["version"]}
    assert (await served.call("POST", f"{API}/posts/{story['id']}/reschedule", at)).status == 200
    found = await get(served, f"/library/{tall}")
    assert (found["usedBy"], found["isPlanned"]) == (2, True)
    assert {one["postId"] for one in found["shownIn"]} == {story["id"], again["id"]}
    refused = await served.call("DELETE", f"{API}/library/{tall}")
    assert (refused.status, refused.body["code"]) == (400, "INVALID_STATUS")
    assert (await served.call("DELETE", f"{API}/schedule/{story['id']}")).status == 200
    listed = await get(served, "/library?unused=true")
    assert {one["id"] for one in listed["files"]} == {film, other}
    assert listed["bytes"] == sum(one["fileSize"] for one in listed["files"])
    assert [one["id"] for one in (await get(served, "/library?type=video"))["files"]] == [film]
    name = found["originalFilename"].upper()
    assert [one["id"] for one in (await get(served, f"/library?text={name}"))["files"]] == [tall]
    first = await get(served, "/library?limit=2")
    rest = await get(served, "/library?limit=2&offset=2")
    assert (first["hasMore"], rest["hasMore"], first["total"]) == (True, False, 3)
    assert len({one["id"] for one in first["files"] + rest["files"]}) == 3
    assert (await served.call("DELETE", f"{API}/library/{tall}")).status == 200
    assert (await served.call("DELETE", f"{API}/library/{tall}")).status == 404
    assert (await get(served, f"/posts/{story['id']}"))["mediaFiles"] == []


async def test_a_preview_is_the_file_that_is_sent(served: Served) -> None:
    square, film = await photo_id(served, 1080, 1080), await video_id(served, 360, 360)
    for media, media_type, size, change in (
        (square, "IMAGE", (1080, 1080), "as it is"), (square, "STORIES", (1080, 1920), "blur"),
        (film, "STORIES", (1080, 1920), "blur"), (film, "REELS", (360, 360), "whole"),
    ):  # fmt: skip
        told = (await looks(served, media, media_type)).body
        assert change in told["change"]
        picture = Image.open(BytesIO(b64decode(told["image"].partition(",")[2])))
        assert picture.size == (told["width"], told["height"]) == size
    refused = await looks(served, film, "IMAGE")
    assert (refused.status, refused.body["code"]) == (400, "MEDIA_INVALID")
    assert (await looks(served, NOBODY, "IMAGE")).status == 404
    assert list(served.studio.folder.incoming.iterdir()) == []


async def test_a_photo_is_cut_around_a_point_or_padded_and_stays_itself(served: Served) -> None:
    wide = await photo_id(served, 1200, 400)
    path = f"{API}/media/{wide}/frame"
    cuts = []
    for x in (0.0, 1.0):
        answer = await served.call("POST", path, {"aspect": "1:1", "x": x})
        assert answer.status == 201, answer.body
        assert (answer.body["width"], answer.body["height"]) == (1080, 1080)
        assert all(each["reason"] is None for each in answer.body["fits"][:1])
        cuts.append(answer.body)
    assert cuts[0]["storagePath"] != cuts[1]["storagePath"]
    padded = (await served.call("POST", path, {"aspect": "4:5", "mode": "pad"})).body
    assert (padded["width"], padded["height"]) == (1080, 1350)
    assert (await get(served, f"/library/{wide}"))["width"] == 1200
    film = await video_id(served)
    refused = await served.call("POST", f"{API}/media/{film}/frame", {"aspect": "1:1"})
    assert refused.body["code"] == "MEDIA_INVALID"
    assert (await served.call("POST", path, {"aspect": "2:1"})).status == 400
    assert list(served.studio.folder.incoming.iterdir()) == []


async def test_a_change_meant_for_another_state_is_refused_and_a_draft_goes_out_once(
    served: Served,
) -> None:
    media = await photo_id(served, 1080, 1080)
    made = await draft(served, mediaFileId=media, caption="one")
    post, seen = f"{API}/posts/draft/{made['id']}", made["version"]
    assert (await get(served, f"/posts/{made['id']}"))["version"] == seen
    changed = (await served.call("PUT", post, {"caption": "two", "version": seen})).body
    for method, path, body in (
        ("PUT", post, {"caption": "three"}),
        ("POST", f"{post}/publish", {}),
        ("POST", f"{API}/posts/{made['id']}/reschedule", {"scheduledFor": "2099-01-01T00:00:00Z"}),
    ):
        stale = await served.call(method, path, {**body, "version": seen})
        assert (stale.status, stale.body["code"]) == (409, "STALE_EDIT"), path
    assert (await get(served, f"/posts/{made['id']}"))["caption"] == "two"
    # What was changed back is what was seen; and without a version, as ever, the last one wins.
    await served.call("PUT", post, {"caption": "one"})
    changed = (await served.call("PUT", post, {"caption": "two", "version": seen})).body
    out = await served.call("POST", f"{post}/publish", {"version": changed["version"]})
    assert (out.status, out.body["postId"]) == (202, made["id"])
    again = await served.call("POST", f"{post}/publish", {})
    assert (again.status, again.body["code"]) == (400, "INVALID_STATUS")
    await until(served, made["id"], "PUBLISHED")
    world, person = served.studio.sandbox.world, served.studio.person
    assert len(world.published(person)) == 1
    # A planned post too.
    made = await draft(served, mediaFileId=media, caption="later")
    at = {"scheduledFor": "2099-01-01T00:00:00Z"}
    planned = (await served.call("POST", f"{API}/posts/{made['id']}/reschedule", at)).body
    path = f"{API}/schedule/{made['id']}"
    assert (
        await served.call("PUT", path, {"caption": "x", "version": made["version"]})
    ).status == 409
    body = {"caption": "x", "version": planned["version"]}
    assert (await served.call("PUT", path, body)).status == 200
