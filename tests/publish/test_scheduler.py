"""The publish service: due posts go out, accounts side by side, and a bug stays with its post."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.testing

from ground.clock import Clock
from publish import delivery, scheduler
from publish.presence import Presence
from publish.route import Outgoing
from publish.scheduler import Scheduler
from publish.story_route import PrivateStoryRoute
from sandbox.wire.faults import Delay, Fault
from storage import jobs, posts
from storage.errors import Unavailable
from storage.store import Database
from tests.support.posting import live, photo_id, publish, second_account, story, until
from tests.support.served import Served
from tests.support.studio import Studio

RETRY = "/api/v1/posts/{}/retry"


def bug(*_: object, **__: object) -> Any:
    raise ZeroDivisionError("a bug")


@pytest.mark.logs_errors
async def test_a_bug_before_anything_went_out_fails_that_post_alone(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    media = await photo_id(served)
    with monkeypatch.context() as patch:
        patch.setattr(PrivateStoryRoute, "make_ready", bug)
        post_id = await publish(served, story(served, media))
        failed = await until(served, post_id, "FAILED")
    assert failed["errorCode"] == "INTERNAL_ERROR"
    assert "can be retried" in failed["errorMessage"]
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert post_id in record.getMessage()
    # The service goes on, and so does the account.
    other = await publish(served, story(served, media))
    await until(served, other, "PUBLISHED")
    assert (await served.call("POST", RETRY.format(post_id))).status == 202
    await until(served, post_id, "PUBLISHED")
    assert live(served) == 2


@pytest.mark.logs_errors
async def test_a_bug_when_the_post_may_be_live_leaves_it_in_doubt(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_for_real = PrivateStoryRoute.publish

    async def publish_then_bug(self: PrivateStoryRoute, *args: Any) -> Any:
        await publish_for_real(self, *args)
        bug()

    media = await photo_id(served)
    with monkeypatch.context() as patch:
        patch.setattr(PrivateStoryRoute, "publish", publish_then_bug)
        post_id = await publish(served, story(served, media))
        failed = await until(served, post_id, "FAILED")
    assert failed["errorCode"] == "DELIVERY_UNKNOWN"
    assert live(served) == 1
    # A retry asks before it sends, and finds it.
    await served.call("POST", RETRY.format(post_id))
    await until(served, post_id, "PUBLISHED")
    assert live(served) == 1


@pytest.mark.logs_errors
async def test_a_bug_after_the_end_was_recorded_changes_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_out = delivery.Deliverer._go_out

    async def go_out_then_bug(self: delivery.Deliverer, *args: Any) -> None:
        await go_out(self, *args)
        bug()

    monkeypatch.setattr(delivery.Deliverer, "_go_out", go_out_then_bug)
    media = await photo_id(served)
    first = await publish(served, story(served, media))
    await until(served, first, "PUBLISHED")
    second = await publish(served, story(served, media))
    await until(served, second, "PUBLISHED")
    found = await served.studio.core.store.read(posts.get, first)
    assert (found.status, found.error_code) == ("PUBLISHED", None)


@pytest.mark.logs_errors
async def test_a_bug_does_not_disturb_what_another_account_is_sending(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, person = await second_account(served)
    media = await photo_id(served)
    upload_for_real = PrivateStoryRoute.make_ready
    mine = served.studio.account.id

    async def bug_for_one(self: PrivateStoryRoute, outgoing: Outgoing, *args: Any) -> None:
        if outgoing.account_id == mine:
            bug()
        await upload_for_real(self, outgoing, *args)

    monkeypatch.setattr(PrivateStoryRoute, "make_ready", bug_for_one)
    slow = served.studio.sandbox.faults.add(
        Fault(path="rupload_igphoto", account="second", kind=Delay(0.5))
    )
    theirs = await publish(served, {**story(served, media), "accountId": account.id})
    await served.studio.sandbox.ledger.wait_until(lambda: slow.hits == 1)
    await until(served, await publish(served, story(served, media)), "FAILED")
    await until(served, theirs, "PUBLISHED")
    assert len(served.studio.sandbox.world.published(person)) == 1


async def test_a_post_that_becomes_due_between_two_looks_goes_out(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    due = await studio.core.store.read(jobs.next_claim_at, studio.clock.now())
    assert due is not None
    looks = iter([due - timedelta(seconds=1)] * 2)  # at the start, and at the first claim

    def now() -> datetime:
        return next(looks, studio.clock.now())

    clock = Clock(now)
    presence = Presence(studio.core.store, Clock(studio.clock.now))
    service = Scheduler(studio.core.store, studio.deliverer, clock, presence)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(service.run)
        await studio.sandbox.ledger.wait_until(lambda: bool(studio.sandbox.ledger.published))
        service.drain()


@pytest.mark.parametrize("while_it", ["waits", "looks"])
async def test_a_clock_set_back_while_nothing_can_be_written_is_seen_to_after_that(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, while_it: str
) -> None:
    monkeypatch.setattr(scheduler, "PAUSE_S", 0.1)
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    store, clock = studio.core.store, studio.clock
    room: list[Unavailable] = []
    met: list[object] = []
    looked: list[datetime] = []

    def check_room() -> None:
        if room and while_it == "looks" and not looked:
            clock.set_on(-timedelta(days=1))
            looked.append(clock.now())
        if room:
            raise room[0]

    def mend_run_times(db: Database, now: datetime) -> int:
        met.append(now)
        check_room()
        return mend_for_real(db, now)

    mend_for_real = jobs.mend_run_times
    clock.set_on(timedelta(days=1))
    (job,) = await store.write(jobs.claim_due, clock.now())
    until = clock.now() + timedelta(minutes=5)
    await store.write(jobs.postpone, job.id, until, clock.now(), "held", counted=False)
    presence = Presence(store, Clock(clock.now))
    service = Scheduler(store, studio.deliverer, Clock(clock.now), presence, check_room=check_room)
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        monkeypatch.setattr(jobs, "mend_run_times", mend_run_times)
        room.append(Unavailable("The disk is full"))
        service.wake()
        await trio.testing.wait_all_tasks_blocked(0.02)
        if while_it == "waits":
            clock.set_on(-timedelta(days=1))
        for _ in range(3):
            await service.proof()  # it goes on looking
        room.clear()
        await studio.sandbox.ledger.wait_until(lambda: bool(studio.sandbox.ledger.published))
        assert len(met) == 1
        service.drain()


async def test_a_daemon_that_is_killed_again_and_again_spends_no_attempt(studio: Studio) -> None:
    """What ended it is no answer of Instagram's, of which five in a row give a post up."""
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    store = studio.core.store
    for _ in range(7):
        (job,) = await store.write(jobs.claim_due, studio.clock.now())
        assert job.attempts == 1
        assert await store.write(jobs.release_claimed, studio.clock.now()) == 1


async def test_a_delivery_that_cannot_be_recorded_rests_longer_each_time(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause, turns = 0.04, []
    monkeypatch.setattr(scheduler, "PAUSE_S", pause)
    monkeypatch.setattr(scheduler, "LONGEST_PAUSE_S", 4 * pause)
    deliver_for_real = delivery.Deliverer.deliver

    async def unreadable(self: delivery.Deliverer, job: jobs.Job) -> None:
        turns.append(trio.current_time())
        if len(turns) < 5:
            raise Unavailable("the table is damaged")
        await deliver_for_real(self, job)

    monkeypatch.setattr(delivery.Deliverer, "deliver", unreadable)
    media = await photo_id(served)
    post_id = await publish(served, story(served, media))
    await until(served, post_id, "PUBLISHED")
    rests = [later - earlier for earlier, later in pairwise(turns)]
    assert len(turns) == 5
    assert all(rest >= least * pause for rest, least in zip(rests, (1, 2, 4, 4), strict=True)), (
        rests
    )
    assert live(served) == 1
