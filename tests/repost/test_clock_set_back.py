"""A clock that ran ahead and is set right: nothing waits for the time that it had shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import trio

from repost.approval import approve
from sandbox.wire.faults import Fault, Status
from storage import credentials
from storage.reposts import RepostStatus
from tests.support.studio import Studio

YEAR = timedelta(days=365)


async def test_an_account_gets_its_turns_when_the_clock_was_set_back(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    await studio.configure()
    studio.clock.advance(YEAR)
    ledger = studio.sandbox.ledger
    async with trio.open_nursery() as nursery:
        await nursery.start(studio.engine.run)
        while studio.engine.next_due() is None:
            await studio.engine.proof()
        looked = ledger.count("direct_v2/inbox")
        studio.clock.advance(-YEAR)
        await studio.engine.proof()
        with trio.fail_after(60):
            while ledger.count("direct_v2/inbox") == looked or studio.engine.next_due() is None:
                await studio.engine.proof()
        due = studio.engine.next_due()
        nursery.cancel_scope.cancel()
    assert due is not None
    assert due < studio.clock.now() + timedelta(days=1)
    assert "set back" in caplog.text


@pytest.mark.parametrize("ahead", [timedelta(hours=20), YEAR], ids=str)
async def test_a_mention_is_not_held_until_a_time_that_was_wrong(
    studio: Studio, ahead: timedelta
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    instagram = studio.clock.seconds()
    studio.sandbox.world.now = lambda: instagram
    studio.clock.advance(ahead)
    await studio.scan()
    fault = studio.sandbox.faults.add(Fault(path="/story/", kind=Status(500), times=None))
    await studio.advance()
    fault.remove()
    studio.clock.advance(-ahead)
    await studio.advance()
    assert (await studio.only()).status is not RepostStatus.DETECTED


@pytest.mark.parametrize("ahead", [timedelta(hours=20), YEAR], ids=str)
async def test_followers_are_not_counted_at_a_time_that_was_wrong(
    studio: Studio, ahead: timedelta
) -> None:
    await studio.configure(minimum_followers=1)
    anna = studio.friend("anna")
    anna.followers = 10
    studio.mention(anna)
    instagram = studio.clock.seconds()
    studio.sandbox.world.now = lambda: instagram
    studio.clock.advance(ahead)
    studio.sandbox.faults.add(Fault(path=f"/users/{anna.pk}/info/", kind=Status(500)))
    await studio.run_all()
    assert "could not be counted" in ((await studio.only()).reason or "")
    studio.clock.advance(-ahead)
    await studio.run_all()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_the_phases_of_a_login_do_not_wait_for_a_time_that_was_wrong(studio: Studio) -> None:
    await studio.configure()
    store, account_id = studio.core.store, studio.account.id

    async def started_at() -> datetime:
        login = await store.read(credentials.find, account_id)
        assert login is not None
        return login.session_started_at

    studio.mention(studio.friend("anna"))
    begun = await started_at()
    await studio.engine.turn(account_id)
    assert await started_at() == begun
    # By a clock that is behind, which Instagram's time tells, no phase begins earlier.
    studio.clock.advance(-YEAR)
    await studio.engine.turn(account_id)
    assert await started_at() == begun
    await studio.configure(seen_until=studio.clock.now() - timedelta(hours=1))
    await studio.engine.turn(account_id)
    assert abs(await started_at() - studio.clock.now()) < timedelta(minutes=5)


async def test_automatic_logins_do_not_wait_for_a_time_that_was_wrong(studio: Studio) -> None:
    store, account_id, now = studio.core.store, studio.account.id, studio.clock.now()
    claim = credentials.claim_automatic_login
    assert await store.write(claim, account_id, now + YEAR)
    assert await store.write(claim, account_id, now)
    for later in (timedelta(0), timedelta(hours=23)):
        assert not await store.write(claim, account_id, now + later)
    assert await store.write(claim, account_id, now + timedelta(hours=25))


async def test_what_has_expired_by_a_clock_that_was_ahead_is_taken_back(studio: Studio) -> None:
    """Only Instagram ends a story for good; a clock of ours that jumps does not."""
    world, at = studio.sandbox.world, studio.clock
    wrong = timedelta(0)
    world.now = lambda: at.seconds() - wrong.total_seconds()
    await studio.configure(approval_required=True)
    studio.mention(studio.friend("waits"))
    studio.mention(studio.friend("approved"))
    await studio.scan()
    await studio.advance()
    (one,) = [each for each in await studio.history() if each.author_username == "approved"]
    await studio.core.store.write(approve, one.id, at.now())
    studio.mention(studio.friend("not.saved"))
    deleted = studio.mention(studio.friend("deleted"))
    fault = studio.sandbox.faults.add(Fault(path="/story/", kind=Status(500), times=None))
    await studio.scan()
    await studio.advance()
    wrong = timedelta(days=4)
    at.set_on(wrong)
    for _ in range(3):
        await studio.engine.turn(studio.account.id)
        await studio.publish_due()
        at.advance(timedelta(hours=1))
    assert {each.status for each in await studio.history()} == {RepostStatus.EXPIRED}
    assert not world.published(studio.person)
    fault.remove()
    world.delete_story(deleted)
    at.set_on(-wrong)
    wrong = timedelta(0)
    for _ in range(3):  # the first one hears Instagram's time
        await studio.engine.turn(studio.account.id)
        await studio.publish_due()
    found = {each.author_username: each.status for each in await studio.history()}
    assert found == {
        "waits": RepostStatus.WAITING_APPROVAL,
        "approved": RepostStatus.PUBLISHED,
        "not.saved": RepostStatus.WAITING_APPROVAL,
        "deleted": RepostStatus.EXPIRED,
    }
    assert len(world.published(studio.person)) == 1


@pytest.mark.parametrize("behind", [timedelta(days=2), 3 * YEAR])
async def test_nothing_old_comes_back_by_a_clock_that_is_behind(
    studio: Studio, behind: timedelta
) -> None:
    world, at = studio.sandbox.world, studio.clock
    await studio.configure(approval_required=True)
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    fault = studio.sandbox.faults.add(Fault(path="/story/", kind=Status(500), times=None))
    studio.mention(studio.friend("ben"))
    await studio.scan()
    await studio.advance()
    at.advance(timedelta(hours=73))
    await studio.engine.turn(studio.account.id)
    assert {each.status for each in await studio.history()} == {RepostStatus.EXPIRED}
    await studio.configure(approval_required=False)
    fault.remove()
    now = at.seconds
    world.now = lambda: now() + behind.total_seconds()
    at.set_on(-behind)
    for _ in range(4):
        await studio.engine.turn(studio.account.id)
        await studio.publish_due()
        at.advance(timedelta(hours=7))
    assert {each.status for each in await studio.history()} == {RepostStatus.EXPIRED}
    assert not world.published(studio.person)


async def test_a_clock_that_is_ahead_posts_nothing_in_the_night(studio: Studio) -> None:
    ahead, world, clock = timedelta(hours=6), studio.sandbox.world, studio.clock
    hour = clock.now().hour
    await studio.configure(sleep_window_start=(hour - 1) % 24, sleep_window_end=(hour + 2) % 24)
    clock.set_on(ahead)
    world.now = lambda: clock.seconds() - ahead.total_seconds()
    studio.mention(studio.friend("anna"), ago=ahead)
    await studio.run_all()  # by this clock it is day
    repost = await studio.only()
    assert repost.status is RepostStatus.QUEUED
    assert world.published(studio.person) == []
    await studio.engine.turn(studio.account.id)
    told = await studio.only()
    assert "this machine's clock is wrong" in (told.reason or "")
    assert told.held_until is not None
    # It goes out in the morning, by the clock that is right, which tells whole seconds.
    clock.advance(told.held_until - clock.now() + timedelta(seconds=5))
    morning = datetime.fromtimestamp(world.now(), UTC)
    assert (morning.hour - hour) % 24 in (2, 3)
    await studio.publish_due()
    assert len(world.published(studio.person)) == 1


async def test_the_phases_of_a_login_by_a_clock_that_is_behind_last_as_long(studio: Studio) -> None:
    """A machine without a battery begins with the day on which it was switched off."""
    behind, clock = timedelta(days=20), studio.clock
    clock.set_on(-behind)
    studio.sandbox.world.now = lambda: clock.seconds() + behind.total_seconds()
    await studio.log_in()
    clock.set_on(behind)
    studio.sandbox.world.now = clock.seconds
    login = await studio.core.store.read(credentials.find, studio.account.id)
    assert login is not None
    assert abs(login.session_started_at - clock.now()) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("hours", "is_saved"), [(-60, False), (-240, True), (-9000, False), (240, False), (48, True)]
)
async def test_a_mention_found_by_a_wrong_clock_is_as_old_as_it_is_when_that_is_set_right(
    studio: Studio, hours: int, is_saved: bool
) -> None:
    """As on a machine that has no clock of its own, and begins before it has heard the time."""
    await studio.configure()
    world, off, begun = studio.sandbox.world, timedelta(hours=hours), studio.clock.now()
    story = studio.mention(studio.friend("anna"))
    world.now = lambda: studio.clock.seconds() - off.total_seconds()
    studio.clock.set_on(off)
    await studio.scan()
    if is_saved:
        await studio.journey._take_in(studio.api, studio.account.id)
    else:
        fault = Fault(path=f"feed/user/{story.owner.pk}/story", kind=Status(500))
        studio.sandbox.faults.add(fault)
    studio.clock.set_on(-off)
    off = timedelta(0)
    for _ in range(2):
        await studio.engine.turn(studio.account.id)
        await studio.publish_due()
        studio.clock.advance(timedelta(minutes=2))
    repost = await studio.only()
    assert repost.status is RepostStatus.PUBLISHED
    for at, age in ((repost.mentioned_at, 0), (repost.expires_at, 24), (repost.detected_at, 0)):
        assert abs(at - begun - timedelta(hours=age)) < timedelta(minutes=5)
