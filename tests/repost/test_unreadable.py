"""Messages and pages in forms that nobody knows: shown to a person, and not asked for ever."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from ground.changes import Subject
from repost import detector
from sandbox import MentionShape
from sandbox.private.stories import reel_json
from sandbox.wire.faults import Fault, Status
from sandbox.wire.message import JsonObject
from sandbox.world import items
from sandbox.world.person import Person
from storage import authors, events
from storage.authors import Verdict
from storage.reposts import Repost, RepostLimit, RepostStatus
from tests.support.studio import Studio

HOUR = timedelta(hours=1)
PAGE = "https://www.instagram.com/p/abc/"
# Messages of a kind that only mentions are, which do not say their story in a form that is known.
ODD: dict[str, JsonObject] = {
    "another address": {"xma_reel_mention": [{"target_url": PAGE}]},
    "half an address": {"xma_reel_mention": [{"target_url": "https://www.instagram.com/stories/"}]},
    "no address": {"xma_reel_mention": [{"target_url": 17}]},
    "an address that is none": {"xma_reel_mention": [{"target_url": "https://[::1"}]},
    "a text": {"xma_reel_mention": "https://www.instagram.com/stories/"},
    "nothing": {"xma_reel_mention": None},
    "an empty list": {"xma_reel_mention": []},
    "no objects": {"xma_reel_mention": [None, 7]},
    "a share that is a list": {"item_type": "reel_share", "reel_share": ["mention"]},
    "a share of an unknown kind": {"item_type": "reel_share", "reel_share": {"type": "mention_v2"}},
    "no media": {"item_type": "reel_share", "reel_share": {"type": "mention", "media": "gone"}},
    "no time": {"timestamp": "yesterday", "xma_reel_mention": [{"target_url": PAGE}]},
    "no sender": {"user_id": None, "xma_reel_mention": [{"target_url": PAGE}]},
}


def odd_item(studio: Studio, friend: Person, changes: JsonObject) -> JsonObject:
    return items.expired_mention(friend, at=studio.clock.seconds()) | changes


def send(studio: Studio, friend: Person, item: object) -> None:
    world = studio.sandbox.world
    world.add_item(world.thread_between(studio.person, friend), item)


async def by_author(studio: Studio) -> dict[str, Repost]:
    return {repost.author_username: repost for repost in await studio.history()}


@pytest.mark.acceptance
async def test_the_story_that_an_odd_message_means_is_found_by_its_author(studio: Studio) -> None:
    await studio.configure(daily_repost_limit=48)
    world = studio.sandbox.world
    for number, changes in enumerate(ODD.values()):
        friend = studio.friend(f"friend{number}")
        world.add_story(friend, studio.photo(), mentions=[studio.person])
        send(studio, friend, odd_item(studio, friend, changes))
    # Only the message tells of it: the activity inbox is empty this time.
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(200, {"status": "ok"})))
    report = await studio.engine.scan(studio.account.id)
    assert (report.scan.found, len(report.scan.odd)) == ([], len(ODD))
    await studio.advance()
    await studio.publish_due()
    found = await by_author(studio)
    names = {f"friend{number}": name for number, name in enumerate(ODD)}
    assert {names[author]: repost.status for author, repost in found.items()} == dict.fromkeys(
        ODD, RepostStatus.PUBLISHED
    )
    assert all(repost.limits == () for repost in found.values())


async def test_a_mention_by_nobody_who_is_named_is_reposted_by_its_story(studio: Studio) -> None:
    await studio.configure()
    allow = (studio.account.id, Verdict.ALLOW, ["anna"])
    await studio.core.store.write(authors.replace_rules, *allow)
    studio.mention(studio.friend("anna"))
    answer = await studio.api.inbox_page()
    (thread,) = answer["inbox"]["threads"]
    thread["users"] = []
    for item in thread["items"]:
        del item["user_id"]
    studio.sandbox.faults.add(Fault(path="direct_v2/inbox", kind=Status(200, answer), times=None))
    silent = Status(200, {"status": "ok"})
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=silent, times=None))
    (found,) = await studio.scan()
    assert found.author_pk == ""
    await studio.run_all()
    repost = await studio.only()
    assert (repost.status, repost.author_username) == (RepostStatus.PUBLISHED, "anna")


async def test_an_odd_message_without_a_story_is_shown_to_a_person(studio: Studio) -> None:
    await studio.configure()
    for number, changes in enumerate(ODD.values()):
        friend = studio.friend(f"friend{number}")
        send(studio, friend, odd_item(studio, friend, changes))
    await studio.run_all()
    found = await studio.history()
    assert len(found) == len(ODD)
    for repost in found:
        assert repost.status is RepostStatus.FAILED
        assert "look at it in the Instagram app" in (repost.reason or "")
    told = await studio.core.store.read(events.of_subject, Subject.REPOST, found[0].id)
    assert [event.state for event in told] == ["DETECTED", "FAILED"]
    asked = studio.sandbox.ledger.count("/story/")
    for _ in range(3):
        studio.clock.advance(2 * HOUR)
        await studio.run_all()
    assert studio.sandbox.ledger.count("/story/") == asked
    assert len(await studio.history()) == len(ODD)


async def test_an_odd_message_about_a_story_that_is_known_alarms_nobody(studio: Studio) -> None:
    await studio.configure()
    friend = studio.friend("anna")
    studio.mention(friend)
    await studio.run_all()
    send(studio, friend, odd_item(studio, friend, ODD["another address"]))
    await studio.run_all()
    states = {repost.status for repost in await studio.history()}
    assert states == {RepostStatus.PUBLISHED, RepostStatus.SKIPPED}


async def test_a_message_of_a_new_kind_is_a_mention_only_if_its_story_says_so(
    studio: Studio,
) -> None:
    await studio.configure()
    world = studio.sandbox.world
    for name, mentioned in (("anna", [studio.person]), ("ben", [])):
        friend = studio.friend(name)
        story = world.add_story(friend, studio.photo(), mentions=mentioned)
        link = f"https://www.instagram.com/stories/{name}/{story.pk}/?igsh=1"
        item = odd_item(
            studio, friend, {"item_type": "story_tag_v3", "card": {"cta": [{"to": link}]}}
        )
        send(studio, friend, item)
    own = world.add_story(studio.person, studio.photo())
    reply = {"item_type": "story_reply_v3", "to": f"instagram.com/stories/studio/{own.pk}"}
    carla = studio.friend("carla")
    send(studio, carla, odd_item(studio, carla, reply))
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(200, {"status": "ok"})))
    await studio.run_all()
    found = await by_author(studio)
    assert found["anna"].status is RepostStatus.PUBLISHED
    assert (found["ben"].status, found["ben"].limits) == (
        RepostStatus.WAITING_APPROVAL,
        (RepostLimit.UNSURE,),
    )
    assert found["carla"].status is RepostStatus.SKIPPED


async def test_a_message_that_can_be_read_later_tells_its_row_its_story(studio: Studio) -> None:
    await studio.configure()
    friend = studio.friend("anna")
    story = studio.mention(friend)
    world = studio.sandbox.world
    (item,) = world.thread_between(studio.person, friend).items
    raw = items.expired_mention(friend, at=item.at) | {"item_id": "77"}
    item.mention, item.raw = None, raw
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(200, {}), times=2))
    odd = Status(500)
    reel = studio.sandbox.faults.add(Fault(path="/story/", kind=odd, times=None))
    await studio.scan()
    await studio.advance()
    assert (await studio.only()).is_unread
    url = f"https://www.instagram.com/stories/anna/{story.pk}"
    item.raw = raw | {"xma_reel_mention": [{"target_url": url}]}
    reel.remove()
    studio.clock.advance(HOUR)
    assert await studio.scan() == []
    await studio.advance()
    await studio.publish_due()
    repost = await studio.only()
    assert (repost.status, repost.story_pk) == ("PUBLISHED", str(story.pk))


GAPS: dict[str, Any] = {
    "no inbox": {"status": "ok"},
    "an inbox that is a list": {"inbox": [], "status": "ok"},
    "no threads": {"inbox": {"has_older": False}, "status": "ok"},
    "threads that are an object": {"inbox": {"threads": {}}, "status": "ok"},
    "a chat that is null": {"inbox": {"threads": [None], "has_older": False}, "status": "ok"},
    "a chat without items": {"inbox": {"threads": [{"thread_id": "1"}]}, "status": "ok"},
    "older ones without a way": {"inbox": {"threads": [], "has_older": True}, "status": "ok"},
}


async def test_nothing_behind_a_gap_counts_as_seen(studio: Studio) -> None:
    await studio.configure()
    await studio.scan()
    for number, (name, answer) in enumerate(GAPS.items()):
        studio.clock.advance(HOUR)
        before = await studio.config()
        studio.mention(studio.friend(f"friend{number}"), ago=timedelta(minutes=20))
        # Something newer is in sight, and would move the mark past the mention.
        chatty = studio.friend(f"chatty{number}")
        send(studio, chatty, items.plain_text(chatty, "hi", at=studio.clock.seconds()))
        studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(200, {"status": "ok"})))
        studio.sandbox.faults.add(Fault(path="direct_v2/inbox", kind=Status(200, answer)))
        assert await studio.scan() == [], name
        after = await studio.config()
        assert after.seen_until == before.seen_until, name
        assert (after.partial_looks, after.consecutive_failures) == (1, 0)
        assert "Not everything could be read" in (after.last_poll_error or "")
        studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(200, {"status": "ok"})))
        assert len(await studio.scan()) == 1, name
        assert (await studio.config()).partial_looks == 0


async def test_looks_at_what_stays_unreadable_grow_apart_and_open_no_breaker(
    studio: Studio,
) -> None:
    await studio.configure(poll_interval_hours=12)
    gap = Fault(path="direct_v2/inbox", kind=Status(200, {"status": "ok"}), times=None)
    studio.sandbox.faults.add(gap)
    times = []
    studio.engine.wake(studio.account.id)
    end = studio.clock.now() + timedelta(days=3)
    while studio.clock.now() < end:
        for account_id in studio.engine.claim_due():
            before = studio.sandbox.ledger.count("direct_v2/inbox")
            await studio.engine.turn(account_id)
            if studio.sandbox.ledger.count("direct_v2/inbox") > before:
                times.append(studio.clock.now())
        studio.clock.advance(timedelta(minutes=5))
    config = await studio.config()
    assert config.is_enabled
    assert config.partial_looks == len(times)
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses[0] < HOUR < 4 * HOUR < pauses[5]
    assert 8 < len(times) < 16


@pytest.mark.parametrize("status", [404, 500, 502])
async def test_an_activity_page_that_never_answers_ends_no_looks(
    studio: Studio, status: int
) -> None:
    """Mentions in chats are found all the same, more than eight looks in a row."""
    await studio.configure()
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(status, {}), times=None))
    for number in range(9):
        studio.mention(studio.friend(f"friend{number}"))
        assert len(await studio.scan()) == 1
        studio.clock.advance(HOUR)
    config = await studio.config()
    assert config.is_enabled
    assert (config.consecutive_failures, config.partial_looks) == (0, 9)
    assert "the activity" in (config.last_poll_error or "")


@pytest.mark.parametrize(
    "kind",
    [
        Status(400, {"message": "odd"}),
        Status(404, text="<html>"),
        Status(500, {}),
        Status(200, {"status": "fail", "message": "try again"}),
    ],
)
async def test_message_requests_that_are_never_given_out_end_no_looks(
    studio: Studio, kind: Status
) -> None:
    await studio.configure()
    studio.sandbox.faults.add(Fault(path="pending_inbox", kind=kind, times=None))
    for number in range(9):
        studio.mention(studio.friend(f"friend{number}"))
        assert len(await studio.scan()) == 1
        studio.clock.advance(HOUR)
    config = await studio.config()
    assert config.is_enabled
    assert (config.consecutive_failures, config.partial_looks) == (0, 9)
    assert "message requests" in (config.last_poll_error or "")


@pytest.mark.parametrize("names", [True, False])
async def test_a_story_of_the_activity_inbox_in_an_unknown_form_is_asked_about(
    studio: Studio, names: bool
) -> None:
    """Its own page tells whether it names the account; where not even that does, a person."""
    await studio.configure()
    friend = studio.friend("anna")
    mentions = [studio.person] if names else []
    story = studio.sandbox.world.add_story(friend, studio.photo(), mentions=mentions)
    reel = {"id": friend.pk, "items": [{"pk": story.pk, "reel_mentions": {"v2": []}}]}
    told = Status(200, {"story_mentions": {"reels": [reel]}, "status": "ok"})
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=told))
    await studio.run_all()
    repost = await studio.only()
    assert repost.status == (RepostStatus.PUBLISHED if names else RepostStatus.WAITING_APPROVAL)


@pytest.mark.parametrize("status", [400, 500])
async def test_a_chat_that_is_refused_costs_no_other(studio: Studio, status: int) -> None:
    await studio.configure()
    for name in ("anna", "ben"):
        friend = studio.friend(name)
        studio.mention(friend, ago=2 * HOUR)
        for minute in range(40):
            at = studio.clock.seconds() - 3600 + minute
            send(studio, friend, items.plain_text(friend, "…", at=at))
    before = (await studio.config()).seen_until
    for path in ("news/inbox", "direct_v2/threads/"):
        refused = Status(status, {"message": "odd", "status": "fail"})
        kind = refused if "threads" in path else Status(200, {"status": "ok"})
        studio.sandbox.faults.add(Fault(path=path, kind=kind))
    assert len(await studio.scan()) == 1
    assert (await studio.config()).seen_until == before
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(200, {"status": "ok"})))
    assert len(await studio.scan()) == 1


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(days=5)], ids=["right", "ahead"])
async def test_a_chat_of_any_length_is_read_to_its_end_over_several_looks(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    monkeypatch.setattr(detector, "MAX_THREAD_PAGES", 2)
    await studio.configure()
    friend = studio.friend("chatty")
    studio.mention(friend, ago=3 * HOUR, shape=MentionShape.GENERIC_XMA)
    for second in range(150):
        at = studio.clock.seconds() - 7200 + second
        send(studio, friend, items.plain_text(friend, "…", at=at))

    def wrong() -> float:
        return studio.clock.seconds() - ahead.total_seconds()

    found = []
    for _ in range(4):
        news = Fault(path="news/inbox", kind=Status(200, {"status": "ok"}))
        studio.sandbox.faults.add(news)
        found += await studio.scan()
        # After the first look this machine's clock may be wrong, and Instagram's is not.
        studio.clock.set_on(timedelta() if studio.sandbox.world.now is wrong else ahead)
        studio.sandbox.world.now = wrong
    assert [repost.author_username for repost in found] == ["chatty"]
    assert (await studio.config()).chat_backlog == ()
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(200, {"status": "ok"})))
    assert (await studio.engine.scan(studio.account.id)).scan.requests == 3


async def test_a_chat_whose_way_on_is_refused_once_is_read_to_its_end_all_the_same(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "MAX_THREAD_PAGES", 4)
    await studio.configure()
    news = Fault(path="news/inbox", kind=Status(200, {"status": "ok"}), times=None)
    studio.sandbox.faults.add(news)
    friend = studio.friend("chatty")
    studio.mention(friend, ago=3 * HOUR, shape=MentionShape.GENERIC_XMA)
    for second in range(150):
        at = studio.clock.seconds() - 7200 + second
        send(studio, friend, items.plain_text(friend, "…", at=at))
    assert await studio.scan() == []
    assert (await studio.config()).chat_backlog
    gone = Fault(path="direct_v2/threads/", kind=Status(404, text="<html>not here</html>"))
    studio.sandbox.faults.add(gone)
    assert await studio.scan() == []
    found = []
    for _ in range(4):
        found += await studio.scan()
    assert [repost.author_username for repost in found] == ["chatty"]
    assert (await studio.config()).chat_backlog == ()


@pytest.mark.parametrize("path", ["direct_v2/inbox", "direct_v2/threads/"])
async def test_a_cursor_that_leads_round_and_round_is_followed_once(
    studio: Studio, path: str
) -> None:
    await studio.configure()
    now = int(studio.clock.seconds() * 1_000_000)
    item = {"item_id": "1", "user_id": 7, "timestamp": now, "item_type": "text"}
    thread = {"thread_id": "5", "items": [item], "last_activity_at": now, "oldest_cursor": "t"}
    thread["has_older"] = "threads" in path
    box = {"threads": [thread], "oldest_cursor": "c", "has_older": "inbox" in path}
    for where, answer in (("direct_v2/inbox", {"inbox": box}), ("threads/", {"thread": thread})):
        studio.sandbox.faults.add(Fault(path=where, kind=Status(200, answer), times=None))
    report = await studio.engine.scan(studio.account.id)
    assert report.scan.requests <= 6
    assert report.scan.gaps


@pytest.mark.acceptance
async def test_half_an_emoji_and_its_kin_cost_no_page(studio: Studio) -> None:
    """Forms of JSON that the client's own parser refuses, each with a whole page."""
    await studio.configure(daily_repost_limit=48)
    bad = {
        "half an emoji": '"x \\ud83d y"',
        "a number of 5,000 digits": "9" * 5000,
        "not a number": "NaN",
        "infinite": "1e999",
        "a control character": '"a\x01b"',
        "a thousand brackets": "[" * 3000 + "]" * 3000,
        "a megabyte": json.dumps("a" * 1_000_000),
        "twice the same key": '1, "odd": 2, "odd": "\\u0000"',
    }
    for number, value in enumerate(bad.values()):
        friend = studio.friend(f"friend{number}")
        story = studio.mention(friend)
        shown = reel_json(friend, [story], studio.sandbox.world)
        shown["items"][0]["caption"] = {"text": "here"}
        body = json.dumps({"reel": shown, "status": "ok"})
        body = body.replace('"here"', f'"here", "odd": {value}').replace(
            '"product_type"', f'"odd": {value}, "product_type"'
        )
        answer = Status(200, text=body, content_type="application/json")
        studio.sandbox.faults.add(
            Fault(path=f"feed/user/{friend.pk}/story", kind=answer, times=None)
        )
    await studio.run_all()
    found = await by_author(studio)
    names = {f"friend{number}": name for number, name in enumerate(bad)}
    assert {names[author]: r.status for author, r in found.items()} == dict.fromkeys(
        bad, RepostStatus.PUBLISHED
    )
    assert {repost.caption for repost in found.values()} == {"here"}


