"""A clock that is ahead, and Instagram has told no time yet: nothing is early, or missed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trio

from ground.clock import Clock
from instagram.hour import InstagramsClock
from publish import presence, scheduler
from sandbox import Sandbox
from storage import posts
from tests.support.clock import TestClock
from tests.support.graph import connect, serve_publicly
from tests.support.limits import DEADLOCK_S
from tests.support.posting import live, photo_id, schedule, story, until
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio

HOUR = timedelta(hours=1)
AHEAD = timedelta(days=2)


@pytest.fixture(autouse=True)
def _short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.02)


@asynccontextmanager
async def served_by(
    route: str, sandbox: Sandbox, clock: TestClock, directory: Path
) -> AsyncIterator[Served]:
    if route == "graph":
        async with serve_publicly(sandbox, clock, directory) as served:
            await connect(served)
            yield served
        return
    async with (
        open_studio(sandbox, clock, directory) as studio,
        serve_studio(studio) as served,
    ):
        yield served


async def said_of(served: Served, post_id: str) -> str:
    """Return why a post waits, once it does."""
    with trio.fail_after(DEADLOCK_S):
        while True:
            post = await served.studio.core.store.read(posts.get, post_id)
            if post.error_message is not None:
                return f"{post.status}: {post.error_message}"
            await trio.sleep(0.02)


@pytest.mark.parametrize(
    ("route", "started"), [("private", "again"), ("private", "anew"), ("graph", "anew")]
)
async def test_a_clock_that_is_ahead_sends_nothing_early_and_misses_nothing(
    sandbox: Sandbox,
    clock: TestClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    route: str,
    started: str,
) -> None:
    """The daemon is started again, or its machine was: then only its clock tells how long."""
    ours = TestClock()
    async with served_by(route, sandbox, ours, tmp_path) as served:
        made = await schedule(served, story(served, await photo_id(served)), 3 * HOUR)
    if started == "anew":
        monkeypatch.setattr(presence, "boot_id", lambda: "another boot of the machine")
    ours.set_on(AHEAD)
    async with served_by(route, sandbox, ours, tmp_path) as served:
        said = await said_of(served, made["postId"])
        assert said.startswith("QUEUED: This machine's clock says")
        assert live(served) == 0
        # It is asked about once, not again and again.
        asked = served.studio.sandbox.ledger.count(account=served.studio.account.username)
        await trio.sleep(0.2)
        ledger = served.studio.sandbox.ledger
        assert ledger.count(account=served.studio.account.username) == asked
        ours.set_on(-AHEAD)
        await trio.sleep(0.2)
        assert live(served) == 0
        for each in (ours, clock):
            each.advance(3 * HOUR + timedelta(seconds=1))
        await until(served, made["postId"], "PUBLISHED")
        assert live(served) == 1


async def test_a_clock_that_stays_ahead_sends_at_the_time_by_instagrams(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    """Nobody sets it right: nothing is kept for ever."""
    ours = TestClock()
    async with served_by("private", sandbox, ours, tmp_path) as served:
        made = await schedule(served, story(served, await photo_id(served)), 3 * HOUR)
        ours.set_on(AHEAD)
        await said_of(served, made["postId"])
        for each in (ours, clock):
            each.advance(2 * HOUR)
        await trio.sleep(0.2)
        assert live(served) == 0
        for each in (ours, clock):
            each.advance(HOUR + timedelta(seconds=2))
        await until(served, made["postId"], "PUBLISHED")


def test_what_is_no_time_of_instagrams_is_not_believed() -> None:
    passed = 100.0
    hour = InstagramsClock(Clock(passed=lambda: passed))
    assert hour.now() is None
    odd = ["", "soon", "0", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"]
    odd += [
        "Sat, 28 Nov 2026 25:61:61 GMT",
        "Sat, 28 Nov 2026 12:00:00 -0000",
        "\ud83d",
        "x" * 9999,
    ]
    odd += ["Sat, 28 Nov 99999999999999999999 12:00:00 GMT", "Sat, 29 Feb 2027 12:00:00 GMT"]
    for date in (None, *odd):
        hour.hear(date)
        assert hour.now() is None, date
    hour.hear("Sat, 28 Nov 2026 12:00:00 GMT")
    for date in (None, *odd):
        hour.hear(date)
    passed += 60
    assert hour.now() == datetime(2026, 11, 28, 12, 1, tzinfo=UTC)
