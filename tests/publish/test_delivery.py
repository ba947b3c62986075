"""Exactly once: every way in which a post's journey can be disturbed, on real connections."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import trio

from ground.changes import Change, Subject
from instagram.private import door
from publish import attempt
from publish.retry import MOST_SETBACKS
from sandbox import Sandbox
from sandbox.wire.faults import (
    Body,
    ClosedMidBody,
    DelayedEffect,
    Fault,
    Garbled,
    Hang,
    Kind,
    Redirect,
    Reset,
    Status,
    challenge_required,
    feedback_required,
    login_required,
    throttled,
)
from sandbox.world.sample_media import make_video
from storage import deliveries, jobs, troubles
from storage.posts import PostStatus
from storage.reposts import RepostStatus
from tests.support.clock import TestClock
from tests.support.limits import DEADLOCK_S
from tests.support.studio import Studio, open_studio
from tests.support.thinned import sparing

CONFIGURE = "configure_to_story"


@pytest.fixture
async def queued(studio: Studio) -> Studio:
    """A studio with one repost that is due."""
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    return studio


def live(studio: Studio) -> int:
    return len(studio.sandbox.world.published(studio.person))


def configures(studio: Studio) -> int:
    return studio.sandbox.ledger.count("/api/v1/media/configure_to_story")


async def retry_later(studio: Studio) -> None:
    studio.clock.advance(timedelta(minutes=20))
    await studio.publish_due()


@pytest.mark.parametrize(
    "kind",
    [
        Reset(after_effect=True),
        ClosedMidBody(),
        Garbled(),
        Redirect("mailto:instagram", after_effect=True),
        Body(b"<html>gateway</html>", "text/html"),
        Body(b'{"status":"ok"}', "application/json"),
        Body(b"[1]", "application/json"),
    ],
)
@pytest.mark.parametrize("connection", sparing(["warm", "cold"], every=2))
async def test_a_lost_answer_makes_no_second_story(
    queued: Studio, kind: Kind, connection: str
) -> None:
    if connection == "cold":
        await queued.core.gateway.forget(queued.account.id)
    queued.sandbox.faults.add(Fault(path=CONFIGURE, kind=kind))
    await queued.publish_due()
    repost = await queued.only()
    assert repost.status is RepostStatus.PUBLISHED
    post = await queued.post_of(repost)
    assert post.ig_media_id == str(queued.sandbox.world.published(queued.person)[0].pk)
    assert (live(queued), configures(queued)) == (1, 1)


@pytest.mark.parametrize("kind", [Reset(after_effect=False), Status(500), Status(408, json={})])
async def test_a_request_that_had_no_effect_is_repeated_once_that_is_sure(
    queued: Studio, kind: Kind
) -> None:
    queued.sandbox.faults.add(Fault(path=CONFIGURE, kind=kind))
    await queued.publish_due()
    repost = await queued.only()
    assert (repost.status, live(queued)) == (RepostStatus.QUEUED, 0)
    post = await queued.post_of(repost)
    assert post.status is PostStatus.QUEUED
    assert post.error_message
    await retry_later(queued)
    assert (await queued.only()).status is RepostStatus.PUBLISHED
    assert (live(queued), configures(queued)) == (1, 2)


@pytest.mark.parametrize("after_effect", [True, False])
async def test_a_hanging_answer_ends_within_the_limit(
    queued: Studio, after_effect: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "CALL_LIMIT_S", 1.0)
    queued.sandbox.faults.add(Fault(path=CONFIGURE, kind=Hang(after_effect=after_effect)))
    with trio.fail_after(DEADLOCK_S):
        await queued.publish_due()
    await retry_later(queued)
    assert (await queued.only()).status is RepostStatus.PUBLISHED
    assert live(queued) == 1


async def test_who_hears_that_a_post_went_out_finds_no_job_at_work(queued: Studio) -> None:
    """Otherwise the status line says `publishing 1 post` until something else happens."""
    store, at_work = queued.core.store, []

    def look(change: Change) -> None:
        if change.state == "PUBLISHED":
            with closing(sqlite3.connect(store.path)) as other:
                count = other.execute("SELECT count(*) FROM jobs WHERE status = 'PROCESSING'")
                at_work.append(count.fetchone()[0])

    store.changes.subscribe(look, Subject.POST)
    await queued.publish_due()
    assert at_work == [0]


async def test_an_effect_that_comes_late_is_waited_for(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "LOOK_AGAIN_S", 0.2)
    async with open_studio(sandbox, clock, tmp_path, settle_s=8.0) as studio:
        await studio.configure()
        studio.mention(studio.friend("anna"))
        await studio.scan()
        await studio.advance()
        sandbox.faults.add(Fault(path=CONFIGURE, kind=DelayedEffect(seconds=0.5)))
        await studio.publish_due()
        assert (await studio.only()).status is RepostStatus.PUBLISHED
        assert (live(studio), configures(studio)) == (1, 1)


async def test_when_asking_fails_the_post_stays_in_doubt_until_it_can_be_asked(
    queued: Studio,
) -> None:
    queued.sandbox.faults.add(Fault(path=CONFIGURE, kind=Reset(after_effect=True)))
    asking = queued.sandbox.faults.add(
        Fault(path=f"/feed/user/{queued.person.pk}/story/", skip=1, times=None, kind=Status(500))
    )
    for _ in range(8):  # more often than an ordinary failure is tried
        await queued.publish_due()
        queued.clock.advance(timedelta(minutes=20))
    post = await queued.post_of(await queued.only())
    assert post.status is PostStatus.PUBLISHING
    assert configures(queued) == 1
    asking.remove()
    await retry_later(queued)
    assert (await queued.only()).status is RepostStatus.PUBLISHED
    assert (live(queued), configures(queued)) == (1, 1)


async def test_a_429_at_the_publish_step_is_asked_about_before_anything_is_repeated(
    queued: Studio,
) -> None:
    queued.sandbox.faults.add(Fault(path=CONFIGURE, kind=throttled(60)))
    await queued.publish_due()
    post = await queued.post_of(await queued.only())
    assert post.status is PostStatus.PUBLISHING
    await retry_later(queued)
    await retry_later(queued)
    assert (await queued.only()).status is RepostStatus.PUBLISHED
    assert (live(queued), configures(queued)) == (1, 2)


async def test_when_nobody_can_tell_the_user_is_told_to_look(queued: Studio) -> None:
    queued.sandbox.faults.add(Fault(path=CONFIGURE, kind=Reset(after_effect=True)))
    asked = Fault(
        path=f"/feed/user/{queued.person.pk}/story/", skip=1, times=None, kind=Status(503)
    )
    queued.sandbox.faults.add(asked)
    await queued.publish_due()
    queued.clock.advance(timedelta(hours=24))  # whatever it was, it is no longer shown
    await queued.publish_due()
    post = await queued.post_of(await queued.only())
    assert (post.status, post.error_code) == (PostStatus.FAILED, "DELIVERY_UNKNOWN")
    assert "Look at the account" in (post.error_message or "")
    assert await queued.core.store.read(deliveries.in_doubt, post.id) is not None
    assert configures(queued) == 1


async def test_a_refusal_in_unknown_words_is_believed_when_it_is_said_five_times(
    queued: Studio,
) -> None:
    refused = Status(400, json={"message": "bad image input", "status": "fail"})
    queued.sandbox.faults.add(Fault(path=CONFIGURE, kind=refused, times=None))
    for tries in range(1, MOST_SETBACKS + 1):
        await queued.publish_due()
        assert configures(queued) == tries
        queued.clock.advance(timedelta(hours=1))
    repost = await queued.only()
    post = await queued.post_of(repost)
    assert (post.status, post.error_code) == (PostStatus.FAILED, "PROCESSING_FAILED")
    assert "bad image input" in (post.error_message or "")
    assert (repost.status, repost.reason) == (RepostStatus.FAILED, post.error_message)


async def test_trouble_that_passes_is_retried_and_then_given_up(queued: Studio) -> None:
    queued.sandbox.faults.add(Fault(path="rupload_igphoto", kind=Status(503), times=None))
    for _ in range(jobs.MAX_ATTEMPTS + 3):
        queued.clock.advance(timedelta(hours=1))
        await retry_later(queued)
    post = await queued.post_of(await queued.only())
    assert (post.status, post.error_code) == (PostStatus.FAILED, "SERVICE_UNAVAILABLE")
    assert queued.sandbox.ledger.count("/rupload_igphoto") == jobs.MAX_ATTEMPTS
    assert live(queued) == 0


async def test_a_session_that_expires_at_configure_is_renewed_and_the_post_goes_out_once(
    queued: Studio,
) -> None:
    logins = queued.sandbox.ledger.logins("studio")
    queued.sandbox.faults.add(Fault(path=CONFIGURE, kind=login_required()))
    await queued.publish_due()
    assert (await queued.only()).status is RepostStatus.PUBLISHED
    assert live(queued) == 1
    assert queued.sandbox.ledger.logins("studio") == logins + 1


async def test_a_challenge_stops_the_account_until_its_pause_is_over(queued: Studio) -> None:
    queued.sandbox.faults.add(Fault(path=CONFIGURE, kind=challenge_required(queued.person)))
    await queued.publish_due()
    held = await queued.core.store.read(troubles.active, queued.account.id, queued.clock.now())
    assert held is not None
    assert held.until is not None
    seen = len(queued.sandbox.ledger.requests)
    for _ in range(3):
        await retry_later(queued)
    assert len(queued.sandbox.ledger.requests) == seen, "something was sent during the pause"
    post = await queued.post_of(await queued.only())
    assert post.status is PostStatus.QUEUED
    assert "it is you" in (post.error_message or "")
    queued.clock.advance(timedelta(hours=24))
    await queued.publish_due()
    assert live(queued) == 1


async def test_a_block_switches_reposting_off_and_waits_a_day(queued: Studio) -> None:
    queued.sandbox.faults.add(Fault(path=CONFIGURE, kind=feedback_required()))
    await queued.publish_due()
    config = await queued.config()
    assert not config.is_enabled
    assert "feedback_required" in (config.auto_disable_reason or "")
    seen = len(queued.sandbox.ledger.requests)
    await retry_later(queued)
    assert len(queued.sandbox.ledger.requests) == seen
    assert live(queued) == 0


async def test_a_video_still_being_processed_is_waited_for(studio: Studio, tmp_path: Path) -> None:
    await studio.configure()
    video = tmp_path / "clip.mp4"
    make_video(video, 180, 320, seconds=1, fps=30, seed=1)
    studio.mention(studio.friend("carla"), file=video)
    await studio.scan()
    await studio.advance()
    studio.person.transcode_polls = 3
    await studio.publish_due()
    assert (await studio.only()).status is RepostStatus.PUBLISHED
    assert (live(studio), configures(studio)) == (1, 4)
