"""Looks that are bounded, broken off or misled: nothing is skipped, and nothing read twice over."""

from __future__ import annotations

import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from ground.clock import Clock
from repost import detector
from repost.detector import Reading
from sandbox.wire.faults import Fault, Status
from storage import accounts, repost_configs, repost_history, users
from storage.repost_configs import RepostConfig
from storage.reposts import RepostStatus
from storage.store import open_store
from tests.repost.test_detector import HOUR, fill_inbox
from tests.repost.test_mentions import inbox, legacy, mutilated, xma
from tests.support.clock import TestClock
from tests.support.studio import Studio


async def test_what_a_bounded_look_leaves_is_read_by_the_next_one(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "MAX_PAGES", 2)
    await studio.configure()
    fill_inbox(studio, 90, ago=HOUR)
    studio.mention(studio.friend("early"), ago=timedelta(hours=20))
    found = []
    for _ in range(3):
        report = await studio.engine.scan(studio.account.id)
        assert report.scan.requests <= 2 + 2 + 2
        found += [repost.author_username for repost in report.scan.found]
    assert found == ["early"]
    assert (await studio.config()).backlog_cursor is None
    assert (await studio.engine.scan(studio.account.id)).scan.requests == 3


async def test_a_cursor_that_instagram_has_forgotten_stops_nothing(studio: Studio) -> None:
    await studio.configure(
        backlog_cursor="gone", backlog_until=studio.clock.now() - timedelta(hours=30)
    )
    studio.mention(studio.friend("anna"))
    refusal = Status(400, {"message": "invalid cursor", "status": "fail"})
    studio.sandbox.faults.add(Fault(path="direct_v2/inbox", skip=1, kind=refusal))
    assert len(await studio.scan()) == 1
    assert (await studio.config()).backlog_cursor is None


@pytest.mark.parametrize(
    "answer", [Status(400, {"message": "invalid cursor"}), Status(404, text="<html>no</html>")]
)
async def test_what_lies_behind_a_forgotten_cursor_is_read_all_the_same(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, answer: Status
) -> None:
    monkeypatch.setattr(detector, "MAX_PAGES", 2)
    await studio.configure()
    # The activity tells of mentions too, but of the newest ones only.
    told = Fault(path="news/inbox", kind=Status(200, {"status": "ok"}), times=None)
    studio.sandbox.faults.add(told)
    fill_inbox(studio, 50, ago=HOUR)
    studio.mention(studio.friend("early"), ago=timedelta(hours=20))
    assert await studio.scan() == []
    assert (await studio.config()).backlog_cursor is not None
    studio.sandbox.faults.add(Fault(path="direct_v2/inbox", skip=1, kind=answer))
    assert await studio.scan() == []
    assert "tried again" in ((await studio.config()).last_poll_error or "")
    found = [*await studio.scan(), *await studio.scan()]
    assert [repost.author_username for repost in found] == ["early"]
    assert (await studio.engine.scan(studio.account.id)).scan.requests == 3


async def test_a_page_that_does_not_come_is_left_unread(studio: Studio) -> None:
    await studio.configure()
    await studio.scan()
    studio.clock.advance(HOUR)
    fill_inbox(studio, 30, ago=timedelta(minutes=5))
    studio.mention(studio.friend("behind"), ago=timedelta(minutes=50))
    before = await studio.config()
    studio.sandbox.faults.add(Fault(path="direct_v2/inbox", skip=1, kind=Status(500)))
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(200, {"status": "ok"})))
    assert await studio.scan() == []
    after = await studio.config()
    assert after.seen_until == before.seen_until
    assert "older messages" in (after.last_poll_error or "")
    assert after.last_poll_requests == 4
    assert after.total_poll_requests == before.total_poll_requests + 4
    assert [repost.author_username for repost in await studio.scan()] == ["behind"]


async def test_what_a_look_found_before_it_broke_off_is_saved_at_once(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(500)))
    studio.engine.wake(studio.account.id)
    for account_id in studio.engine.claim_due():
        await studio.engine.turn(account_id)
    assert (await studio.only()).media_path is not None


