"""Every field that comes from outside, with every kind of wrong value: one item's own trouble.

The answers are the sandbox's own, spoiled in one place each. Afterwards the engine runs, what
was not spoiled is reposted, requests are bounded, and what was stored can be shown.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from instagram import errors
from operations import shown as render
from sandbox.private.accounts import user_json
from sandbox.private.posts import post_json
from sandbox.private.stories import reel_json, story_json
from sandbox.wire.faults import Fault, Status
from storage import authors, repost_history
from storage.reposts import RepostStatus
from storage.store import Database
from tests.support.studio import Studio
from tests.support.wrong import WRONG, places, spoiled, sweep

GOOD = ("good.one", "good.two", "good.three")
# Of every so many of all combinations; the soak takes them all.
SAMPLE = 149
soaked = pytest.mark.parametrize("every", [SAMPLE, pytest.param(1, marks=pytest.mark.soak)])


def answering(body: Any) -> Status:
    """The answer as it comes over the wire, with what only text can say."""
    return Status(200, text=json.dumps(body), content_type="application/json")


async def prepare(studio: Studio) -> None:
    """Let three people mention the account first; no more than those may go out."""
    await studio.configure(daily_repost_limit=len(GOOD))
    for minutes, name in enumerate(GOOD):
        studio.mention(studio.friend(name), ago=timedelta(hours=1, minutes=minutes))


async def check(studio: Studio, spoiled: int, *, requests_each: int) -> None:
    """Run two turns, and see that nothing is lost, hammered or impossible to show."""
    ledger = studio.sandbox.ledger
    before = len(ledger.requests)
    studio.engine.wake(studio.account.id)
    for _ in range(2):
        for account_id in studio.engine.claim_due():
            await studio.engine.turn(account_id)
        await studio.publish_due()
        studio.engine.wake(studio.account.id)
    assert len(ledger.requests) - before <= spoiled * requests_each + 60
    history = await whole_history(studio)
    good = {repost.author_username: repost for repost in history if repost.author_username in GOOD}
    unpublished = [r.reason for r in good.values() if r.status is not RepostStatus.PUBLISHED]
    assert unpublished == []
    assert len(good) == len(GOOD)

    def show(db: Database) -> list[bytes]:
        return [render.repost(db, one).model_dump_json().encode() for one in history]

    for shown in await studio.core.store.read(show):
        assert b"\x1b" not in shown
        assert b"\\u0000" not in shown
        assert len(shown) < 20_000


async def whole_history(studio: Studio) -> list[Any]:
    def read(db: Database) -> list[Any]:
        return repost_history.page(db, studio.core.owner.id, limit=100_000)

    return await studio.core.store.read(read)


@soaked
async def test_a_story_may_hold_anything(studio: Studio, every: int) -> None:
    await prepare(studio)
    world = studio.sandbox.world
    sample = studio.friend("sample")
    story = studio.mention(sample)
    reel = {"reel": reel_json(sample, [story], world), "status": "ok"}
    cases = list(sweep(reel, every=every))
    for number, (_, answer) in enumerate(cases):
        friend = studio.friend(f"friend{number}")
        mentioned = studio.mention(friend)
        # Everybody shows the sample's reel, with a story of the right number where it is said.
        body = json.dumps(answer)
        for old, new in ((story.pk, mentioned.pk), (sample.pk, friend.pk)):
            body = body.replace(str(old), str(new))
        kind = Status(200, text=body, content_type="application/json")
        studio.sandbox.faults.add(Fault(path=f"feed/user/{friend.pk}/story", kind=kind, times=None))
    await check(studio, len(cases), requests_each=5)


REPORTED = (
    ("text", "half an emoji"),
    ("username", "half an emoji"),
    ("username", "a NUL"),
    ("username", "a long text"),
    ("url", "an address with a tab"),
    ("url", "an address that httpx refuses"),
    ("pk", "400 digits"),
)


async def test_what_was_reported_of_stories_stops_nobody_else(studio: Studio) -> None:
    """Each of these has once ended the service, for all accounts and as long as the story lived."""
    await prepare(studio)
    world = studio.sandbox.world
    for number, (key, wrong) in enumerate(REPORTED):
        friend = studio.friend(f"friend{number}")
        shown = reel_json(friend, [studio.mention(friend)], world)
        reel: dict[str, Any] = {"reel": shown, "status": "ok"}
        reel["reel"]["items"][0]["caption"] = {"text": "hello"}
        found = [path for path in places(reel) if path[-1] == key]
        assert found, key
        for path in found:
            reel = spoiled(reel, path, WRONG[wrong])
        kind = answering(reel)
        studio.sandbox.faults.add(Fault(path=f"feed/user/{friend.pk}/story", kind=kind, times=None))
    await check(studio, len(REPORTED), requests_each=5)


@soaked
async def test_a_single_story_may_hold_anything(studio: Studio, every: int) -> None:
    await prepare(studio)
    sample = studio.friend("sample")
    story = studio.mention(sample)
    media = {"items": [story_json(story, studio.sandbox.world)], "num_results": 1, "status": "ok"}
    cases = list(sweep(media, every=every))
    for number, (_, answer) in enumerate(cases):
        friend = studio.friend(f"friend{number}")
        mentioned = studio.mention(friend)
        body = json.dumps(answer)
        for old, new in ((story.pk, mentioned.pk), (sample.pk, friend.pk)):
            body = body.replace(str(old), str(new))
        kind = Status(200, text=body, content_type="application/json")
        empty = Status(200, {"reel": None, "status": "ok"})
        reel = f"feed/user/{friend.pk}/story"
        studio.sandbox.faults.add(Fault(path=reel, kind=empty, times=None))
        studio.sandbox.faults.add(Fault(path=f"media/{mentioned.pk}/", kind=kind, times=None))
    await check(studio, len(cases), requests_each=5)


@soaked
async def test_a_message_may_hold_anything(studio: Studio, every: int) -> None:
    await prepare(studio)
    world, at = studio.sandbox.world, int(studio.clock.seconds() * 1_000_000)
    sample = studio.friend("sample")
    story = world.add_story(sample, studio.photo())
    url = f"https://www.instagram.com/stories/sample/{story.pk}?igsh=abc"
    form = {"item_id": "3256000000000000000000000000001", "user_id": sample.pk, "timestamp": at}
    form |= {"client_context": "1", "is_sent_by_viewer": False}
    share = {"target_url": url, "preview_url": None, "header_title_text": "sample"}
    media = story_json(story, world)
    forms: list[dict[str, Any]] = [
        form | {"item_type": "xma_reel_mention", "xma_reel_mention": [share]},
        form | {"item_type": "story_tag_v3", "card": {"to": [url]}},
        form
        | {
            "item_type": "reel_share",
            "reel_share": {
                "type": "mention",
                "mentioned_user_id": studio.person.pk,
                "reel_owner_id": sample.pk,
                "media": {"pk": story.pk, "id": story.media_id, "user": media["user"]},
            },
        },
    ]
    cases = [case for item in forms for case in sweep(item, every=every)]
    for number, (_, item) in enumerate(cases):
        friend = studio.friend(f"friend{number}")
        if isinstance(item.get("item_id"), str) and item["item_id"].startswith("3256"):
            item["item_id"] += str(number)
        world.add_thread(
            studio.person, friend, last_activity_at=studio.clock.seconds() - 60, items=[item]
        )
    await check(studio, len(cases), requests_each=5)


@soaked
async def test_a_page_may_hold_anything(studio: Studio, every: int) -> None:
    await prepare(studio)
    await studio.run_all()
    friend = studio.friend("sample")
    studio.mention(friend)
    session = studio.api
    pages = {
        "direct_v2/inbox": await session.inbox_page(),
        "direct_v2/pending_inbox": await session.pending_page(),
        "news/inbox": await session.activity(),
    }
    # The pages of people who were read are long; one chat of each is enough.
    pages["direct_v2/inbox"]["inbox"]["threads"] = pages["direct_v2/inbox"]["inbox"]["threads"][:1]
    asked = 0
    for path, page in pages.items():
        for name, answer in sweep(page, every=every * 7):
            fault = Fault(path=path, kind=answering(answer), times=None)
            handle = studio.sandbox.faults.add(fault)
            try:
                report = await studio.engine.scan(studio.account.id)
            except Exception as error:
                raise AssertionError(f"{path}: {name}") from error
            assert report.scan.requests <= 40, name
            handle.remove()
            asked += 1
    assert asked > 10
    await check(studio, asked, requests_each=5)


@soaked
async def test_profiles_and_own_posts_may_hold_anything(studio: Studio, every: int) -> None:
    await prepare(studio)
    now = studio.clock.now()
    await studio.configure(
        minimum_followers=1, auto_repost_enabled=True, auto_repost_since=now - timedelta(hours=1)
    )
    for name in GOOD:
        person = studio.sandbox.world.person(name)
        await studio.core.store.write(authors.save_followers, str(person.pk), 5, now)
    world = studio.sandbox.world
    sample = studio.friend("sample")
    profile = {"user": user_json(sample) | {"follower_count": 3}, "status": "ok"}
    cases = list(sweep(profile, every=every))
    for number, (_, answer) in enumerate(cases):
        friend = studio.friend(f"friend{number}")
        studio.mention(friend)
        path = f"users/{friend.pk}/info"
        studio.sandbox.faults.add(Fault(path=path, kind=answering(answer), times=None))
    post = world.add_post(studio.person, studio.photo())
    own = f"feed/user/{studio.person.pk}/"
    grid = {"items": [post_json(post, world)], "status": "ok"}
    for name, answer in sweep(grid, every=every):
        fault = Fault(path_end=own, kind=answering(answer), times=None)
        handle = studio.sandbox.faults.add(fault)
        with suppress(errors.Unreachable, errors.Refused):
            assert len((await studio.api.own_posts()).read) <= 3, name
        handle.remove()
    last = list(sweep(grid, every=every))[-1][1]
    studio.sandbox.faults.add(Fault(path_end=own, kind=answering(last), times=None))
    await check(studio, len(cases), requests_each=6)
