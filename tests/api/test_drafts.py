"""Drafts: stored without Instagram, patched field by field, checked as a whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.posting import (
    API,
    NOBODY,
    draft,
    photo_id,
    post,
    publish,
    second_account,
    story,
    until,
)
from tests.support.served import Answer, Served


async def put(served: Served, post_id: str, **changes: Any) -> Answer:
    return await served.call("PUT", f"{API}/posts/draft/{post_id}", changes)


async def test_a_draft_needs_only_account_and_type_and_instagram_hears_nothing(
    served: Served,
) -> None:
    mark = served.studio.sandbox.ledger.mark()
    made = await draft(served, mediaType="REELS")
    assert (made["status"], made["mediaFiles"], made["caption"]) == ("DRAFT", [], None)
    assert made["instagramAccountId"] == served.studio.account.id
    assert await post(served, made["id"]) == made
    uploads = served.studio.sandbox.ledger.find("media/", since=mark)
    assert uploads == []


async def test_everything_that_was_sent_is_kept(served: Served) -> None:
    media = await photo_id(served)
    sent = {
        "mediaFileId": media,
        "caption": "Grüße 🌅",
        "locationId": "110843418940484",
        "locationName": "Seattle",
        "userTags": [{"username": "@anna", "x": 0.25, "y": 1}],
        "collaborators": ["ben", "carla"],
        "someFutureField": {"is": "ignored"},
    }
    made = await draft(served, **sent)
    assert [file["id"] for file in made["mediaFiles"]] == [media]
    for name in ("caption", "locationId", "locationName"):
        assert made[name] == sent[name]
    # JSON texts on output (contract §5).
    assert json.loads(made["userTags"]) == [{"username": "anna", "x": 0.25, "y": 1.0}]
    assert json.loads(made["collaborators"]) == ["ben", "carla"]
    assert made["storyMentions"] is None


async def test_only_what_is_sent_changes_and_null_clears(served: Served) -> None:
    media = await photo_id(served)
    made = await draft(served, mediaFileId=media, caption="one", collaborators=["ben"])
    changed = (await put(served, made["id"], caption="two")).body
    news = {name: changed[name] for name in ("updatedAt", "version")}
    assert changed == {**made, "caption": "two", **news}
    assert changed["version"] != made["version"]
    cleared = (await put(served, made["id"], caption=None, collaborators=[])).body
    assert (cleared["caption"], cleared["collaborators"]) == (None, None)
    assert len(cleared["mediaFiles"]) == 1
    without = (await put(served, made["id"], mediaFileId=None)).body
    assert without["mediaFiles"] == []
    assert (await put(served, made["id"])).status == 200


async def test_the_rules_apply_to_the_merged_result(served: Served) -> None:
    first, second = await photo_id(served), await photo_id(served, seed=2)
    tagged = await draft(
        served, mediaFileId=first, caption="kept", userTags=[{"username": "anna", "x": 0, "y": 0}]
    )
    cases: list[tuple[dict[str, Any], str]] = [
        ({"mediaType": "STORIES"}, "INVALID_TAGS"),
        ({"mediaType": "CAROUSEL"}, "INVALID_CAROUSEL"),
        ({"mediaType": "REELS", "userTags": []}, "MEDIA_INVALID"),
        ({"mediaFileIds": [second]}, "INVALID_CAROUSEL"),
        ({"mediaFileIds": [first, second]}, "INVALID_CAROUSEL"),
        ({"storyMentions": [{"username": "x"}]}, "INVALID_MENTIONS"),
        ({"caption": "x" * 2201}, "VALIDATION_ERROR"),
        ({"mediaFileId": NOBODY}, "NOT_FOUND"),
        ({"accountId": NOBODY}, "NOT_FOUND"),
    ]
    for changes, code in cases:
        refused = await put(served, tagged["id"], **changes)
        assert refused.body["code"] == code, changes
    assert await post(served, tagged["id"]) == tagged, "a refused edit changed something"
    became = await put(served, tagged["id"], mediaType="CAROUSEL", mediaFileIds=[first, second])
    assert became.status == 200
    assert [file["id"] for file in became.body["mediaFiles"]] == [first, second]
    swapped = await put(served, tagged["id"], mediaFileIds=[second, first])
    assert [file["id"] for file in swapped.body["mediaFiles"]] == [second, first]
    single = await put(served, tagged["id"], mediaFileId=first)
    assert single.body["code"] == "INVALID_CAROUSEL"


async def test_a_draft_can_move_to_another_account(served: Served) -> None:
    account, _ = await second_account(served)
    made = await draft(served)
    moved = await put(served, made["id"], accountId=account.id)
    assert moved.body["instagramAccountId"] == account.id


async def test_only_drafts_are_edited(served: Served) -> None:
    post_id = await publish(served, story(served, await photo_id(served)))
    await until(served, post_id, "PUBLISHED")
    refused = await put(served, post_id, caption="too late")
    assert (refused.status, refused.body["code"]) == (400, "INVALID_STATUS")
    unknown = await put(served, NOBODY, caption="x")
    assert (unknown.status, unknown.body["code"]) == (404, "NOT_FOUND")


async def test_a_draft_with_mentions_needs_no_login_but_publishing_does(served: Served) -> None:
    await served.studio.core.logins.forget(served.studio.account.id)
    media = await photo_id(served)
    content = story(served, media, storyMentions=[{"username": "anna"}])
    made = await draft(served, **content)
    assert json.loads(made["storyMentions"]) == [{"username": "anna", "x": 0.5, "y": 0.5}]
    later = {**content, "scheduledFor": "2099-01-01T00:00:00Z"}
    for path, body in (("/posts/publish", content), ("/schedule", later)):
        refused = await served.call("POST", API + path, body)
        assert (refused.status, refused.body["code"]) == (400, "PRIVATE_API_REQUIRED")
    listed = (await served.call("GET", f"{API}/posts")).body
    assert listed["total"] == 1, "a refused post was stored"


@pytest.mark.parametrize("path", ["/posts/draft", "/posts/publish", "/schedule"])
async def test_what_is_required(served: Served, path: str) -> None:
    account = served.studio.account.id
    media = await photo_id(served)
    complete = {
        "accountId": account,
        "mediaType": "STORIES",
        "mediaFileId": media,
        "scheduledFor": "2099-01-01T00:00:00Z",
    }
    for name in ("accountId", "mediaType"):
        for value in (..., None, 5, "", "nobody"):
            body = {**complete, name: value}
            if value is ...:
                del body[name]
            answer = await served.call("POST", API + path, body)
            assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
            assert name in answer.body["error"]
    without_media = {**complete, "mediaFileId": None}
    answer = await served.call("POST", API + path, without_media)
    if path == "/posts/draft":
        assert answer.status == 201
        return
    assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
    without_media["mediaType"] = "CAROUSEL"
    answer = await served.call("POST", API + path, without_media)
    assert answer.body["code"] == "INVALID_CAROUSEL"


async def test_what_is_said_of_a_picture_goes_along_with_it(served: Served) -> None:
    one, two, three = [await photo_id(served, seed=seed) for seed in (1, 2, 3)]
    made = await draft(
        served, mediaType="CAROUSEL", mediaFileIds=[one, two], altTexts=["  One ", "Two"]
    )

    async def said(**changes: Any) -> Any:
        answer = await put(served, made["id"], **changes)
        assert answer.status == 200, answer.body
        return json.loads(answer.body["altTexts"] or "null")

    assert json.loads(made["altTexts"]) == ["One", "Two"]
    assert await said(mediaFileIds=[three, two, one]) == [None, "Two", "One"]
    assert await said(caption="Another") == [None, "Two", "One"]
    assert await said(mediaFileIds=[two, three]) == ["Two"]
    assert await said(altTexts=[None, "Three"]) == [None, "Three"]
    assert await said(altTexts=["", None]) is None
    assert await said(altTexts=["Two"]) == ["Two"]
    assert await said(altTexts=None) is None
    twice = ["A", "B", "C"]  # the same picture at the beginning and at the end
    assert await said(mediaFileIds=[one, two, one], altTexts=twice) == twice
    assert await said(caption="Other words") == twice
    assert await said(mediaFileIds=[two, one]) == ["B", "A"]
    assert await said(altTexts=None) is None
    for wrong in (["x"] * 3, ["x" * 1001], "x", [7]):
        assert (await put(served, made["id"], altTexts=wrong)).status == 400, wrong
    kind = {"mediaType": "STORIES", "mediaFileId": one, "mediaFileIds": None}
    assert (await put(served, made["id"], **kind, altTexts=["x"])).status == 400
    assert (await put(served, made["id"], **kind)).status == 200
