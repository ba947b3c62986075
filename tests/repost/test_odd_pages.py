"""One odd value in a page of messages: it hides nothing behind it, and nothing is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from ground.clock import Clock
from repost import parking
from repost.deciding import why_approval
from repost.detector import MAX_ODD, Reading
from repost.parking import park
from sandbox.wire.faults import Fault, Status
from storage import accounts, facts, repost_configs, users
from storage.repost_configs import RepostConfig
from storage.store import Store, open_store
from tests.support.clock import TestClock
from tests.support.studio import Studio

VIEWER, ANNA = "42", {"pk": 7, "username": "anna"}
# What Instagram may write where a time stands, none of which is one that can be.
ODD_TIMES: list[object] = [
    None,
    0,
    1,
    -1,
    2**30,
    "soon",
    [],
    {},
    True,
    2**31,
    2**32,
    2**53,
    2**63,
    10**30,
    1e300,
]
CLOCK = TestClock()
HOUR = timedelta(hours=1)


def at(ago: timedelta) -> int:
    return int((CLOCK.now() - ago).timestamp() * 1_000_000)


def chat(number: int, ago: timedelta, *items: Any, **changes: Any) -> dict[str, Any]:
    """A chat with Anna; without `items` there is a word in it."""
    thread = {"thread_id": str(number), "users": [ANNA], "last_activity_at": at(ago)}
    word = {"item_id": f"w{number}", "user_id": 7, "item_type": "text", "timestamp": at(ago)}
    return {**thread, "items": list(items) or [word], "has_older": False, **changes}


def mention(number: int, ago: timedelta, **changes: Any) -> dict[str, Any]:
    url = f"https://www.instagram.com/stories/anna/{number}?reel_owner_id=7"
    share = {"target_url": url, "header_title_text": "anna"}
    item = {
        "item_id": f"m{number}",
        "user_id": 7,
        "timestamp": at(ago),
        "xma_reel_mention": [share],
    }
    return {**item, "item_type": "xma_reel_mention", **changes}


def page(*threads: Any, **changes: Any) -> dict[str, Any]:
    box = {"threads": list(threads), "has_older": False, **changes}
    return {"inbox": box, "snapshot_at_ms": at(timedelta(0)) // 1000}


class Boxes:
    """An inbox of several pages, and a chat of several; the other boxes are empty."""

    def __init__(self, pages: Sequence[Any], chats: Sequence[Any] = ()) -> None:
        self.pages, self.chats = pages, chats

    async def inbox_page(self, cursor: str | None = None) -> Any:
        return self.pages[int(cursor or 0)]

    async def pending_page(self, cursor: str | None = None) -> Any:
        return page()

    async def thread_page(self, thread_id: str, cursor: str) -> Any:
        return {"thread": self.chats[int(cursor)]}

    async def activity(self) -> Any:
        return {}


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    async with open_store(tmp_path / "reprise.db") as opened:
        yield opened


async def look(store: Store, boxes: Boxes) -> Reading:
    """Look into boxes as an account that has done so an hour ago."""

    def prepare(db: Database) -> RepostConfig:
        owner = users.ensure_owner(db, CLOCK.now())
        account = accounts.by_username(db, "studio") or accounts.add(
            db, user_id=owner.id, username="studio", now=CLOCK.now()
        )
        seen = CLOCK.now() - timedelta(hours=5)
        config = repost_configs.find(db, account.id)
        return config or repost_configs.save(
            db, user_id=owner.id, account_id=account.id, now=CLOCK.now(), seen_until=seen
        )

    config = await store.write(prepare)
    looked = Reading(boxes, config, VIEWER, store, Clock(CLOCK.now))
    await looked.read_all()
    return looked


def stories(looked: Reading) -> list[str]:
    return [repost.story_pk for repost in looked.scan.found]


@pytest.mark.parametrize("odd", ODD_TIMES, ids=repr)
async def test_the_odd_time_of_one_chat_hides_no_page(store: Store, odd: object) -> None:
    newest = [chat(number, HOUR) for number in range(5)]
    newest[3]["last_activity_at"] = odd
    behind = page(chat(9, 2 * HOUR, mention(91, 2 * HOUR)), chat(10, 9 * HOUR), chat(11, 9 * HOUR))
    first = page(*newest, has_older=True, oldest_cursor="1")
    looked = await look(store, Boxes([first, behind]))
    assert stories(looked) == ["91"]
    assert looked.scan.requests == 4


@pytest.mark.parametrize("odd", ODD_TIMES, ids=repr)
async def test_the_odd_time_of_one_message_hides_no_older_ones(store: Store, odd: object) -> None:
    words = [
        {"item_id": f"w{n}", "user_id": 7, "item_type": "text", "timestamp": at(HOUR)}
        for n in range(5)
    ]
    words[2]["timestamp"] = odd
    busy = chat(1, HOUR, *words, has_older=True, oldest_cursor="0")
    older = chat(1, HOUR, mention(91, 2 * HOUR))
    looked = await look(store, Boxes([page(busy)], [older]))
    assert stories(looked) == ["91"]


@pytest.mark.parametrize("odd", ODD_TIMES, ids=repr)
async def test_a_mention_with_an_odd_time_is_found(store: Store, odd: object) -> None:
    looked = await look(store, Boxes([page(chat(1, HOUR, mention(91, HOUR, timestamp=odd)))]))
    assert stories(looked) == ["91"]


@pytest.mark.parametrize("odd", ODD_TIMES, ids=repr)
async def test_an_odd_clock_of_instagram_loses_nothing(store: Store, odd: object) -> None:
    answer = page(chat(1, HOUR, mention(91, HOUR))) | {"snapshot_at_ms": odd}
    assert stories(await look(store, Boxes([answer]))) == ["91"]


@pytest.mark.parametrize("days", [-400, -3, 3, 400])
async def test_a_time_of_a_page_that_its_own_answer_contradicts_is_none(
    studio: Studio, days: int
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"), ago=HOUR)
    answer = await studio.api.inbox_page()
    odd = studio.clock.now() + timedelta(days=days)
    answer["snapshot_at_ms"] = int(odd.timestamp() * 1000)
    silent = Status(200, {"status": "ok"})
    studio.sandbox.faults.add(Fault(path="direct_v2/inbox", kind=Status(200, answer), times=None))
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=silent, times=None))
    (found,) = await studio.scan()
    assert abs(studio.clock.now() - HOUR - found.mentioned_at) < timedelta(minutes=1)
    seen_until = (await studio.config()).seen_until
    assert seen_until is not None
    assert abs(studio.clock.now() - HOUR - seen_until) < timedelta(minutes=1)


async def test_a_chat_of_unreadable_messages_is_read_on(store: Store) -> None:
    odd = chat(1, HOUR, {"item_type": "text"}, [], has_older=True, oldest_cursor="0")
    older = chat(1, HOUR, mention(91, 2 * HOUR))
    assert stories(await look(store, Boxes([page(odd)], [older]))) == ["91"]


@pytest.mark.parametrize(
    "changes",
    [
        {"has_older": True},
        {"has_older": True, "oldest_cursor": {}},
        {"has_older": True, "oldest_cursor": "0", "items": [[]], "last_activity_at": None},
    ],
    ids=["no cursor", "an odd cursor", "no time"],
)
async def test_a_chat_that_cannot_be_read_on_is_a_gap(
    store: Store, changes: dict[str, Any]
) -> None:
    looked = await look(store, Boxes([page(chat(1, HOUR) | changes)], [chat(1, HOUR)]))
    assert looked.scan.gaps["a chat"] == 1
    assert looked.scan.seen_until is None
    assert looked.scan.requests == 3


async def test_a_chat_without_times_is_not_read_to_its_beginning(store: Store) -> None:
    timeless = chat(1, HOUR, [], has_older=True, oldest_cursor="0")
    looked = await look(store, Boxes([page(timeless)], [timeless, timeless]))
    assert looked.scan.requests == 4
    assert looked.scan.chat_backlog == []
    assert looked.scan.gaps["a chat"] == 1


def unknown_mention(number: int, **changes: Any) -> dict[str, Any]:
    return mention(number, HOUR, item_type="xma_story_mention_v2", **changes)


async def test_more_odd_messages_than_a_look_takes_are_taken_by_the_next(store: Store) -> None:
    odd = [unknown_mention(number) for number in range(MAX_ODD + 20)]
    boxes = Boxes([page(chat(1, HOUR, *odd))])
    first = await look(store, boxes)
    assert len(first.scan.odd) == MAX_ODD
    assert first.scan.gaps
    second = await look(store, boxes)
    assert len(second.scan.odd) == 20
    assert not second.scan.gaps


@pytest.mark.parametrize(
    "item",
    [
        {
            "item_type": "placeholder",
            "placeholder": {"link": "https://www.instagram.com/stories/a/9/"},
        },
        {"item_type": "expired_placeholder", "url": "https://instagram.com/stories/a/9"},
        {"item_type": "xma_story_mention_v2", "xma": [{"target_id": 9}]},
        {"item_type": "mention_card", "card": {"story": "9"}},
        {"item_type": "card_v9", "to": "https:\\/\\/www.instagram.com\\/stories\\/a\\/9\\/"},
        {
            "item_type": "card_v10",
            "to": "fb-ig://x?u=https%3A%2F%2Finstagram.com%2Fstories%2Fa%2F9",
        },
        {"item_type": "card_v11", "a": [{"m": {"pk": 9, "product_type": "story", "user": ANNA}}]},
        {"item_type": "card_v12", "reel": {"items": [{"id": "9_7", "expiring_at": 1}]}},
        {"item_type": None, "of": {"id": "9_7", "expiring_at": 1}},
    ],
    ids=lambda item: str(item["item_type"]),
)
async def test_a_mention_in_a_new_form_is_shown_to_a_person(
    store: Store, item: dict[str, Any]
) -> None:
    message = {"item_id": "m", "user_id": 7, "timestamp": at(HOUR), **item}
    looked = await look(store, Boxes([page(chat(1, HOUR, message))]))
    assert [repost.author_pk for repost in looked.scan.odd] == ["7"]


@pytest.mark.parametrize(
    "item",
    [
        {"item_type": "card_v11", "m": {"pk": 9, "product_type": "story", "user": {"pk": VIEWER}}},
        {"item_type": "card_v12", "m": {"id": f"9_{VIEWER}", "expiring_at": 1}},
        {"item_type": "card_v13", "m": {"pk": 9, "product_type": "feed", "user": ANNA}},
    ],
    ids=lambda item: item["item_type"],
)
async def test_what_is_about_an_own_story_or_no_story_is_nothing(
    store: Store, item: dict[str, Any]
) -> None:
    message = {"item_id": "m", "user_id": 7, "timestamp": at(HOUR), **item}
    looked = await look(store, Boxes([page(chat(1, HOUR, message))]))
    assert (looked.scan.found, looked.scan.odd) == ([], [])
    assert not looked.scan.gaps


BEN = {"pk": 8, "username": "ben"}


async def test_a_mention_in_a_group_that_does_not_say_who_sent_it_is_found(store: Store) -> None:
    silent = mention(91, HOUR, user_id=None)
    nobody = mention(92, HOUR, user_id=None, item_id=None, timestamp=None)
    nobody["xma_reel_mention"][0]["target_url"] = "https://www.instagram.com/stories/cleo/92"
    group = chat(1, HOUR, silent, nobody, users=[ANNA, BEN])
    looked = await look(store, Boxes([page(group)]))
    assert {repost.story_pk: repost.author_pk for repost in looked.scan.found} == {
        "91": "7",
        "92": "",
    }
    assert not looked.scan.gaps


@pytest.mark.parametrize(("ago", "gaps"), [(HOUR, 1), (timedelta(days=3), 0)], ids=str)
async def test_a_mention_that_says_neither_which_nor_whose_is_told_while_it_may_live(
    store: Store, ago: timedelta, gaps: int
) -> None:
    lost = mention(91, ago, user_id=None, xma_reel_mention=[{"target_url": "elsewhere"}])
    looked = await look(store, Boxes([page(chat(1, HOUR, lost, users=[ANNA, BEN]))]))
    assert looked.scan.gaps["a message that may mention the account"] == gaps
    assert (looked.scan.seen_until is None) is bool(gaps)


@pytest.mark.parametrize("name", ["anna", ""])
async def test_a_highlight_is_nobodys_name(store: Store, name: str) -> None:
    url = "https://www.instagram.com/stories/highlights/17?story_media_id=91_7"
    share = {"target_url": url, "header_title_text": name}
    known = mention(91, HOUR, xma_reel_mention=[share])
    share = {"target_url": "https://www.instagram.com/stories/highlights/18/"}
    unknown = mention(92, HOUR, xma_reel_mention=[share])
    looked = await look(store, Boxes([page(chat(1, HOUR, known, unknown, users=[BEN]))]))
    assert [(r.story_pk, r.author_username) for r in looked.scan.found] == [("91", name)]
    assert [r.is_unread for r in looked.scan.odd] == [True]


async def test_stories_of_the_activity_are_found_by_their_number_too(store: Store) -> None:
    class Active(Boxes):
        async def activity(self) -> Any:
            item = {"pk": 91, "user": ANNA, "reel_mentions": [{"user": {"pk": VIEWER}}]}
            return {"story_mentions": {"reels": {"7": {"id": 7, "items": [item]}}}}

    assert stories(await look(store, Active([page()]))) == ["91"]


async def test_what_came_with_data_waits_while_the_clock_is_ahead(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"), ago=HOUR)
    # This machine is three days ahead when the data comes, and still when it looks.
    instagram = studio.clock.seconds()
    studio.sandbox.world.now = lambda: instagram
    studio.clock.advance(timedelta(days=3))
    await studio.core.store.write(park, studio.clock.now())
    (found,) = await studio.scan()

    def waits_for(db: Database) -> str | None:
        config = repost_configs.get(db, studio.account.id)
        return why_approval(db, config, found)

    assert await studio.core.store.read(waits_for) == parking.REASON
    # Set right, the mentions that come from then on go out by themselves.
    studio.clock.advance(timedelta(days=-3))
    await studio.scan()
    came_in = await studio.core.store.read(facts.find, facts.DATA_CAME_IN)
    assert came_in is not None
    assert came_in.at <= studio.clock.now()
