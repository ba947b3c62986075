"""The account's own posts, shared to its story: each once, none from before, under every rail."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from repost import pause
from repost.configuring import configure
from repost.handover import DRY_RUN
from sandbox import Sandbox
from sandbox.private.posts import post_json
from sandbox.wire.faults import Fault, Reset, Status
from sandbox.world.post import Post
from sandbox.world.sample_media import make_video
from storage import credentials, records
from storage.credentials import Credentials
from storage.posts import SourceType
from storage.repost_configs import RepostConfig
from storage.reposts import OWN_FEED, RepostStatus
from tests.support.clock import TestClock
from tests.support.studio import Studio, open_studio

HOUR = timedelta(hours=1)


async def switch_on(studio: Studio, **changes: Any) -> RepostConfig:
    """Enable reposts and the sharing of own posts; a moment later than anything before."""
    studio.clock.advance(timedelta(seconds=2))
    await studio.configure()
    config = await settings(studio, auto_repost_enabled=True, **changes)
    studio.clock.advance(timedelta(seconds=2))
    return config


async def settings(studio: Studio, **changes: Any) -> RepostConfig:
    return await studio.core.store.write(
        configure,
        user_id=studio.core.owner.id,
        account_id=studio.account.id,
        now=studio.clock.now(),
        **changes,
    )


def post(studio: Studio, *files: Path, **more: Any) -> Post:
    """Let the account post something in the app."""
    return studio.sandbox.world.add_post(studio.person, *(files or (studio.photo(),)), **more)


async def turn(studio: Studio) -> None:
    await studio.advance()
    await studio.publish_due()


def looks(studio: Studio) -> int:
    """Return how often the own feed was read."""
    path = f"feed/user/{studio.person.pk}/"
    return sum(not e.path.endswith("/story/") for e in studio.sandbox.ledger.find(path))


def shared(studio: Studio) -> list[str]:
    """Return the ids of the posts that went out as stickers, in order."""
    found = studio.sandbox.world.published(studio.person)
    return [s["media_id"] for live in found for s in live.stickers if s["type"] == "feed_media"]


async def test_posts_reels_and_carousels_are_shared_as_stickers(
    studio: Studio, tmp_path: Path
) -> None:
    old = post(studio)
    await switch_on(studio)
    video = tmp_path / "reel.mp4"
    make_video(video, 180, 320, seconds=1, fps=30, seed=1)
    new = [
        post(studio, caption="Fresh bread"),
        post(studio, video, product="reel"),
        post(studio, studio.photo(seed=2), studio.photo(seed=3)),
    ]
    await turn(studio)
    assert sorted(shared(studio)) == sorted(str(each.pk) for each in new)
    assert str(old.pk) not in shared(studio)
    assert looks(studio) == 1
    for live in studio.sandbox.world.published(studio.person):
        assert (live.route, live.product, live.kind) == ("private", "story", "photo")
        assert (live.width, live.height) == (1080, 1920)
        (sticker,) = live.stickers
        assert sticker["media_owner_id"] == str(studio.person.pk)
        assert live.extra["reshared_media_id"] == sticker["media_id"]
        assert (live.mentions, live.reel_mentions) == ((), [])
    items = await studio.history()
    assert {(item.source, item.status) for item in items} == {(OWN_FEED, "PUBLISHED")}
    for item in items:
        made = await studio.post_of(item)
        assert made.source_type is SourceType.AUTO_REPOST
        assert made.ig_permalink is not None
    assert (await studio.config()).last_auto_sync_at is not None


async def test_none_is_shared_twice_after_restart_and_clock_steps(
    studio: Studio, tmp_path: Path
) -> None:
    await switch_on(studio)
    first = post(studio)
    await turn(studio)
    await turn(studio)  # the next scan is not due
    assert (shared(studio), looks(studio)) == ([str(first.pk)], 1)
    studio.clock.advance(13 * HOUR)
    await turn(studio)
    assert (shared(studio), looks(studio)) == ([str(first.pk)], 2)

    studio.clock.advance(-13 * HOUR)  # the machine's clock had been wrong
    await turn(studio)
    studio.clock.advance(14 * HOUR)
    await studio.core.gateway.close()
    async with open_studio(studio.sandbox, studio.clock, tmp_path, logged_in=False) as again:
        second = post(again, again.photo(seed=2))
        await turn(again)
        again.clock.advance(13 * HOUR)
        await turn(again)
        assert shared(again) == [str(first.pk), str(second.pk)]


async def test_what_was_posted_while_it_was_off_stays_unshared(studio: Studio) -> None:
    await switch_on(studio)
    await settings(studio, auto_repost_enabled=False)
    post(studio)
    studio.clock.advance(timedelta(seconds=2))
    await switch_on(studio)
    new = post(studio, studio.photo(seed=2))
    await turn(studio)
    assert shared(studio) == [str(new.pk)]
    # Saving other settings begins nothing anew.
    since = (await studio.config()).auto_repost_since
    assert (await settings(studio, daily_repost_limit=3)).auto_repost_since == since


async def test_switched_off_or_disabled_the_feed_is_not_looked_at(studio: Studio) -> None:
    await studio.configure()
    post(studio)
    await turn(studio)
    await settings(studio, auto_repost_enabled=True, is_enabled=False)
    await turn(studio)
    assert looks(studio) == 0


async def test_own_posts_and_mentions_share_one_cap(studio: Studio) -> None:
    await switch_on(studio, daily_repost_limit=1)
    studio.mention(studio.friend("anna"), ago=timedelta(minutes=1))
    await studio.scan()
    post(studio)
    await turn(studio)
    states = {item.source: item for item in await studio.history()}
    assert states["inbox"].status is RepostStatus.PUBLISHED
    held = states[OWN_FEED]
    assert (held.status, held.reason) == ("QUEUED", "Daily limit of 1 reposts reached")
    assert held.held_until is not None
    studio.clock.advance(timedelta(hours=25))
    await turn(studio)
    assert len(shared(studio)) == 1


async def test_approval_pause_and_dry_run_hold_for_own_posts_and_filters_do_not(
    studio: Studio,
) -> None:
    await switch_on(
        studio,
        approval_required=True,
        allowed_authors=["anna"],
        required_words=["coffee"],
        minimum_followers=5,
    )
    post(studio)
    await turn(studio)
    assert (await studio.only()).status is RepostStatus.WAITING_APPROVAL
    store, now = studio.core.store, studio.clock.now
    await settings(studio, approval_required=False, dry_run=True)
    post(studio, studio.photo(seed=2))
    studio.clock.advance(13 * HOUR)
    await store.write(pause.pause, studio.account.id, None, now())
    await turn(studio)
    assert (await studio.history())[0].reason == "You paused the reposts of this account"
    await store.write(pause.resume, studio.account.id, now())
    await turn(studio)
    assert (await studio.history())[0].reason == DRY_RUN
    assert shared(studio) == []


async def test_a_lost_answer_is_asked_about_and_nothing_is_shared_twice(studio: Studio) -> None:
    await switch_on(studio)
    new = post(studio)
    studio.sandbox.faults.add(Fault(path="configure_to_story", kind=Reset(after_effect=True)))
    await turn(studio)
    assert shared(studio) == [str(new.pk)]
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_a_feed_that_cannot_be_read_is_looked_at_again_later_and_stops_nothing_else(
    studio: Studio,
) -> None:
    await switch_on(studio)
    studio.mention(studio.friend("anna"))
    post(studio)
    await studio.scan()
    feed = f"/feed/user/{studio.person.pk}/"
    studio.sandbox.faults.add(Fault(path_end=feed, kind=Status(500)))
    await turn(studio)
    await turn(studio)
    config = await studio.config()
    assert (looks(studio), config.auto_sync_failures) == (1, 1)
    assert "500" in (config.last_auto_sync_error or "")
    assert [item.status for item in await studio.history()] == ["PUBLISHED"]
    studio.clock.advance(timedelta(minutes=16))
    await turn(studio)
    config = await studio.config()
    assert (looks(studio), config.auto_sync_failures, config.last_auto_sync_error) == (2, 0, None)
    assert len(shared(studio)) == 1


async def test_a_picture_whose_address_has_expired_is_asked_for_anew(studio: Studio) -> None:
    await switch_on(studio)
    new = post(studio)
    studio.sandbox.faults.add(Fault(path=f"/v/{new.pk}.jpg", kind=Status(403)))
    await turn(studio)
    assert shared(studio) == [str(new.pk)]
    assert studio.sandbox.ledger.count("media/", containing=f"/{new.pk}/info/") == 1


async def test_one_not_found_about_a_post_that_the_feed_shows_does_not_end_it(
    studio: Studio,
) -> None:
    await switch_on(studio)
    new = post(studio)
    studio.sandbox.faults.add(Fault(path=f"/v/{new.pk}.jpg", kind=Status(403)))
    odd = Status(404, {"message": "not now", "status": "fail"})
    studio.sandbox.faults.add(Fault(path=f"media/{new.pk}/info", kind=odd))
    await turn(studio)
    assert (await studio.only()).status is RepostStatus.DETECTED
    studio.clock.advance(timedelta(minutes=2))
    await turn(studio)
    assert shared(studio) == [str(new.pk)]


async def test_a_post_that_was_deleted_before_it_was_fetched_is_not_shared(studio: Studio) -> None:
    await switch_on(studio)
    new = post(studio)
    studio.sandbox.faults.add(Fault(path=f"/v/{new.pk}.jpg", kind=Reset(), times=None))
    await studio.advance()
    studio.sandbox.faults.clear()
    studio.sandbox.world.delete_post(new)
    studio.clock.advance(timedelta(minutes=5))
    await turn(studio)
    gone = await studio.only()
    assert (gone.status, gone.reason) == (
        "EXPIRED",
        "The post is gone or not visible to this account",
    )


async def test_the_look_keeps_the_rails_of_looks_into_the_inbox(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    async with open_studio(sandbox, clock, tmp_path, pace=0.001) as studio:
        await switch_on(studio)
        new = post(studio)
        await turn(studio)
        assert looks(studio) == 0, "a new login reads nothing by itself for 12 hours"
        clock.advance(13 * HOUR)
        hour = clock.now().hour
        await studio.configure(sleep_window_start=hour, sleep_window_end=(hour + 2) % 24)
        await turn(studio)
        assert looks(studio) == 0, "it sleeps"
        await studio.configure()
        due = await studio.journey.advance(studio.api, await studio.config())
        assert looks(studio) == 1
        assert due is not None
        held = await studio.only()
        assert (held.status, held.held_until is not None) == ("QUEUED", True)
        assert "48 h" in (held.reason or "")

        def age(db: Any) -> None:
            login = credentials.find(db, studio.account.id)
            assert login is not None
            earlier = login.session_started_at - timedelta(days=60)
            records.update(db, Credentials, studio.account.id, session_started_at=earlier)

        await studio.core.store.write(age)
        await turn(studio)
        assert shared(studio) == [str(new.pk)]
        assert looks(studio) == 1


async def test_switched_on_by_a_clock_that_was_ahead_it_begins_now(studio: Studio) -> None:
    ahead = timedelta(days=900)
    instagrams = studio.sandbox.world.now
    studio.sandbox.world.now = lambda: instagrams() - ahead.total_seconds()
    studio.clock.set_on(ahead)
    await switch_on(studio)
    studio.clock.set_on(-ahead)
    studio.sandbox.world.now = instagrams
    old = post(studio)
    await turn(studio)  # which learns that nothing can have been switched on then
    studio.clock.advance(timedelta(hours=25))
    new = post(studio, studio.photo(seed=2))
    await turn(studio)
    assert shared(studio) == [str(new.pk)] != [str(old.pk)]


async def test_switched_on_by_a_clock_that_was_behind_nothing_of_before_is_shared(
    studio: Studio,
) -> None:
    old = post(studio)
    studio.clock.advance(timedelta(seconds=2))  # Instagram tells its time in whole seconds
    await studio.configure()
    await studio.scan()  # by which Instagram's own time is known
    behind = timedelta(days=2)
    seconds = studio.sandbox.world.now
    studio.sandbox.world.now = lambda: seconds() + behind.total_seconds()
    studio.clock.set_on(-behind)
    await switch_on(studio)
    await turn(studio)
    studio.clock.set_on(behind)
    studio.sandbox.world.now = seconds
    studio.clock.advance(timedelta(hours=25))
    new = post(studio, studio.photo(seed=2))
    await turn(studio)
    assert shared(studio) == [str(new.pk)] != [str(old.pk)]


async def test_an_old_post_of_a_time_that_has_not_come_is_not_new(studio: Studio) -> None:
    old = post(studio)
    studio.clock.advance(timedelta(seconds=2))
    await switch_on(studio)
    shown = post_json(old, studio.sandbox.world) | {"taken_at": 2**31}
    answer = Status(200, {"items": [shown], "status": "ok"})
    studio.sandbox.faults.add(Fault(path_end=f"feed/user/{studio.person.pk}/", kind=answer))
    for _ in range(2):
        await turn(studio)
        studio.clock.advance(timedelta(hours=25))
    assert looks(studio) == 2
    assert await studio.history() == []