async def test_an_own_story_that_cannot_be_read_is_not_taken_for_absent(studio: Studio) -> None:
    odd = {"reel": {"items": [{"media_type": 1, "pk": None}]}, "status": "ok"}
    studio.sandbox.faults.add(Fault(path="/story/", kind=Status(200, odd)))
    stories = await studio.api.own_stories()
    assert (stories.read, len(stories.unread)) == ([], 1)
    grid = {"items": [{"pk": "no"}], "status": "ok"}
    studio.sandbox.faults.add(Fault(path="feed/user/", kind=Status(200, grid)))
    posts = await studio.api.own_posts()
    assert (posts.read, len(posts.unread)) == ([], 1)


@pytest.mark.parametrize("status", [400, 502])
async def test_an_older_page_that_is_never_given_out_ends_no_looks(
    studio: Studio, status: int
) -> None:
    """Its first page tells of new mentions all the same, more than eight looks in a row."""
    await studio.configure()
    before = (await studio.config()).seen_until
    for number in range(30):
        at = studio.clock.seconds() - 600 - number
        other = studio.sandbox.world.add_person(f"chat{number}")
        text = items.plain_text(other, "hello", at=at)
        studio.sandbox.world.add_thread(studio.person, other, last_activity_at=at, items=[text])
    older = Status(status, {"message": "odd", "status": "fail"})
    for number in range(9):
        studio.mention(studio.friend(f"friend{number}"))
        # The second request for the inbox is that for its older page.
        first = Fault(path="direct_v2/inbox", kind=older, skip=1)
        handle = studio.sandbox.faults.add(first)
        assert len(await studio.scan()) == 1
        handle.remove()
        studio.clock.advance(timedelta(minutes=1))
    config = await studio.config()
    assert config.is_enabled
    assert (config.consecutive_failures, config.partial_looks) == (0, 9)
    assert config.seen_until == before
    assert "older messages" in (config.last_poll_error or "")
