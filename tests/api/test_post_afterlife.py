"""What can be done with a post afterwards: retry it, clear it, delete it from Instagram."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import trio

from publish import scheduler
from sandbox import Sandbox
from sandbox.graph.failures import graph_error
from sandbox.wire.faults import Fault, Reset, Status
from sandbox.wire.message import Exchange, Response
from storage import posts
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.times import to_text
from tests.support.attempts import follow
from tests.support.clock import TestClock
from tests.support.graph import connect, published, serve_publicly
from tests.support.limits import DEADLOCK_S
from tests.support.paused import Paused
from tests.support.posting import (
    API,
    CONFIGURE,
    draft,
    failed_story,
    live,
    photo_id,
    post,
    publish,
    story,
    until,
    until_held,
)
from tests.support.served import Answer, Served


async def act(served: Served, method: str, post_id: str, action: str = "") -> Answer:
    return await served.call(method, f"{API}/posts/{post_id}{action}")


async def published_elsewhere(served: Served, **changes: Any) -> Post:
    """Store a feed post that has gone out, which only another route could have sent."""
    studio = served.studio
    made = Post(
        id=str(uuid4()),
        user_id=studio.core.owner.id,
        account_id=studio.account.id,
        instagram_account_id=studio.account.id,
        media_type=MediaType.IMAGE,
        source_type=SourceType.MANUAL,
        status=PostStatus.PUBLISHED,
        ig_media_id="123",
        published_via_private_api=True,
        ig_permalink="https://www.instagram.com/p/abc/",
        published_at=studio.clock.now(),
        created_at=studio.clock.now(),
        updated_at=studio.clock.now(),
    )
    made = replace(made, **changes)
    await studio.core.store.write(posts.add, made, ())
    return made


async def test_a_failed_post_is_retried_with_its_history(served: Served) -> None:
    post_id = await failed_story(served)
    failed = await post(served, post_id)
    assert (failed["errorCode"], live(served)) == ("PROCESSING_FAILED", 0)
    assert "newer app" in failed["errorMessage"]
    slow = Paused()
    configuring = served.studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=slow))
    answer = await act(served, "POST", post_id, "/retry")
    assert (answer.status, answer.body) == (202, {"postId": post_id, "status": "QUEUED"})
    again = await post(served, post_id)
    assert again["status"] in ("QUEUED", "PROCESSING", "PUBLISHING")
    assert (again["errorCode"], again["errorMessage"]) == (None, None)
    assert (await act(served, "POST", post_id, "/retry")).body["code"] == "INVALID_STATUS"
    slow.go.set()
    done = await until(served, post_id, "PUBLISHED")
    assert (configuring.hits, live(served)) == (1, 1)
    assert done["retryCount"] == failed["retryCount"] == 0
    assert done["createdAt"] == failed["createdAt"]
    refused = await act(served, "POST", post_id, "/retry")
    assert (refused.status, refused.body["code"]) == (400, "INVALID_STATUS")


async def test_whoever_retries_what_fails_without_end_waits_between(served: Served) -> None:
    """Five at once are a person's; more are a program's, and each is several requests."""
    post_id = await failed_story(served)
    refusal = Status(400, json={"message": "needs_upgrade", "error_type": "needs_upgrade"})
    served.studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=refusal, times=None))
    for failures in range(1, 6):
        assert (await act(served, "POST", post_id, "/retry")).status == 202
        assert (await until(served, post_id, "FAILED"))["errorMessage"], failures
    assert (await act(served, "POST", post_id, "/retry")).status == 202
    waiting = await until_held(served, post_id)
    assert (waiting["status"], waiting["errorCode"]) == ("QUEUED", None)
    assert waiting["errorMessage"].startswith("It has failed 6 times within an hour")
    served.studio.clock.advance(timedelta(minutes=6))
    await until(served, post_id, "FAILED")
    served.studio.clock.advance(timedelta(hours=1))
    assert (await act(served, "POST", post_id, "/retry")).status == 202
    assert await until(served, post_id, "FAILED")


async def test_retries_that_nobody_asked_for_are_counted(served: Served) -> None:
    served.studio.sandbox.faults.add(Fault(path="rupload_igphoto", kind=Status(503)))
    post_id = await publish(served, story(served, await photo_id(served)))
    waiting = await until_held(served, post_id)
    assert waiting["status"] == "QUEUED"
    served.studio.clock.advance(timedelta(minutes=20))
    done = await until(served, post_id, "PUBLISHED")
    assert (waiting["retryCount"], done["retryCount"], live(served)) == (0, 1, 1)


async def test_a_post_in_doubt_is_asked_about_before_anything_is_sent(served: Served) -> None:
    studio = served.studio
    reel = f"/feed/user/{studio.person.pk}/story/"
    studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=Reset(after_effect=True)))
    asking = studio.sandbox.faults.add(Fault(path=reel, skip=1, times=None, kind=Status(503)))
    post_id = await publish(served, story(served, await photo_id(served)))
    assert (await until_held(served, post_id))["status"] == "PUBLISHING"
    studio.clock.advance(timedelta(hours=24))  # too late to be asked about
    unknown = await until(served, post_id, "FAILED")
    assert unknown["errorCode"] == "DELIVERY_UNKNOWN"
    asking.remove()
    # As if the person looked at once: the story is still there.
    studio.clock.advance(timedelta(hours=-24))
    assert (await act(served, "POST", post_id, "/retry")).status == 202
    done = await until(served, post_id, "PUBLISHED", "FAILED")
    assert (done["status"], live(served)) == ("PUBLISHED", 1)
    assert studio.sandbox.ledger.count("media/configure_to_story") == 1


async def test_a_retry_without_its_media_or_account_says_so(served: Served) -> None:
    post_id = await failed_story(served)
    media = (await post(served, post_id))["mediaFiles"][0]["id"]
    assert (await served.call("DELETE", f"{API}/media/{media}")).status == 200
    answer = await act(served, "POST", post_id, "/retry")
    assert (answer.status, answer.body["code"]) == (400, "MEDIA_INVALID")
    found = await post(served, post_id)
    assert (found["status"], found["mediaFiles"]) == ("FAILED", [])
    other = await failed_story(served)
    account = served.studio.account.id
    assert (await served.call("DELETE", f"{API}/auth/accounts/{account}")).status == 200
    answer = await act(served, "POST", other, "/retry")
    assert (answer.status, answer.body["code"]) == (400, "INVALID_STATUS")
    assert (await post(served, other))["instagramAccountId"] == account


@pytest.mark.parametrize("has_effect", [True, False])
async def test_a_post_in_doubt_is_asked_about_without_its_media_too(
    served: Served, has_effect: bool
) -> None:
    studio = served.studio
    reel = f"/feed/user/{studio.person.pk}/story/"
    studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=Reset(after_effect=has_effect)))
    studio.sandbox.faults.add(Fault(path=reel, skip=1, kind=Status(503)))
    media = await photo_id(served)
    post_id = await publish(served, story(served, media))
    await until_held(served, post_id)
    await served.call("DELETE", f"{API}/media/{media}")
    studio.clock.advance(timedelta(minutes=20))
    found = await until(served, post_id, "PUBLISHED", "FAILED")
    assert live(served) == int(has_effect)
    ends = ("PUBLISHED", None) if has_effect else ("FAILED", "MEDIA_INVALID")
    assert (found["status"], found["errorCode"]) == ends


async def test_clearing_archives_and_leaves_instagram_alone(served: Served) -> None:
    post_id = await publish(served, story(served, await photo_id(served)))
    await until(served, post_id, "PUBLISHED")
    answer = await act(served, "DELETE", post_id)
    assert (answer.status, answer.body) == (200, {"success": True, "clearedPostId": post_id})
    assert live(served) == 1
    assert (await act(served, "GET", post_id)).status == 404
    assert (await act(served, "DELETE", post_id)).status == 404
    assert (await served.call("GET", f"{API}/posts")).body["total"] == 0

    def archived(db: Any) -> list[tuple[str, str]]:
        return list(db.conn.execute("SELECT id, post ->> 'ig_media_id' FROM deleted_posts"))

    (row,) = await served.studio.core.store.read(archived)
    assert row[0] == post_id
    assert row[1] == str(served.studio.sandbox.world.published(served.studio.person)[0].pk)


async def test_a_post_that_is_going_out_cannot_be_cleared(served: Served) -> None:
    slow = Paused()
    served.studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=slow))
    post_id = await publish(served, story(served, await photo_id(served)))
    await slow.reached.wait()
    for action in ("", "/instagram"):
        answer = await act(served, "DELETE", post_id, action)
        assert (answer.status, answer.body["code"]) == (400, "INVALID_STATUS")
    slow.go.set()
    await until(served, post_id, "PUBLISHED")


async def test_deleting_from_instagram(served: Served) -> None:
    post_id = await publish(served, story(served, await photo_id(served)))
    found = await until(served, post_id, "PUBLISHED")
    answer = await act(served, "DELETE", post_id, "/instagram")
    assert (answer.status, answer.body["code"]) == (400, "STORIES_CANNOT_DELETE")
    assert (await post(served, post_id)) == found
    unsent = (await draft(served))["id"]
    answer = await act(served, "DELETE", unsent, "/instagram")
    assert (answer.status, answer.body["code"]) == (400, "INVALID_STATUS")
    nameless = await published_elsewhere(served, ig_media_id=None)
    answer = await act(served, "DELETE", nameless.id, "/instagram")
    assert (answer.status, answer.body["code"]) == (400, "NO_MEDIA_ID")
    there = await published_elsewhere(served, ig_media_id=found["igMediaId"])
    answer = await act(served, "DELETE", there.id, "/instagram")
    assert answer.body == {
        "success": True,
        "wasDeletedFromInstagram": True,
        "clearedPostId": there.id,
        "deleteError": None,
        "permalink": there.ig_permalink,
    }
    assert served.studio.sandbox.world.reel(served.studio.person) == []
    # Instagram knows nothing of this one: the history is cleared, and the reason is told.
    gone = await published_elsewhere(served, ig_media_id="999")
    body = (await act(served, "DELETE", gone.id, "/instagram")).body
    assert (body["success"], body["wasDeletedFromInstagram"]) == (True, False)
    assert body["deleteError"]
    assert (await act(served, "GET", gone.id)).status == 404


@pytest.mark.parametrize("act", ["release", "reschedule"])
async def test_a_mention_whose_post_is_taken_out_of_the_queue_ends(
    served: Served, act: str
) -> None:
    """It is no repost any more: the mention says so, and the post is a draft like any other."""
    studio = served.studio
    await studio.configure()
    studio.sandbox.faults.add(Fault(path="rupload", kind=Status(500), times=None))
    studio.mention(studio.friend("anna"))
    await served.call("POST", f"{API}/story-repost/scan", {"accountId": studio.account.id})
    with trio.fail_after(DEADLOCK_S):
        while not [repost for repost in await studio.history() if repost.post_id]:
            await trio.sleep(0.02)
    (repost,) = await studio.history()
    await until_held(served, repost.post_id or "")
    at = to_text(studio.clock.now() + timedelta(hours=1))
    body = {"scheduledFor": at} if act == "reschedule" else None
    answer = await served.call("POST", f"{API}/posts/{repost.post_id}/{act}", body)
    assert answer.status == 200, answer.body
    item = (await served.call("GET", f"{API}/story-repost/{repost.id}")).body
    assert (item["status"], item["reason"]) == (
        "SKIPPED", "Its post was released, and is yours to send",
    )  # fmt: skip


async def test_what_was_edited_after_a_release_is_what_goes_out(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery with an unknown end is over once a person has looked: it is never taken up."""
    monkeypatch.setattr(scheduler, "SLICE_S", 0.02)
    async with serve_publicly(sandbox, clock, tmp_path) as served:
        await connect(served)
        studio, faults = served.studio, sandbox.faults
        gone: list[Any] = []

        class Lost:
            async def answer(self, exchange: Exchange) -> Response:
                denied = Fault(
                    method="GET", path="/17889", kind=graph_error("does_not_exist"), times=None
                )
                gone.append(faults.add(denied))
                return await Reset().answer(exchange)

        faults.add(Fault(path_end="/media_publish", kind=Lost()))
        body = {"accountId": studio.account.id, "mediaType": "IMAGE", "caption": "old"}
        post_id = await publish(served, {**body, "mediaFileId": await photo_id(served)})
        course = await follow(served, studio.account, post_id)
        gone[0].remove()
        assert course.error_code == "DELIVERY_UNKNOWN"
        await served.call("POST", f"{API}/posts/{post_id}/release")
        changes = {"caption": "new", "mediaFileId": await photo_id(served, seed=7)}
        edited = await served.call("PUT", f"{API}/posts/draft/{post_id}", changes)
        assert edited.status == 200, edited.body
        at = to_text(studio.clock.now() + timedelta(hours=1))
        await served.call("POST", f"{API}/posts/{post_id}/reschedule", {"scheduledFor": at})
        studio.clock.advance(timedelta(hours=4))  # as if the daemon was off
        assert (await until(served, post_id, "FAILED"))["errorCode"] == "SCHEDULE_MISSED"
        assert (await served.call("POST", f"{API}/posts/{post_id}/retry")).status == 202
        await follow(served, studio.account, post_id)
        assert [post.caption for post in published(served)] == ["new"]
