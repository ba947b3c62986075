"""Scheduling over HTTP: times, lists, edits, going back, and going out when the time has come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.wire.faults import Fault, Status
from storage import jobs
from storage.times import to_text
from tests.support.paused import Paused
from tests.support.posting import (
    API,
    CONFIGURE,
    NOBODY,
    live,
    photo_id,
    post,
    schedule,
    second_account,
    story,
    until,
    until_held,
)
from tests.support.served import Answer, Served

HOUR = timedelta(hours=1)


async def call(served: Served, method: str, post_id: str, body: Any = None) -> Answer:
    return await served.call(method, f"{API}/schedule/{post_id}", body)


async def counts(served: Served) -> dict[str, int]:
    body = (await served.call("GET", f"{API}/schedule/queue/status")).body
    assert body["queue"] == "local-sqlite"
    found: dict[str, int] = body["counts"]
    return found


async def test_a_due_post_goes_out_when_its_time_has_come(served: Served) -> None:
    made = await schedule(served, story(served, await photo_id(served)), 3 * HOUR)
    assert (await post(served, made["postId"]))["status"] == "SCHEDULED"
    assert await counts(served) == {"waiting": 0, "active": 0, "delayed": 1, "total": 1}
    served.studio.clock.advance(3 * HOUR - timedelta(minutes=1))
    # Another post, due now, shows that the scheduler has looked at the new time.
    other = await schedule(served, story(served, await photo_id(served)), timedelta(seconds=1))
    await until(served, other["postId"], "PUBLISHED")
    assert (await post(served, made["postId"]))["status"] == "SCHEDULED"
    served.studio.clock.advance(timedelta(minutes=1))
    done = await until(served, made["postId"], "PUBLISHED")
    assert done["scheduledFor"] == made["scheduledFor"]
    assert (done["isScheduled"], live(served)) == (True, 2)
    assert await counts(served) == {"waiting": 0, "active": 0, "delayed": 0, "total": 0}
    assert (await served.call("GET", f"{API}/schedule")).body["total"] == 0


async def test_posts_that_were_due_together_go_out_one_after_the_other(served: Served) -> None:
    account, person = await second_account(served)
    media = await photo_id(served)
    body = story(served, media)
    mine = [await schedule(served, body, HOUR) for _ in range(3)]
    theirs = await schedule(served, {**body, "accountId": account.id}, HOUR)
    slow = Paused()
    served.studio.sandbox.faults.add(Fault(path=CONFIGURE, account="studio", kind=slow))
    served.studio.clock.advance(HOUR)
    await slow.reached.wait()
    now = await counts(served)
    assert (now["waiting"], now["delayed"]) == (2, 0)
    assert now["total"] == now["waiting"] + now["active"]
    slow.go.set()
    for made in (*mine, theirs):
        await until(served, made["postId"], "PUBLISHED")
    assert live(served) == 3
    assert len(served.studio.sandbox.world.published(person)) == 1


async def test_the_list_shows_what_has_not_gone_out_the_next_one_first(served: Served) -> None:
    body = story(served, await photo_id(served))
    hours = (5, 1, 4, 2, 3)
    made = {n: (await schedule(served, body, n * HOUR))["postId"] for n in hours}
    ordered = [made[n] for n in sorted(hours)]
    seen: list[str] = []
    for page, more in ((1, True), (2, True), (3, False)):
        got = (await served.call("GET", f"{API}/schedule?page={page}&limit=2")).body
        assert (got["page"], got["limit"], got["total"]) == (page, 2, 5)
        assert got["hasMore"] is more
        seen += [one["id"] for one in got["posts"]]
    assert seen == ordered
    for status, count in (("SCHEDULED", 5), ("QUEUED", 0), ("PROCESSING", 0), ("PUBLISHING", 0)):
        got = (await served.call("GET", f"{API}/schedule?status={status}")).body
        assert (got["total"], len(got["posts"])) == (count, count)
    for status in ("PUBLISHED", "FAILED", "DRAFT", "scheduled"):
        answer = await served.call("GET", f"{API}/schedule?status={status}")
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")


async def test_edits_change_what_is_sent_and_when(served: Served) -> None:
    body = story(served, await photo_id(served), caption="one")
    made = await schedule(served, body, HOUR)
    at = to_text(served.studio.clock.now() + 5 * HOUR)
    changes = {"caption": "two", "scheduledFor": at, "storyMentions": [{"username": "anna"}]}
    served.studio.friend("anna")
    changed = await call(served, "PUT", made["postId"], changes)
    assert (changed.body["caption"], changed.body["scheduledFor"]) == ("two", at)
    assert changed.body["status"] == "SCHEDULED"
    assert "caption" in changed.body.pop("warnings")[0]  # stories are sent without one
    assert changed.body.pop("version")
    assert (await call(served, "GET", made["postId"])).body == changed.body
    served.studio.clock.advance(2 * HOUR)  # past the old time
    assert (await counts(served))["delayed"] == 1
    for refused, code in [
        ({"scheduledFor": to_text(served.studio.clock.now())}, "INVALID_SCHEDULE"),
        ({"scheduledFor": "soon"}, "VALIDATION_ERROR"),
        ({"caption": "x" * 2201}, "VALIDATION_ERROR"),
        ({"userTags": [{"username": "a", "x": 0, "y": 0}]}, "INVALID_TAGS"),
        ({"collaborators": ["a"]}, "INVALID_COLLABORATORS"),
        ({"storyMentions": [{"username": "a"}] * 6}, "INVALID_MENTIONS"),
        ({"crossPostToFacebook": True}, "INVALID_CROSS_POST"),
        # A refused part leaves the rest unchanged, too.
        ({"scheduledFor": "2099-01-01T00:00:00Z", "caption": "x" * 2201}, "VALIDATION_ERROR"),
        ({"scheduledFor": "2099-01-01T00:00:00Z", "collaborators": ["a"]}, "INVALID_COLLABORATORS"),
    ]:
        answer = await call(served, "PUT", made["postId"], refused)
        assert (answer.status, answer.body["code"]) == (400, code), refused
    assert (await call(served, "GET", made["postId"])).body == changed.body
    served.studio.clock.advance(3 * HOUR)
    done = await until(served, made["postId"], "PUBLISHED")
    (there,) = served.studio.sandbox.world.published(served.studio.person)
    assert done["caption"] == "two"
    assert [person.username for person in there.mentions] == ["anna"]


async def test_a_cancelled_post_stays_as_a_draft_and_never_goes_out(served: Served) -> None:
    body = story(served, await photo_id(served), caption="kept")
    made = await schedule(served, body, HOUR)
    answer = await call(served, "DELETE", made["postId"])
    assert (answer.status, answer.body) == (200, {"success": True})
    draft = await post(served, made["postId"])
    assert (draft["status"], draft["caption"]) == ("DRAFT", "kept")
    assert (draft["isScheduled"], draft["scheduledFor"]) == (False, None)
    assert len(draft["mediaFiles"]) == 1
    assert (await counts(served))["total"] == 0
    for method in ("GET", "PUT", "DELETE"):
        again = await call(served, method, made["postId"], {} if method == "PUT" else None)
        assert (again.status, again.body["code"]) == (404, "NOT_FOUND")
    other = await schedule(served, body, HOUR)
    served.studio.clock.advance(HOUR + timedelta(minutes=1))
    await until(served, other["postId"], "PUBLISHED")
    assert live(served) == 1
    edited = await served.call("PUT", f"{API}/posts/draft/{made['postId']}", {"caption": "new"})
    assert edited.body["caption"] == "new"


async def test_what_is_going_out_can_be_neither_changed_nor_cancelled(served: Served) -> None:
    slow = Paused()
    served.studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=slow))
    made = await schedule(served, story(served, await photo_id(served)), HOUR)
    served.studio.clock.advance(HOUR)
    await slow.reached.wait()
    assert (await call(served, "GET", made["postId"])).body["status"] == "PUBLISHING"
    assert (await counts(served))["active"] == 1
    later = {"scheduledFor": "2099-01-01T00:00:00Z"}
    for answer in (
        await call(served, "PUT", made["postId"], later),
        await call(served, "PUT", made["postId"], {"caption": "late"}),
        await call(served, "DELETE", made["postId"]),
    ):
        assert (answer.status, answer.body["code"]) == (400, "INVALID_STATUS")
    slow.go.set()
    done = await until(served, made["postId"], "PUBLISHED")
    assert (done["caption"], live(served)) == (None, 1)


async def test_between_the_claim_and_the_first_step_the_time_is_fixed(served: Served) -> None:
    """The claim comes first: no edit and no cancellation may pretend to have been in time."""
    made = await schedule(served, story(served, await photo_id(served)), HOUR)
    claimed = await served.studio.core.store.write(
        jobs.claim_due, served.studio.clock.now() + 2 * HOUR
    )
    assert len(claimed) == 1
    for answer in (
        await call(served, "PUT", made["postId"], {"scheduledFor": "2099-01-01T00:00:00Z"}),
        await call(served, "DELETE", made["postId"]),
    ):
        assert (answer.status, answer.body["code"]) == (400, "INVALID_STATUS")
    assert (await call(served, "GET", made["postId"])).body["scheduledFor"] == made["scheduledFor"]


async def test_a_cancellation_between_two_attempts_holds(served: Served) -> None:
    served.studio.sandbox.faults.add(Fault(path="rupload_igphoto", kind=Status(503)))
    made = await schedule(served, story(served, await photo_id(served)), HOUR)
    served.studio.clock.advance(HOUR)
    waiting = await until_held(served, made["postId"])
    assert waiting["status"] == "QUEUED"
    listed = (await served.call("GET", f"{API}/schedule?status=QUEUED")).body
    assert [one["id"] for one in listed["posts"]] == [made["postId"]]
    answer = await call(served, "DELETE", made["postId"])
    assert (answer.status, answer.body) == (200, {"success": True})
    draft = await post(served, made["postId"])
    assert (draft["status"], draft["errorMessage"]) == ("DRAFT", None)


async def test_unknown_schedules(served: Served) -> None:
    for method in ("GET", "PUT", "DELETE"):
        for post_id in (NOBODY, "nothing"):
            answer = await call(served, method, post_id, {} if method == "PUT" else None)
            assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")
