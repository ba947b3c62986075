"""The status line in words: what is going on, what comes next, and what holds reposts back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import trio

from daemon import activity
from daemon.activity import StatusLine, sentence
from daemon.notify import Notifier
from storage.tallies import Doing, HeldReposts
from tests.support.limits import DEADLOCK_S
from tests.support.studio import Studio

NOW = datetime(2026, 7, 19, 12, 0, tzinfo=UTC)
QUIET = {"publish": "running", "repost": "running"}


def doing(**what: object) -> Doing:
    nothing = {
        "accounts": 3, "publishing": 0, "next_post_at": None, "waiting_for_approval": 0,
        "held": None,
    }  # fmt: skip
    return Doing(**{**nothing, **what})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ({}, "3 accounts"),
        ({"accounts": 0}, "no account connected"),
        ({"next_post_at": NOW + timedelta(hours=2, minutes=5)}, "3 accounts, next post 14:05"),
        ({"next_post_at": NOW - timedelta(seconds=1)}, "3 accounts, next post now"),
        ({"next_post_at": NOW + timedelta(days=2)}, "3 accounts, next post Tue 12:00"),
        ({"next_post_at": NOW + timedelta(days=30)}, "3 accounts, next post 2026-08-18 12:00"),
        ({"publishing": 2, "accounts": 1}, "1 account, publishing 2 posts"),
        ({"waiting_for_approval": 1}, "3 accounts, 1 repost to be approved"),
        (
            {"held": HeldReposts(2, NOW + timedelta(hours=19), "Sleep window of the account")},
            "3 accounts, 2 reposts held until Mon 07:00 (sleep window of the account)",
        ),
    ],
)
def test_what_it_does_in_one_line(what: dict[str, object], line: str) -> None:
    assert sentence(doing(**what), QUIET, NOW, UTC) == line


def test_times_are_local_and_days_are_those_of_the_place() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")  # 21:00 there, so 15:30 UTC is tomorrow's 00:30
    at = NOW + timedelta(hours=3, minutes=30)
    assert sentence(doing(next_post_at=at), QUIET, NOW, tokyo).endswith("next post Mon 00:30")


def test_what_is_planned_for_the_end_of_all_time_has_one_too() -> None:
    at = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    line = sentence(doing(next_post_at=at), QUIET, NOW, ZoneInfo("Asia/Tokyo"))
    assert line.endswith("next post 9999-12-31 23:59")


def test_a_service_that_is_being_restarted_is_named() -> None:
    line = sentence(doing(), {"publish": "running", "repost": "backoff"}, NOW, UTC)
    assert line == "3 accounts, repost is being restarted"


class _Heard(Notifier):
    def __init__(self) -> None:
        super().__init__("/nowhere")
        self.said: list[str] = []

    def status(self, line: str) -> None:
        self.said.append(line)


@pytest.mark.logs_errors
async def test_a_line_that_cannot_be_made_ends_nothing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "AT_MOST_EVERY_S", 0.0)
    heard, asked = _Heard(), 0

    def services() -> dict[str, str]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise KeyError("a bug")
        return QUIET

    line = StatusLine(studio.core.store, heard, studio.core.clock)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.run, services)
        with trio.fail_after(DEADLOCK_S):
            while not heard.said:
                line.changed()
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert heard.said == ["1 account"]
