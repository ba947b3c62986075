"""The seven story-repost endpoints and the additive ones, on the running daemon."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import trio

from sandbox.wire.faults import Fault, Status, please_wait
from tests.support.in_turn import in_turn
from tests.support.limits import DEADLOCK_S, Pauses
from tests.support.served import Answer, Served

BASE = "/api/v1/story-repost"
AWAKE = {"sleepWindowStart": 0, "sleepWindowEnd": 0}


async def post(served: Served, path: str, **body: Any) -> Answer:
    return await served.call(
        "POST", f"{BASE}{path}", {"accountId": served.studio.account.id, **body}
    )


async def history(served: Served) -> list[dict[str, Any]]:
    path = f"{BASE}/history?accountId={served.studio.account.id}"
    answer = await served.call("GET", path)
    assert answer.status == 200
    items: list[dict[str, Any]] = answer.body["reposts"]
    return items


async def until(served: Served, **states: str) -> dict[str, dict[str, Any]]:
    """Wait until the history shows each author in that state."""
    pauses = Pauses()
    with trio.fail_after(DEADLOCK_S):
        while True:
            items = {item["originalUsername"]: item for item in await history(served)}
            if all(items.get(name, {}).get("status") == state for name, state in states.items()):
                return items
            await pauses.take()


async def test_from_configuration_to_the_published_story(served: Served) -> None:
    studio = served.studio
    studio.mention(studio.friend("anna"))
    before = await served.call("GET", f"{BASE}/status?accountId={studio.account.id}")
    assert (before.body["configured"], before.body["isEnabled"]) == (False, False)
    assert (before.body["config"], before.body["holding"]) == (None, None)

    saved = await post(served, "/config", pollIntervalHours=24, **AWAKE)
    assert saved.status == 200
    assert saved.body["pollIntervalHours"] == 24
    assert saved.body["isEnabled"] is False
    assert (await post(served, "/enable")).body == {"success": True}

    items = await until(served, anna="PUBLISHED")
    (live,) = studio.sandbox.world.published(studio.person)
    assert items["anna"]["permalink"] == f"https://www.instagram.com/stories/studio/{live.pk}/"
    status = (await served.call("GET", f"{BASE}/status")).body
    assert (status["configured"], status["isEnabled"]) == (True, True)
    assert status["config"]["lastPollStatus"] == "SUCCESS"
    assert status["config"]["repostsToday"] == 1
    assert status["holding"] is None


async def test_the_configuration_has_every_field_of_the_contract(served: Served) -> None:
    body = (await post(served, "/config")).body
    strings = {"id", "userId", "igUsername", "createdAt", "updatedAt"}
    numbers = {
        "pollIntervalHours", "jitterMinutes", "consecutiveFailures", "challengeCount30d",
        "sleepWindowStart", "sleepWindowEnd", "dailyRepostLimit", "repostsToday",
    }  # fmt: skip
    booleans = {"isEnabled", "warmUpComplete", "autoRepostEnabled", "autoTagOriginalPoster"}
    nullable = {
        "instagramAccountId", "lastPollAt", "lastPollStatus", "lastPollError", "autoDisabledAt",
        "autoDisableReason", "lastChallengeAt", "challengePauseUntil", "configuredAt",
        "repostsTodayResetAt", "lastAutoSyncAt", "signatureOverlay",
    }  # fmt: skip
    assert strings | numbers | booleans | nullable <= set(body)
    assert all(isinstance(body[name], str) for name in strings)
    assert all(type(body[name]) is int for name in numbers)
    assert all(type(body[name]) is bool for name in booleans)
    assert body["igUsername"] == "studio"
    assert datetime.fromisoformat(body["createdAt"])
    assert body["createdAt"].endswith("Z")


@in_turn(
    "settings",
    [
        {"pollIntervalHours": 5},
        {"pollIntervalHours": 49},
        {"pollIntervalHours": "12"},
        {"pollIntervalHours": 12.5},
        {"autoTagOriginalPoster": "yes"},
        {"sleepWindowStart": 24},
        {"dailyRepostLimit": 0},
        {"dailyRepostLimit": 49},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
    ],
)
async def test_settings_out_of_range_change_nothing(
    served: Served, settings: dict[str, Any]
) -> None:
    before = (await post(served, "/config", pollIntervalHours=8)).body
    answer = await post(served, "/config", **settings)
    assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
    assert next(iter(settings)) in answer.body["error"]
    after = (await served.call("GET", f"{BASE}/status")).body["config"]
    assert after == before


async def test_a_whole_number_may_be_written_with_a_point(served: Served) -> None:
    content = f'{{"accountId": "{served.studio.account.id}", "pollIntervalHours": 8.0}}'
    answer = await served.call("POST", f"{BASE}/config", content=content.encode())
    assert (answer.status, answer.body["pollIntervalHours"]) == (200, 8)


async def test_a_scan_counts_what_is_new_and_what_waits(served: Served) -> None:
    studio = served.studio
    await post(served, "/config", approvalRequired=True, **AWAKE)
    await post(served, "/enable")
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    first = await served.call("POST", f"{BASE}/scan", {})
    assert first.status == 200
    seen = first.body["detected"]
    await until(served, anna="WAITING_APPROVAL", ben="WAITING_APPROVAL")
    assert seen <= 2  # the engine's own first look may have been quicker
    second = await post(served, "/scan")
    assert (second.body["detected"], second.body["pending"]) == (0, 2)


async def test_approve_and_skip(served: Served) -> None:
    studio = served.studio
    await post(served, "/config", approvalRequired=True, **AWAKE)
    await post(served, "/enable")
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await post(served, "/scan")
    items = await until(served, anna="WAITING_APPROVAL", ben="WAITING_APPROVAL")
    approved = await served.call("POST", f"{BASE}/{items['anna']['id']}/approve")
    assert (approved.status, approved.body["status"]) == (200, "QUEUED")
    skipped = await served.call("POST", f"{BASE}/{items['ben']['id']}/skip")
    assert skipped.body["status"] == "SKIPPED"
    await until(served, anna="PUBLISHED", ben="SKIPPED")
    again = await served.call("POST", f"{BASE}/{items['anna']['id']}/approve")
    assert (again.status, again.body["code"]) == (400, "INVALID_STATUS")
    assert len(studio.sandbox.world.published(studio.person)) == 1


async def test_a_switched_off_engine_publishes_nothing_but_forgets_nothing(served: Served) -> None:
    studio = served.studio
    await post(served, "/config", **AWAKE)
    studio.mention(studio.friend("anna"))
    assert (await post(served, "/scan")).body["detected"] == 1
    await until(served, anna="QUEUED")
    with trio.fail_after(DEADLOCK_S):  # that it is held back, and why, is recorded a moment later
        while "switched off" not in ((await history(served))[0]["reason"] or ""):
            await trio.sleep(0.5)
    await post(served, "/enable")
    await until(served, anna="PUBLISHED")
    assert (await post(served, "/disable")).body == {"success": True}
    assert (await served.call("GET", f"{BASE}/status")).body["isEnabled"] is False


async def test_deleting_the_configuration_keeps_the_history(served: Served) -> None:
    studio = served.studio
    await post(served, "/config", **AWAKE)
    await post(served, "/enable")
    studio.mention(studio.friend("anna"))
    await post(served, "/scan")
    await until(served, anna="PUBLISHED")
    gone = await served.call("DELETE", f"{BASE}/config?accountId={studio.account.id}")
    assert (gone.status, gone.body) == (200, {"success": True})
    assert (await served.call("GET", f"{BASE}/status")).body["configured"] is False
    assert len(await history(served)) == 1
    missing = await served.call("DELETE", f"{BASE}/config")
    assert (missing.status, missing.body["code"]) == (400, "MISSING_ACCOUNT_ID")


async def test_without_a_login_nothing_can_be_switched_on(served: Served) -> None:
    await served.studio.core.logins.forget(served.studio.account.id)
    for path in ("/config", "/enable", "/scan"):
        answer = await post(served, path)
        assert (answer.status, answer.body["code"]) == (400, "CREDENTIALS_NOT_CONFIGURED")


async def test_a_scan_that_instagram_refuses_says_so(served: Served) -> None:
    await post(served, "/config", **AWAKE)
    served.studio.sandbox.faults.add(Fault(path="direct_v2/inbox", kind=Status(500)))
    answer = await post(served, "/scan")
    assert (answer.status, answer.body["code"]) == (503, "SERVICE_UNAVAILABLE")
    served.studio.sandbox.faults.add(Fault(path="direct_v2/inbox", kind=please_wait()))
    answer = await post(served, "/scan")
    assert (answer.status, answer.body["code"]) == (429, "LOGIN_RATE_LIMITED")
    answer = await post(served, "/scan")
    assert answer.status == 429
    assert "Switch story reposts on again first" in answer.body["error"]
    status = (await served.call("GET", f"{BASE}/status")).body
    assert status["holding"]["rail"] == "block"
    # It has switched reposts off: time alone ends that not.
    assert status["holding"]["until"] is None
    assert "enable" in status["breaker"]["remedy"]


async def test_a_scan_with_nothing_to_scan_says_so(served: Served) -> None:
    nothing: dict[str, str] = {}
    for body in (None, nothing):
        answer = await served.call("POST", f"{BASE}/scan", body)
        assert (answer.status, answer.body["code"]) == (400, "CREDENTIALS_NOT_CONFIGURED")
    assert (await post(served, "/enable")).status == 200
    assert (await served.call("POST", f"{BASE}/scan", {})).status == 200
