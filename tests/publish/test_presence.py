"""Only an absence misses a post: not a clock that is set, nor a wait while the daemon was there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import trio

from ground.clock import Clock
from publish import scheduler
from publish.presence import Presence
from sandbox import Sandbox
from storage.store import open_store
from tests.support.clock import TestClock
from tests.support.posting import live, photo_id, schedule, story, until
from tests.support.served import serve_studio
from tests.support.studio import open_studio

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def as_told(clock: TestClock) -> Clock:
    return Clock(clock.now, passed=clock.passed)


async def test_what_a_clock_steps_over_goes_out(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set forward under a running daemon, and again between two of them."""
    monkeypatch.setattr(scheduler, "SLICE_S", 0.02)
    async with open_studio(sandbox, clock, tmp_path) as studio, serve_studio(studio) as served:
        media = await photo_id(served)
        running = await schedule(served, story(served, media), HOUR)
        clock.set_on(6 * HOUR)
        await until(served, running["postId"], "PUBLISHED")
        between = await schedule(served, story(served, media), HOUR)
    clock.set_on(6 * HOUR)
    async with open_studio(sandbox, clock, tmp_path) as studio, serve_studio(studio) as served:
        await until(served, between["postId"], "PUBLISHED")


async def test_one_that_had_nothing_to_do_was_there(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for hours, looking at the clock only; then that is set."""
    monkeypatch.setattr(scheduler, "SLICE_S", 0.02)
    async with (
        open_studio(sandbox, clock, tmp_path, schedule_grace_minutes=15) as studio,
        serve_studio(studio) as served,
    ):
        made = await schedule(served, story(served, await photo_id(served)), 9 * HOUR)
        for _ in range(30):
            clock.advance(MINUTE)
            await trio.sleep(0.03)
        clock.set_on(12 * HOUR)
        await until(served, made["postId"], "PUBLISHED")


async def test_what_was_missed_in_one_sleep_fails_together(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.02)
    async with open_studio(sandbox, clock, tmp_path) as studio, serve_studio(studio) as served:
        media = await photo_id(served)
        made = [await schedule(served, story(served, media), n * HOUR) for n in (1, 2)]
        late = await schedule(served, story(served, media), 5 * HOUR - 30 * MINUTE)
        clock.advance(5 * HOUR)  # the process lives on, as in a machine that is asleep
        for one in made:
            failed = await until(served, one["postId"], "FAILED")
            assert failed["errorCode"] == "SCHEDULE_MISSED"
        await until(served, late["postId"], "PUBLISHED")
        assert live(served) == 1


@pytest.mark.parametrize("same_boot", [True, False])
async def test_between_two_boots_the_wall_clock_counts(
    clock: TestClock, tmp_path: Path, *, same_boot: bool
) -> None:
    async with open_store(tmp_path / "reprise.db") as store:
        due = clock.now() + HOUR
        await Presence(store, as_told(clock), boot="one").begin()
        clock.set_on(6 * HOUR)
        after = Presence(store, as_told(clock), boot="one" if same_boot else "two")
        await after.begin()
        missed = after.missed_for(due)
        assert missed < MINUTE if same_boot else missed > 4 * HOUR


async def test_a_wait_while_the_daemon_was_there_is_no_absence(
    clock: TestClock, tmp_path: Path
) -> None:
    """As under a full disk: it looks at the clock, and begins nothing."""
    async with open_store(tmp_path / "reprise.db") as store:
        presence = Presence(store, as_told(clock))
        await presence.begin()
        due = clock.now()
        for _ in range(300):
            clock.advance(MINUTE)
            await presence.is_alive()
        assert presence.missed_for(due) == timedelta()
        clock.advance(2 * HOUR)  # and one that lost its power then, and tells so by what it stored
        after = Presence(store, as_told(clock))
        await after.begin()
        assert 2 * HOUR <= after.missed_for(due) < 2 * HOUR + 6 * MINUTE


async def test_data_of_an_earlier_version_goes_by_the_wall_clock(
    clock: TestClock, tmp_path: Path
) -> None:
    async with open_store(tmp_path / "reprise.db") as store:
        due = clock.now()
        clock.set_on(3 * HOUR)
        presence = Presence(store, as_told(clock))
        await presence.begin()
        assert 3 * HOUR <= presence.missed_for(due) < 3 * HOUR + MINUTE
