"""What holds an account, what became of each mention, and for how long its media are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import trio

from repost.retention import Retention
from sandbox.wire.faults import Fault, Status
from storage import media_files, repost_history, repost_lists
from storage.repost_configs import PollStatus
from storage.times import to_text
from tests.api.test_story_repost import AWAKE, BASE, history, post, until
from tests.support.limits import DEADLOCK_S, Pauses
from tests.support.posting import second_account
from tests.support.served import Served


async def page(served: Served, **query: Any) -> dict[str, Any]:
    answer = await served.call("GET", f"{BASE}/history?{urlencode(query)}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.body
    return found


async def publish_some(served: Served, *names: str) -> dict[str, dict[str, Any]]:
    """Have stories of these friends reposted, one found after the other."""
    studio = served.studio
    await post(served, "/config", **AWAKE)
    await post(served, "/enable")
    for name in names:
        studio.mention(studio.friend(name))
        await post(served, "/scan")
        studio.clock.advance(timedelta(minutes=1))
    return await until(served, **dict.fromkeys(names, "PUBLISHED"))


async def test_the_status_says_what_holds_and_what_is_next(served: Served) -> None:
    before = (await served.call("GET", f"{BASE}/status?accountId={served.studio.account.id}")).body
    assert before["configured"] is False
    assert before["sessionPhase"] == 3  # pace 0: the phases count as over
    saved = (await post(served, "/config", pollIntervalHours=21, **AWAKE)).body
    assert "expire before they are seen" in saved["warnings"][0]
    off = (await served.call("GET", f"{BASE}/status")).body
    assert off["polling"]["rail"] == off["holding"]["rail"] == "disabled"
    assert off["nextPollAt"] is None

    await post(served, "/config", approvalRequired=True)
    served.studio.mention(served.studio.friend("anna"))
    await post(served, "/enable")
    await until(served, anna="WAITING_APPROVAL")
    pauses = Pauses()
    with trio.fail_after(DEADLOCK_S):  # the engine's own look records itself a moment later
        while (on := (await served.call("GET", f"{BASE}/status")).body)["polling"] is None:
            await pauses.take()
    assert on["polling"]["rail"] == "interval"
    assert on["nextPollAt"] == on["polling"]["until"]
    assert on["waiting"] == {"detected": 0, "downloaded": 0, "waitingApproval": 1, "queued": 0}
    assert (on["repostsToday"], on["dailyCap"]) == (0, 10)
    assert on["config"]["lastPollRequests"] == 3
    assert on["config"]["totalPollRequests"] == 3
    assert on["breaker"] is None
    assert on["version"]
    second = await post(served, "/scan")
    assert second.body["requests"] == 3
    config = (await served.call("GET", f"{BASE}/status")).body["config"]
    assert config["totalPollRequests"] == 6


async def test_the_breaker_says_how_to_close_it(served: Served) -> None:
    await post(served, "/config", **AWAKE)
    await post(served, "/enable")
    failing = served.studio.sandbox.faults.add(
        Fault(path="direct_v2/inbox", kind=Status(500), times=None)
    )
    with trio.fail_after(DEADLOCK_S):
        while (await served.call("GET", f"{BASE}/status")).body["isEnabled"]:
            await post(served, "/scan")
    status = (await served.call("GET", f"{BASE}/status")).body
    assert status["breaker"]["since"] == status["config"]["autoDisabledAt"]
    assert "looks in a row failed" in status["breaker"]["reason"]
    assert "/story-repost/enable" in status["breaker"]["remedy"]
    failing.remove()
    await post(served, "/enable")
    assert (await served.call("GET", f"{BASE}/status")).body["breaker"] is None


async def test_the_history_comes_in_pages_that_miss_nothing(served: Served) -> None:
    await publish_some(served, "anna", "ben", "carla")
    seen: list[str] = []
    after: dict[str, Any] = {}
    for _ in range(3):
        found = await page(served, limit=1, **after)
        seen += [item["originalUsername"] for item in found["reposts"]]
        after = {"after": found["next"]}
    assert seen == ["carla", "ben", "anna"]
    assert after == {"after": None}


async def test_the_history_is_chosen_by_state_account_and_time(served: Served) -> None:
    items = await publish_some(served, "anna", "ben")
    studio = served.studio
    studio.mention(studio.friend("eve", private=True, followed=False), pending=True)
    await post(served, "/scan")
    await until(served, eve="EXPIRED")

    async def names(**query: Any) -> set[str]:
        return {item["originalUsername"] for item in (await page(served, **query))["reposts"]}

    assert await names(status="EXPIRED") == {"eve"}
    assert await names(status="PUBLISHED") == {"anna", "ben"}
    assert await names(since=items["ben"]["createdAt"], status="PUBLISHED") == {"ben"}
    assert await names(until=items["ben"]["createdAt"]) == {"anna"}
    other, _ = await second_account(served)
    assert await names(accountId=other.id) == set()
    for wrong in ({"status": "GONE"}, {"limit": 0}, {"since": "yesterday"}):
        answer = await served.call("GET", f"{BASE}/history?{urlencode(wrong)}")
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
    nobody = "00000000-0000-4000-8000-000000000000"
    assert (await served.call("GET", f"{BASE}/history?after={nobody}")).status == 404


async def test_every_change_of_state_is_told_with_its_time_and_reason(served: Served) -> None:
    items = await publish_some(served, "anna")
    answer = await served.call("GET", f"{BASE}/{items['anna']['id']}")
    assert answer.status == 200
    states = [event["state"] for event in answer.body["events"]]
    assert states == ["DETECTED", "DOWNLOADED", "QUEUED", "QUEUED", "PUBLISHED"]
    assert [event["reason"] for event in answer.body["events"]][3] == "It is being published"
    times = [event["at"] for event in answer.body["events"]]
    assert times == sorted(times)
    missing = await served.call("GET", f"{BASE}/00000000-0000-4000-8000-000000000000")
    assert (missing.status, missing.body["code"]) == (404, "NOT_FOUND")


async def test_accounts_that_the_same_story_mentions_repost_it_each_on_its_own(
    served: Served,
) -> None:
    studio = served.studio
    other, person = await second_account(served)
    world = studio.sandbox.world
    anna = studio.friend("anna")
    story = world.add_story(anna, studio.photo(), mentions=[studio.person, person])
    world.mention(story, studio.person)
    world.mention(story, person)
    for account_id in (studio.account.id, other.id):
        for path in ("/config", "/enable"):
            body = {"accountId": account_id, **(AWAKE if path == "/config" else {})}
            assert (await served.call("POST", BASE + path, body)).status == 200
    with trio.fail_after(DEADLOCK_S):
        while len(world.published(studio.person)) + len(world.published(person)) < 2:
            await trio.sleep(0.05)
    await until(served, anna="PUBLISHED")
    assert len(world.published(studio.person)) == len(world.published(person)) == 1
    both = (await page(served))["reposts"]
    assert {item["accountId"] for item in both} == {studio.account.id, other.id}
    assert len({item["postId"] for item in both}) == 2


async def test_media_of_old_reposts_go_and_their_thumbnails_stay(served: Served) -> None:
    studio = served.studio
    await publish_some(served, "anna")
    await post(served, "/config", approvalRequired=True)
    studio.mention(studio.friend("waiting"), file=studio.photo(seed=2))
    await post(served, "/scan")
    await until(served, waiting="WAITING_APPROVAL")
    store = studio.core.store
    done = {
        r.author_username: r for r in await store.read(repost_history.page, studio.account.user_id)
    }
    assert done["anna"].post_id
    (card,) = await store.read(media_files.of_post, done["anna"].post_id)
    assert done["anna"].media_path
    assert done["waiting"].media_path
    assert card.thumbnail_path
    story, kept = studio.folder.path(done["anna"].media_path), done["waiting"].media_path

    assert await Retention(store, studio.folder, studio.core.clock, 30).tidy() == 0
    studio.clock.advance(timedelta(days=31))
    assert await Retention(store, studio.folder, studio.core.clock, 0).tidy() == 0
    assert await Retention(store, studio.folder, studio.core.clock, 30).tidy() == 1
    assert await Retention(store, studio.folder, studio.core.clock, 30).tidy() == 0
    assert not story.exists()
    assert not studio.folder.path(card.storage_path).exists()
    assert studio.folder.path(card.thumbnail_path).exists()
    assert studio.folder.path(kept).exists()  # it may still go out
    after = {item["originalUsername"]: item for item in await history(served)}
    assert after["anna"]["status"] == "PUBLISHED"
    shown = (await served.call("GET", f"/api/v1/posts/{after['anna']['postId']}")).body
    picture = await served.call("GET", shown["mediaFiles"][0]["previewUrl"])
    assert picture.status == 200


@pytest.mark.parametrize(
    ("setting", "value", "limits"),
    [
        ("pollIntervalHours", 5, ["6"]),
        ("pollIntervalHours", 49, ["48"]),
        ("jitterMinutes", 121, ["120"]),
        ("dailyRepostLimit", 49, ["48"]),
        ("sleepWindowEnd", 24, ["23"]),
        ("timezone", "Nowhere", ["Europe/Berlin"]),
    ],
)
async def test_a_refused_setting_names_its_limits(
    served: Served, setting: str, value: object, limits: list[str]
) -> None:
    answer = await post(served, "/config", **{setting: value})
    assert answer.status == 400
    assert all(limit in answer.body["error"] for limit in limits), answer.body["error"]


async def test_what_became_of_challenges_stays_true(served: Served) -> None:
    studio = served.studio
    await post(served, "/config", **AWAKE)
    await post(served, "/enable")
    studio.person.challenge.pending = True
    assert (await post(served, "/scan")).status >= 400
    config = (await served.call("GET", f"{BASE}/status")).body["config"]
    assert config["challengeCount30d"] == 1
    assert config["lastChallengeAt"]
    assert config["challengePauseUntil"] > to_text(studio.clock.now() + timedelta(hours=23))
    assert config["lastPollStatus"] == PollStatus.FAILED
    studio.person.challenge.pending = False
    await studio.log_in()
    config = (await served.call("GET", f"{BASE}/status")).body["config"]
    assert config["challengePauseUntil"] is None
    studio.clock.advance(timedelta(days=31))
    later = (await served.call("GET", f"{BASE}/status")).body["config"]
    assert later["challengeCount30d"] == 0
    assert later["lastChallengeAt"] == config["lastChallengeAt"]
    assert await studio.core.store.read(repost_lists.open_of, studio.account.id) == []