async def test_each_story_of_a_series_counts(studio: Studio) -> None:
    await studio.configure()
    friend = studio.friend("anna")
    for minute in range(4):
        studio.mention(friend, ago=timedelta(minutes=minute))
    await studio.run_all()
    assert len(studio.sandbox.world.published(studio.person)) == 4


async def test_the_newest_name_of_an_author_is_on_label_and_sticker(studio: Studio) -> None:
    await studio.configure(approval_required=True)
    friend = studio.friend("old.name")
    studio.mention(friend, ago=HOUR)
    await studio.scan()
    await studio.advance()
    friend.username = "new.name"
    studio.mention(friend)
    await studio.scan()
    names = {repost.author_username for repost in await studio.history()}
    assert names == {"new.name"}
    assert {repost.author_pk for repost in await studio.history()} == {str(friend.pk)}


async def test_a_clock_that_is_wrong_makes_no_story_older(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    # This machine thinks that it is three days later; Instagram knows better.
    instagram = studio.clock.seconds()
    studio.sandbox.world.now = lambda: instagram
    studio.clock.advance(timedelta(days=3))
    (found,) = await studio.scan()
    assert found.status is RepostStatus.DETECTED
    assert found.expires_at > studio.clock.now()
    assert "clock" in caplog.text


class Answers:
    """Inboxes that answer with any JSON at all."""

    def __init__(self, *answers: Any) -> None:
        self.inbox, self.pending, self.news, self.thread = answers

    async def inbox_page(self, cursor: str | None = None) -> Any:
        return self.inbox if cursor is None else {}

    async def pending_page(self, cursor: str | None = None) -> Any:
        return self.pending if cursor is None else {}

    async def thread_page(self, thread_id: str, cursor: str) -> Any:
        return self.thread

    async def activity(self) -> Any:
        return self.news


def page(**changes: Any) -> dict[str, Any]:
    """A page of the inbox whose stories are of now, with everything that a thread has."""
    at = int(TestClock().seconds() * 1_000_000)
    answer = copy.deepcopy(inbox(xma(timestamp=at), legacy() | {"timestamp": at}, **changes))
    thread = answer["inbox"]["threads"][0]
    thread |= {"users": [{"pk": 7, "username": "anna"}], "is_pin": False, "last_activity_at": at}
    thread |= {"has_older": True, "oldest_cursor": "t"}
    return answer | {"snapshot_at_ms": at // 1000}


def news() -> dict[str, Any]:
    story = {"pk": 12, "taken_at": 1, "reel_mentions": [{"user": {"pk": 42}}]}
    reel = {"id": 7, "user": {"pk": 7, "username": "anna"}, "items": [story]}
    return {"story_mentions": {"reels": [reel]}}


@settings(max_examples=60)
@given(
    st.tuples(
        mutilated(page), mutilated(page), mutilated(news), mutilated(lambda: {"thread": page()})
    )
)
def test_no_answer_makes_a_look_raise_or_invent_a_mention(
    tmp_path_factory: pytest.TempPathFactory, answers: tuple[Any, ...]
) -> None:
    folder = tmp_path_factory.mktemp("look")
    found = trio.run(_look, folder, answers)
    for repost in found:
        assert repost.author_pk.isdigit()
        assert repost.author_pk != "42"
        known = repost.story_pk.removeprefix("expired:")
        assert known in str(answers)


async def _look(folder: Path, answers: tuple[Any, ...]) -> Any:
    clock = TestClock()
    async with open_store(folder / "reprise.db") as store:

        def prepare(db: Database) -> RepostConfig:
            owner = users.ensure_owner(db, clock.now())
            account = accounts.add(db, user_id=owner.id, username="studio", now=clock.now())
            return repost_configs.save(db, user_id=owner.id, account_id=account.id, now=clock.now())

        config = await store.write(prepare)
        look = Reading(Answers(*answers), config, "42", store, Clock(clock.now))
        await look.read_all()
        assert look.scan.requests <= 70
        return await store.read(repost_history.page, config.user_id)
