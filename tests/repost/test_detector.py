"""Looking into the inboxes: what is read, how much of it, and what an error leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.client_options import OptionsDesk
from instagram import errors
from instagram.private import door
from operations import shown
from publish.intake import disconnect
from repost.messages import Mention
from repost.recording import store_new
from sandbox import MentionShape
from sandbox.wire.faults import Fault, Hang, Reset, Status, login_required
from sandbox.world import items
from storage.errors import NotFound
from storage.repost_configs import PollStatus
from storage.reposts import RepostStatus
from tests.support.studio import Studio

HOUR = timedelta(hours=1)


def fill_inbox(studio: Studio, threads: int, *, ago: timedelta) -> None:
    """Fill the inbox with ordinary chats, the newest of them `ago`."""
    world = studio.sandbox.world
    at = studio.clock.seconds() - ago.total_seconds()
    for number in range(threads):
        other = world.add_person(f"chat{number}")
        text = items.plain_text(other, "hello", at=at - number)
        world.add_thread(studio.person, other, last_activity_at=at - number, items=[text])


async def test_a_scan_reads_no_further_than_a_story_lives(studio: Studio) -> None:
    await studio.configure()
    fill_inbox(studio, 200, ago=timedelta(days=3))
    for number in range(5):
        studio.mention(studio.friend(f"friend{number}"))
    report = await studio.engine.scan(studio.account.id)
    assert len(report.scan.found) == 5
    assert report.scan.requests == 3  # a page of the inbox, message requests, activity


async def test_a_first_scan_reads_every_page_that_may_hold_a_living_story(studio: Studio) -> None:
    await studio.configure()
    fill_inbox(studio, 50, ago=HOUR)
    studio.mention(studio.friend("early"), ago=timedelta(hours=20))
    first = await studio.engine.scan(studio.account.id)
    assert [repost.author_username for repost in first.scan.found] == ["early"]
    assert first.scan.requests == 3 + 2

    second = await studio.engine.scan(studio.account.id)
    assert second.scan.found == []
    assert second.scan.requests == 3


async def test_mentions_behind_a_busy_thread_are_read_on(studio: Studio) -> None:
    await studio.configure()
    friend = studio.friend("chatty")
    studio.mention(friend, ago=2 * HOUR)
    thread = studio.sandbox.world.thread_between(studio.person, friend)
    for minute in range(40):
        at = studio.clock.seconds() - 3600 + minute
        studio.sandbox.world.add_item(thread, items.plain_text(friend, "…", at=at))
    found = await studio.scan()
    assert [repost.author_username for repost in found] == ["chatty"]


async def test_message_requests_and_the_activity_inbox_count_too(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("stranger"), pending=True)
    quiet = studio.friend("quiet")
    # Mentioned, but no message came: only the activity inbox knows.
    studio.sandbox.world.add_story(quiet, studio.photo(), mentions=[studio.person])
    sources = {repost.author_username: repost.source for repost in await studio.scan()}
    assert sources == {"stranger": "pending", "quiet": "activity"}


async def test_what_is_no_mention_is_passed_over(studio: Studio) -> None:
    await studio.configure()
    world, now = studio.sandbox.world, studio.clock.seconds()
    anna = studio.friend("anna")
    own = world.add_story(studio.person, studio.photo(), mentions=[anna])
    others = world.add_story(anna, studio.photo())
    thread = world.thread_between(studio.person, anna)
    for item in (
        items.plain_text(anna, "hi", at=now),
        items.story_reply(anna, own, "nice", at=now),
        items.story_reaction(anna, own, "❤", at=now),
        items.forwarded_story(anna, others, at=now),
        items.forwarded_story(anna, others, at=now, legacy=True),
        items.own_mention(studio.person, own, at=now),
        items.media_share_without_type(anna, at=now),
    ):
        world.add_item(thread, item)
    report = await studio.engine.scan(studio.account.id)
    assert report.scan.found == []
    assert report.scan.passed_over["own"] == 1
    assert report.scan.passed_over["reply"] == 1
    assert report.scan.passed_over["forward"] == 2


async def test_odd_items_do_not_cost_the_rest_of_the_page(studio: Studio) -> None:
    await studio.configure()
    world, now = studio.sandbox.world, studio.clock.seconds()
    odd = studio.friend("odd")
    thread = world.thread_between(studio.person, odd)
    for item in items.wrong_types(odd, at=now):
        world.add_item(thread, item)
    world.add_item(thread, items.without_keys(items.plain_text(odd, "x", at=now), "item_type"))
    studio.mention(studio.friend("anna"))
    report = await studio.engine.scan(studio.account.id)
    assert [repost.author_username for repost in report.scan.found] == ["anna"]
    assert report.scan.passed_over["odd"] >= 1


async def test_an_expired_mention_is_recorded_once_and_only_when_recent(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("recent"), ago=timedelta(hours=30))
    studio.mention(studio.friend("old"), ago=timedelta(days=5))
    for _ in range(2):
        await studio.scan()
    (repost,) = await studio.history()
    assert (repost.author_username, repost.status) == ("recent", RepostStatus.EXPIRED)


async def test_a_mention_seen_in_time_is_not_recorded_again_when_it_expires(
    studio: Studio,
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"), shape=MentionShape.GENERIC_XMA)
    await studio.run_all()
    studio.clock.advance(timedelta(hours=25))  # Instagram now shows it without its story
    assert await studio.scan() == []
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_a_session_that_expires_in_the_middle_of_a_scan_loses_nothing(
    studio: Studio,
) -> None:
    await studio.configure()
    fill_inbox(studio, 30, ago=2 * HOUR)
    studio.mention(studio.friend("anna"))
    studio.mention(studio.friend("early"), ago=10 * HOUR)
    logins = studio.sandbox.ledger.logins("studio")
    studio.sandbox.faults.add(Fault(path="direct_v2/inbox", skip=1, kind=login_required()))
    found = await studio.scan()
    assert {repost.author_username for repost in found} == {"anna", "early"}
    assert studio.sandbox.ledger.logins("studio") == logins + 1
    assert len(studio.sandbox.ledger.devices("studio")) == 1


@pytest.mark.parametrize(
    "kind",
    [
        Status(500, json={"status": "fail"}),
        Status(200, text="<html>Sorry</html>", content_type="text/html"),
        Status(200, json=[1, 2]),
    ],
)
async def test_a_broken_answer_fails_the_scan_and_keeps_what_was_found(
    studio: Studio, kind: Status
) -> None:
    """One chat's trouble is its own; that of three, one after the other, is Instagram's."""
    await studio.configure()
    for name in ("ben", "carla", "dora"):
        friend = studio.friend(name)
        thread = studio.sandbox.world.thread_between(studio.person, friend)
        for second in range(15):
            at = studio.clock.seconds() - 3600 + second
            studio.sandbox.world.add_item(thread, items.plain_text(friend, "…", at=at))
    studio.mention(studio.friend("anna"))
    studio.sandbox.faults.add(Fault(path="direct_v2/threads/", kind=kind, times=3))
    with pytest.raises(errors.InstagramError):
        await studio.scan()
    config = await studio.config()
    assert config.last_poll_status is PollStatus.FAILED
    assert config.consecutive_failures == 1
    assert config.last_poll_error
    assert (await studio.only()).status is RepostStatus.DETECTED
    await studio.scan()
    assert (await studio.config()).consecutive_failures == 0


async def test_eight_failed_looks_in_a_row_open_the_circuit_breaker(studio: Studio) -> None:
    await studio.configure()
    studio.sandbox.faults.add(Fault(path="direct_v2/inbox", kind=Status(500), times=None))
    for _ in range(8):
        assert (await studio.config()).is_enabled
        with pytest.raises(errors.Unreachable):
            await studio.scan()
    config = await studio.config()
    assert not config.is_enabled
    assert config.auto_disabled_at is not None
    assert "8 looks in a row failed" in (config.auto_disable_reason or "")
    assert (await studio.configure()).auto_disabled_at is None


@pytest.mark.parametrize("how", ["cut", "silent", "refused"])
async def test_an_outage_of_the_network_switches_nothing_off(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Nobody answers eight looks and more; an hour later the stories of the day are found."""
    await studio.configure()
    if how == "silent":
        monkeypatch.setattr(door, "CALL_LIMIT_S", 0.05)
    options = OptionsDesk(
        studio.core.store, studio.core.vault, studio.core.gateway, studio.core.clock
    )
    fault = None
    if how == "refused":
        await options.change(studio.account.id, {"proxy": "http://127.0.0.1:9"})
    else:
        kind = Reset() if how == "cut" else Hang()
        fault = studio.sandbox.faults.add(Fault(path="", kind=kind, times=None))
    looks = await looks_within(studio, timedelta(hours=10))
    config = await studio.config()
    assert config.is_enabled
    assert (config.last_poll_status, config.consecutive_failures) == (PollStatus.FAILED, 0)
    assert 8 < looks <= 13, "after a quarter, half an hour, and then hourly"
    read = studio.core.store.read
    told = await read(shown.story_repost_config, config, studio.clock.now(), 1.0)
    assert told.consecutive_failures == looks
    studio.mention(studio.friend("anna"), ago=timedelta(hours=22))
    monkeypatch.undo()
    if fault is not None:
        fault.remove()
    else:
        await options.change(studio.account.id, {"proxy": ""})
    await looks_within(studio, timedelta(minutes=75))
    assert (await studio.only()).media_path is not None
    assert (await studio.config()).last_poll_status is PollStatus.SUCCESS


async def looks_within(studio: Studio, time: timedelta) -> int:
    """Give the engine its turns for so long; returns how many looks began."""
    looks, end = 0, studio.clock.now() + time
    studio.engine.wake(studio.account.id)
    while studio.clock.now() < end:
        for account_id in studio.engine.claim_due():
            before = (await studio.config()).last_poll_at
            await studio.engine.turn(account_id)
            looks += (await studio.config()).last_poll_at != before
        studio.clock.advance(timedelta(minutes=15))
    return looks


async def test_an_account_that_is_disconnected_as_a_page_comes_is_gone_and_no_bug(
    studio: Studio,
) -> None:
    config, now = await studio.configure(), studio.clock.now()
    mention = Mention(
        story_pk="3700000000000000001",
        item_id="1",
        author_pk="42",
        author_username="anna",
        at=now,
        source="inbox",
    )
    await studio.core.store.write(disconnect, studio.account.id, now)
    with pytest.raises(NotFound):
        await studio.core.store.write(store_new, config, [mention], now, now)
