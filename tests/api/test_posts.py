"""Publishing, and the history of what was published."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage.times import to_text
from tests.support.in_turn import in_turn
from tests.support.posting import (
    API,
    NOBODY,
    draft,
    failed_story,
    photo_id,
    publish,
    story,
    until,
    video_id,
)
from tests.support.served import Answer, Served


async def act(served: Served, method: str, post_id: str, action: str = "") -> Answer:
    return await served.call(method, f"{API}/posts/{post_id}{action}")


@pytest.mark.parametrize("kind", ["photo", "video"])
async def test_a_story_goes_out_with_its_mentions(served: Served, kind: str) -> None:
    anna = served.studio.friend("anna")
    media = await (photo_id(served) if kind == "photo" else video_id(served))
    body = story(served, media, caption="Hello", storyMentions=[{"username": "@anna", "x": 0.2}])
    found = await until(served, await publish(served, body), "PUBLISHED", "FAILED")
    assert (found["status"], found["errorCode"]) == ("PUBLISHED", None), found["errorMessage"]
    (there,) = served.studio.sandbox.world.published(served.studio.person)
    assert found["igMediaId"] == str(there.pk)
    assert found["igPermalink"] == f"https://www.instagram.com/stories/studio/{there.pk}/"
    assert [person.username for person in there.mentions] == [anna.username]
    assert found["publishedViaPrivateApi"] is True
    assert (found["retryCount"], found["isScheduled"]) == (0, False)
    assert [file["id"] for file in found["mediaFiles"]] == [media]


async def test_the_list_is_paged_filtered_and_newest_first(served: Served) -> None:
    ids = []
    for number in range(5):
        ids.append((await draft(served, caption=str(number)))["id"])
        served.studio.clock.advance(timedelta(seconds=1))
    ids.reverse()
    seen: list[str] = []
    for page, more in ((1, True), (2, True), (3, False), (4, False)):
        body = (await served.call("GET", f"{API}/posts?page={page}&limit=2")).body
        assert (body["page"], body["limit"], body["total"]) == (page, 2, 5)
        assert body["hasMore"] is more
        assert all(one["mediaFiles"] == [] for one in body["posts"])
        seen += [one["id"] for one in body["posts"]]
    assert seen == ids
    body = (await served.call("GET", f"{API}/posts")).body
    assert (body["page"], body["limit"], body["hasMore"]) == (1, 20, False)
    assert (await served.call("GET", f"{API}/posts?limit=5")).body["hasMore"] is False
    post_id = await publish(served, story(served, await photo_id(served)))
    await until(served, post_id, "PUBLISHED")
    for status, count in (("PUBLISHED", 1), ("DRAFT", 5), ("FAILED", 0)):
        body = (await served.call("GET", f"{API}/posts?status={status}")).body
        assert (body["total"], len(body["posts"])) == (count, count)
        assert {one["status"] for one in body["posts"]} <= {status}


@in_turn(
    "query",
    ["page=0", "page=-1", "page=x", "page=", "page=1.5", "limit=0", "limit=101", "limit=all",
     "status=published", "status=", "page=99999999999999999999"],
)  # fmt: skip
async def test_query_parameters_out_of_range(served: Served, query: str) -> None:
    for path in ("/posts", "/schedule"):
        answer = await served.call("GET", f"{API}{path}?{query}")
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
        assert query.partition("=")[0] in answer.body["error"]
    assert (await served.call("GET", f"{API}/posts?unknown=1&limit=100")).status == 200


async def test_unknown_posts(served: Served) -> None:
    for method, action in [
        ("GET", ""), ("DELETE", ""), ("POST", "/retry"), ("DELETE", "/instagram"),
    ]:  # fmt: skip
        for post_id in (NOBODY, "not-a-uuid"):
            answer = await act(served, method, post_id, action)
            assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")


async def test_an_id_is_the_same_in_capitals(served: Served) -> None:
    """As Swift writes a UUID."""
    post_id = (await draft(served))["id"]
    shown = await act(served, "GET", post_id.upper(), "")
    assert (shown.status, shown.body["id"]) == (200, post_id)


async def test_recent_completions(served: Served) -> None:
    async def completed(since: str) -> list[str]:
        answer = await served.call("GET", f"{API}/posts/recent-completions?since={since}")
        assert answer.status == 200, answer.body
        return [one["id"] for one in answer.body["posts"]]

    start = to_text(served.studio.clock.now())
    await draft(served)
    failed = await failed_story(served)
    between = to_text(served.studio.clock.now())
    served.studio.clock.advance(timedelta(seconds=2))
    published = await publish(served, story(served, await photo_id(served)))
    await until(served, published, "PUBLISHED")
    assert await completed(start) == [published, failed]
    assert await completed(between) == [published]
    assert await completed("0099-01-01T00:00:00Z") == [published, failed]
    assert await completed("2999-01-01T00:00:00Z") == []
    offset = start.replace("Z", "+00:00")
    assert await completed(offset.replace("+", "%2B")) == [published, failed]
    assert await completed(offset) == [published, failed], "a + that was not encoded"
    for query in ("", "?since=", "?since=yesterday", "?since=1780000000", "?since=2026-06-01",
                  "?since=2026-06-01T12:00:00"):  # fmt: skip
        answer = await served.call("GET", f"{API}/posts/recent-completions{query}")
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR"), query
