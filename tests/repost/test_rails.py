"""The rails at work: between engine, publish engine and Instagram, and what the history says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from accounts.keeper import StoredLogins
from instagram import errors
from repost import configuring, hours, standing
from repost.engine import MOST_BY_HAND
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Status
from storage import holds, jobs, posts, repost_configs, troubles
from storage.posts import PostStatus
from storage.reposts import RepostStatus
from tests.support.clock import SteppedClock
from tests.support.studio import Studio, open_studio

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LOGGED_IN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(LOGGED_IN)


@pytest.fixture
async def railed(sandbox: Sandbox, clock: SteppedClock, tmp_path: Path) -> AsyncIterator[Studio]:
    """An account 60 days after its login, with every rail at work."""
    async with open_studio(sandbox, clock, tmp_path, rails_pace=1.0) as opened:
        clock.advance(timedelta(days=60))
        yield opened


async def night_from(studio: Studio, hour: int) -> None:
    await studio.configure(sleep_window_start=hour, sleep_window_end=(hour + 8) % 24)


async def test_one_repost_is_on_its_way_at_a_time(railed: Studio) -> None:
    await railed.configure()
    for name in ("anna", "ben"):
        railed.mention(railed.friend(name))
    await railed.scan()
    await railed.advance()
    first, second = sorted(await railed.history(), key=lambda repost: repost.post_id is None)
    assert first.reason == "It is being published"
    assert second.status is RepostStatus.QUEUED
    await railed.publish_due()
    await railed.advance()
    held = next(r for r in await railed.history() if r.status is RepostStatus.QUEUED)
    assert held.reason == "Reposts keep a distance of some 20 minutes"
    assert held.held_until is not None
    railed.clock.advance(held.held_until - railed.clock.now())
    await railed.advance()
    await railed.publish_due()
    assert {r.status for r in await railed.history()} == {RepostStatus.PUBLISHED}


async def test_a_post_that_is_late_does_not_go_out_in_the_night(railed: Studio) -> None:
    await night_from(railed, 11)  # in two hours
    railed.mention(railed.friend("anna"))
    await railed.scan()
    await railed.advance()
    railed.clock.advance(3 * HOUR)
    await railed.publish_due()
    assert railed.sandbox.ledger.count("", containing="rupload") == 0
    await railed.engine.turn(railed.account.id)
    repost = await railed.only()
    assert repost.reason == "Sleep window of the account"
    assert repost.held_until is not None
    railed.clock.advance(repost.held_until - railed.clock.now())
    await railed.publish_due()
    assert (await railed.only()).status is RepostStatus.PUBLISHED


async def test_a_post_that_is_late_counts_for_the_day_on_which_it_goes_out(
    railed: Studio,
) -> None:
    await railed.configure(daily_repost_limit=1)
    railed.mention(railed.friend("anna"))
    await railed.scan()
    await railed.advance()
    railed.sandbox.faults.add(Fault(path="rupload", kind=Status(500)))
    await railed.publish_due()
    railed.clock.advance(20 * HOUR)  # the next day
    await railed.publish_due()
    assert (await railed.only()).status is RepostStatus.PUBLISHED
    railed.mention(railed.friend("ben"))
    await railed.scan()
    railed.clock.advance(HOUR)
    await railed.advance()
    held = next(r for r in await railed.history() if r.author_username == "ben")
    assert held.reason == "Daily limit of 1 reposts reached"


async def test_a_post_that_may_be_live_counts_although_it_failed(railed: Studio) -> None:
    await railed.configure(daily_repost_limit=1)
    railed.mention(railed.friend("anna"))
    await railed.scan()
    await railed.advance()
    post = await railed.post_of(await railed.only())
    await railed.core.store.write(
        posts.change_status,
        post.id,
        PostStatus.FAILED,
        now=railed.clock.now(),
        error_code="DELIVERY_UNKNOWN",
    )
    railed.mention(railed.friend("ben"))
    await railed.scan()
    railed.clock.advance(HOUR)
    await railed.advance()
    held = next(r for r in await railed.history() if r.author_username == "ben")
    assert held.reason == "Daily limit of 1 reposts reached"
    # Nor does another day begin because the account is in another timezone from now on.
    given = {"user_id": railed.core.owner.id, "account_id": railed.account.id}
    moved = await railed.core.store.write(
        lambda db: configuring.configure(
            db, **given, now=railed.clock.now(), timezone="Pacific/Kiritimati"
        )
    )
    midnight = hours.local_midnight(moved, railed.clock.now())
    assert (railed.clock.now() - midnight) < HOUR
    assert await railed.core.store.read(standing.reposts_today, moved, railed.clock.now()) == 1
    await railed.advance()
    held = next(r for r in await railed.history() if r.author_username == "ben")
    assert held.reason == "Daily limit of 1 reposts reached"


async def test_a_challenge_at_an_upload_stops_everything_and_loses_nothing(
    railed: Studio,
) -> None:
    await railed.configure()
    for name in ("anna", "ben"):
        railed.mention(railed.friend(name))
    await railed.scan()
    await railed.advance()
    railed.person.challenge.pending = True
    await railed.publish_due()
    railed.clock.advance(10 * MINUTE)
    await railed.publish_due()
    await railed.engine.turn(railed.account.id)
    assert railed.sandbox.ledger.count("", containing="rupload") == 1
    (trouble,) = await railed.core.store.read(troubles.since, railed.account.id, LOGGED_IN)
    assert trouble.kind == "CHALLENGE"
    for repost in await railed.history():
        assert repost.status is RepostStatus.QUEUED
        assert "wants to know that it is you" in (repost.reason or "")
        assert repost.held_until == trouble.until

    railed.person.challenge.pending = False
    await railed.log_in()
    railed.clock.advance(49 * HOUR)  # the phases of the new login
    for _ in range(2):
        await railed.advance()
        await railed.publish_due()
        railed.clock.advance(24 * HOUR)
    assert RepostStatus.PUBLISHED in {r.status for r in await railed.history()}


@pytest.mark.parametrize("message", ["feedback_required", "Please wait a few minutes"])
async def test_a_block_at_an_upload_switches_reposts_off(railed: Studio, message: str) -> None:
    await railed.configure()
    railed.mention(railed.friend("anna"))
    await railed.scan()
    await railed.advance()
    refusal = Status(400, {"message": message, "status": "fail"})
    railed.sandbox.faults.add(Fault(path="rupload", kind=refusal))
    await railed.publish_due()
    config = await railed.config()
    assert not config.is_enabled
    assert config.auto_disabled_at is not None
    assert (await railed.only()).status is RepostStatus.QUEUED


async def test_after_a_failed_repost_the_next_one_keeps_its_distance(railed: Studio) -> None:
    await railed.configure()
    for name in ("anna", "ben"):
        railed.mention(railed.friend(name))
    refusal = Status(400, {"message": "needs_upgrade", "error_type": "needs_upgrade"})
    railed.sandbox.faults.add(Fault(path="configure_to_story", kind=refusal))
    await railed.scan()
    await railed.advance()
    await railed.publish_due()
    await railed.advance()
    states = {repost.status: repost for repost in await railed.history()}
    assert set(states) == {RepostStatus.FAILED, RepostStatus.QUEUED}
    assert "keeps its distance" in (states[RepostStatus.QUEUED].reason or "")


async def test_a_download_waits_for_the_morning_and_says_so(railed: Studio) -> None:
    await night_from(railed, 10)
    railed.mention(railed.friend("anna"))
    railed.sandbox.faults.add(Fault(path=".jpg", kind=Status(500)))
    await railed.scan()
    await railed.advance()
    railed.clock.advance(2 * HOUR)
    requests = railed.sandbox.ledger.mark()
    await railed.advance()
    assert railed.sandbox.ledger.since(requests) == []
    repost = await railed.only()
    assert repost.status is RepostStatus.DETECTED
    assert "Sleep window" in (repost.reason or "")
    assert repost.held_until is not None
    railed.clock.advance(repost.held_until - railed.clock.now())
    await railed.advance()
    assert (await railed.only()).media_path is not None


async def test_a_night_that_is_set_now_holds_now(railed: Studio) -> None:
    await railed.configure()
    railed.mention(railed.friend("anna"))
    await railed.scan()
    await railed.core.store.write(
        repost_configs.change,
        railed.account.id,
        now=railed.clock.now(),
        sleep_window_start=8,
        sleep_window_end=12,
    )
    await railed.advance()
    assert (await railed.only()).post_id is None
    assert await railed.core.store.write(jobs.claim_due, railed.clock.now()) == []


async def test_whoever_asks_for_looks_without_end_has_a_measure_an_hour(railed: Studio) -> None:
    await railed.configure()
    for _ in range(MOST_BY_HAND):
        await railed.scan()
    mark = railed.sandbox.ledger.mark()
    for _ in range(20):
        with pytest.raises(errors.AccountOnHold, match=f"looked {MOST_BY_HAND} times"):
            await railed.scan()
        railed.clock.advance(2 * MINUTE)
    assert railed.sandbox.ledger.since(mark) == []
    railed.mention(railed.friend("anna"))
    railed.clock.advance(21 * MINUTE)
    assert [found.author_username for found in await railed.scan()] == ["anna"]


async def test_whoever_switches_on_after_each_block_ends_one_a_day(railed: Studio) -> None:
    """A program that makes sure that reposts are on: the second block of a day rests its time."""
    await railed.configure()
    core, account_id = railed.core, railed.account.id
    keeper, blocks = StoredLogins(core.store, core.vault, core.clock), 0
    for _ in range(30):
        await core.store.write(configuring.enable, account_id, railed.clock.now())
        if await core.store.read(holds.active, account_id, railed.clock.now()) is None:
            await keeper.report(account_id, errors.ActionBlocked("Instagram blocks it"))
            blocks += 1
        railed.clock.advance(2 * MINUTE)
    assert blocks == 2
    assert (await railed.config()).is_enabled, "it goes on by itself when the block is over"
    railed.clock.advance(timedelta(days=3))
    assert await core.store.read(holds.active, account_id, railed.clock.now()) is None
