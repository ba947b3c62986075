"""When posts go out: on time, one at a time and apart, late within the grace, never in a burst."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from publish import scheduler
from sandbox import Sandbox
from storage import jobs
from storage.jobs import JobStatus
from storage.times import to_text
from tests.support.clock import TestClock
from tests.support.limits import DEADLOCK_S
from tests.support.posting import (
    API,
    draft,
    live,
    photo_id,
    post,
    publish,
    schedule,
    second_account,
    story,
    until,
)
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio
from tests.support.thinned import sparing

HOUR = timedelta(hours=1)


@pytest.fixture
async def spaced(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    """A daemon that keeps the posts of an account fifteen minutes apart."""
    monkeypatch.setattr(scheduler, "SLICE_S", 0.2)
    async with (
        # The pace scales the spacing as well: a hundredth of 1500 minutes.
        open_studio(sandbox, clock, tmp_path, pace=0.01, post_spacing_minutes=1500) as studio,
        serve_studio(studio) as served,
    ):
        yield served


async def test_posts_of_an_account_are_kept_apart_and_other_accounts_do_not_wait(
    spaced: Served,
) -> None:
    other, _ = await second_account(spaced)
    media = [await photo_id(spaced, seed=seed) for seed in (1, 2, 3)]
    first = await publish(spaced, story(spaced, media[0]))
    await until(spaced, first, "PUBLISHED")
    second = await publish(spaced, story(spaced, media[1]))
    theirs = await publish(spaced, {**story(spaced, media[2]), "accountId": other.id})
    await until(spaced, theirs, "PUBLISHED")
    assert (await post(spaced, second))["status"] == "QUEUED"
    spaced.studio.clock.advance(timedelta(minutes=14))
    assert live(spaced) == 1
    spaced.studio.clock.advance(timedelta(minutes=2))
    await until(spaced, second, "PUBLISHED")


async def test_what_was_missed_for_longer_than_the_grace_does_not_go_out(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    async with open_studio(sandbox, clock, tmp_path) as studio, serve_studio(studio) as served:
        media = await photo_id(served)
        missed = await schedule(served, story(served, media), HOUR)
        late = await schedule(served, story(served, media), 3 * HOUR)
    clock.advance(timedelta(hours=3, minutes=40))
    async with open_studio(sandbox, clock, tmp_path) as studio, serve_studio(studio) as served:
        await until(served, late["postId"], "PUBLISHED")
        failed = await until(served, missed["postId"], "FAILED")
        assert failed["errorCode"] == "SCHEDULE_MISSED"
        assert "daemon was off" in failed["errorMessage"]
        # Nothing is lost: it can be sent all the same.
        assert (await served.call("POST", f"{API}/posts/{failed['id']}/retry")).status == 202
        await until(served, failed["id"], "PUBLISHED")


async def test_posts_that_waited_for_their_turn_were_not_missed(spaced: Served) -> None:
    media = [await photo_id(spaced, seed=seed) for seed in range(6)]
    made = [await schedule(spaced, story(spaced, one), HOUR) for one in media]
    spaced.studio.clock.advance(HOUR)
    for number in range(len(made)):
        await spaced.studio.sandbox.ledger.wait_until(partial(is_live, spaced, number + 1))
        await until_idle(spaced)
        for one in made:
            assert (await post(spaced, one["postId"]))["status"] != "FAILED"
        spaced.studio.clock.advance(timedelta(minutes=15, seconds=5))


async def test_a_clock_that_was_ahead_and_is_set_right_holds_nothing_up(spaced: Served) -> None:
    spaced.studio.clock.advance(timedelta(days=40))
    first = await publish(spaced, story(spaced, await photo_id(spaced)))
    await until(spaced, first, "PUBLISHED")
    spaced.studio.clock.advance(timedelta(days=-40))
    second = await publish(spaced, story(spaced, await photo_id(spaced, seed=2)))
    await until(spaced, second, "PUBLISHED")


async def test_warnings(spaced: Served) -> None:
    async def asked(path: str, **more: Any) -> Any:
        answer = await spaced.call("POST", f"{API}{path}", {**story(spaced, media), **more})
        assert answer.status in (201, 202)
        return answer.body

    media = await photo_id(spaced)
    first = await asked("/posts/publish")
    assert "warnings" not in first
    await until(spaced, first["postId"], "PUBLISHED")
    again = await asked("/posts/publish")
    same, close, twin = again["warnings"]
    assert "same content" in same
    assert first["postId"] in twin
    assert "15 minutes" in close
    media = await photo_id(spaced, seed=9)
    later = spaced.studio.clock.now() + 5 * HOUR
    assert "warnings" not in await asked("/schedule", scheduledFor=later.isoformat())
    # The calendar says of both of two that are too close what the second was warned of.
    for minutes in (10, 120):
        at = later + timedelta(minutes=minutes)
        media = await photo_id(spaced, seed=minutes)
        told = await asked("/schedule", scheduledFor=at.isoformat())
        assert ("warnings" in told) == (minutes == 10)
    asked_for = f"accountId={spaced.studio.account.id}&from={to_text(later)}"
    until_then = to_text(later + 3 * HOUR)
    shown = await spaced.call("GET", f"{API}/calendar?{asked_for}&until={until_then}")
    assert [each["isClose"] for each in shown.body["posts"]] == [True, True, False]
    await spaced.sign_in()
    page = await spaced.client.get("/calendar", headers={"Accept": "text/html"})
    assert page.text.count("another is planned so near") >= 2


@pytest.mark.parametrize("state", sparing(["SCHEDULED", "QUEUED", "FAILED", "DRAFT"], every=2))
async def test_a_post_in_any_state_can_be_given_a_new_time(spaced: Served, state: str) -> None:
    media = await photo_id(spaced)
    post_id = await in_state(spaced, state, media)
    at = (spaced.studio.clock.now() + 7 * HOUR).isoformat()
    moved = await spaced.call("POST", f"{API}/posts/{post_id}/reschedule", {"scheduledFor": at})
    assert (moved.status, moved.body["status"]) == (200, "SCHEDULED")
    before = live(spaced)
    spaced.studio.clock.advance(7 * HOUR + timedelta(seconds=1))
    await until(spaced, post_id, "PUBLISHED")
    assert live(spaced) == before + 1


@pytest.mark.parametrize("state", ["SCHEDULED", "QUEUED", "FAILED"])
async def test_a_post_that_waits_or_failed_can_be_released(spaced: Served, state: str) -> None:
    post_id = await in_state(spaced, state, await photo_id(spaced))
    released = await spaced.call("POST", f"{API}/posts/{post_id}/release")
    assert (released.status, released.body["status"]) == (200, "DRAFT")
    assert (released.body["errorCode"], released.body["isScheduled"]) == (None, False)
    job = await spaced.studio.core.store.read(jobs.open_for_post, post_id)
    assert job is None
    again = await spaced.call("POST", f"{API}/posts/{post_id}/release")
    assert (again.status, again.body["code"]) == (400, "INVALID_STATUS")


async def test_a_published_post_is_neither_released_nor_rescheduled(spaced: Served) -> None:
    post_id = await publish(spaced, story(spaced, await photo_id(spaced)))
    await until(spaced, post_id, "PUBLISHED")
    at = (spaced.studio.clock.now() + HOUR).isoformat()
    for path, body in (("release", None), ("reschedule", {"scheduledFor": at})):
        answer = await spaced.call("POST", f"{API}/posts/{post_id}/{path}", body)
        assert (answer.status, answer.body["code"]) == (400, "INVALID_STATUS")


async def test_an_account_without_posts_in_progress_is_claimed_earliest_first(
    spaced: Served,
) -> None:
    store, clock = spaced.studio.core.store, spaced.studio.clock
    media = await photo_id(spaced)
    made = [await schedule(spaced, story(spaced, media), hours * HOUR) for hours in (3, 1, 2)]
    next_at = await store.read(jobs.next_claim_at, clock.now())
    assert next_at is not None
    assert to_text(next_at) == made[1]["scheduledFor"]
    (claimed,) = await store.write(jobs.claim_due, clock.now() + 4 * HOUR)
    assert (claimed.status, claimed.post_id) == (JobStatus.PROCESSING, made[1]["postId"])
    assert await store.write(jobs.claim_due, clock.now() + 4 * HOUR) == []


def is_live(served: Served, count: int) -> bool:
    return live(served) == count


async def until_idle(served: Served) -> None:
    core = served.studio.core
    with trio.fail_after(DEADLOCK_S):
        while (await core.store.read(jobs.counts, core.owner.id, core.clock.now()))["active"]:
            await trio.sleep(0.02)


async def in_state(served: Served, state: str, media: str) -> str:
    """Return the id of a post in that state; nothing of it is live."""
    match state:
        case "DRAFT":
            return str((await draft(served, mediaType="STORIES", mediaFileId=media))["id"])
        case "SCHEDULED":
            return str((await schedule(served, story(served, media), HOUR))["postId"])
        case "FAILED":
            made = await schedule(served, story(served, media), HOUR)
            served.studio.clock.advance(5 * HOUR)
            await until(served, made["postId"], "FAILED")
            return str(made["postId"])
    first = await publish(served, story(served, await photo_id(served, seed=5)))
    await until(served, first, "PUBLISHED")
    return await publish(served, story(served, media))
