"""Simulated months: a life full of trouble, after which the ledger must show that no rail broke.

The judge is judged too: into the evidence of a life that was good, one fault is planted at a time,
and its check must find it.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from sandbox import open_sandbox
from sandbox.world.ledger import Entry
from tests.support.clock import SteppedClock
from tests.support.months import DAY, START, ZONE, Life
from tests.support.months_check import MINUTE, Evidence, Seen

pytestmark = [pytest.mark.acceptance, pytest.mark.logs_errors]
INBOX = "/api/v1/direct_v2/inbox/"


async def lived(directory: Path, keys: Path, days: int, seed: int, often: float) -> Evidence:
    clock = SteppedClock(START)
    shutil.copytree(keys, directory / "sandbox")
    async with open_sandbox(directory / "sandbox", clock=clock.seconds) as sandbox:
        sandbox.ledger.clock = clock.tick
        life = Life(
            sandbox=sandbox, clock=clock, directory=directory, seed=seed, days=days, often=often
        )
        await life.live()
        return Evidence(life)


@pytest.fixture(scope="module")
def good(sandbox_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """The evidence of six days."""
    return trio.run(lived, tmp_path_factory.mktemp("months"), sandbox_keys, 6, 7, 3.0)


def test_six_days_of_trouble_break_no_rail_and_lose_no_mention(good: Evidence) -> None:
    good.check()
    assert good.published


@pytest.mark.soak
@pytest.mark.parametrize(("seed", "often"), [(1, 1.0), (2, 2.0)])
async def test_months_of_trouble_break_no_rail_and_lose_no_mention(
    seed: int, often: float, sandbox_keys: Path, tmp_path: Path
) -> None:
    (await lived(tmp_path, sandbox_keys, 90, seed, often)).check()


# The judge


def of_its_own(good: Evidence) -> Evidence:
    """A copy whose lists may be written to."""
    planted, life = copy.copy(good), copy.copy(good.life)
    for holder in (planted, life):
        for name, value in vars(holder).items():
            if isinstance(value, list):
                setattr(holder, name, list(value))
    ledger: Any = copy.copy(good.life.sandbox.ledger)
    ledger.requests, ledger.unknown = list(ledger.requests), list(ledger.unknown)
    life.sandbox = SimpleNamespace(ledger=ledger)  # type: ignore[assignment]
    planted.life = life
    return planted


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment by the account's own clock, in years when nobody was looking."""
    return datetime(2027, 7, 1, hour, minute, tzinfo=ZONE) + day * DAY


def request(e: Evidence, moment: datetime, path: str = INBOX, **changed: Any) -> Seen:
    entry: Entry = replace(e.seen[0].entry, path=path, **{"fault": None, "status": 200, **changed})
    return Seen(moment, entry, asked=False)


def a_look_at_night(e: Evidence) -> None:
    e.seen.append(request(e, at(0, 3)))


def a_post_at_night_that_was_asked_for(e: Evidence) -> None:
    e.seen.append(replace(request(e, at(0, 3), "/rupload_igphoto/1"), asked=True))


def eleven_in_a_day(e: Evidence) -> None:
    e.published += [at(0, 12, minute) for minute in range(11)]


def two_in_a_young_login(e: Evidence) -> None:
    e.life.logins_by_hand.append(at(0, 8))
    e.published += [at(3, 12), at(3, 13)]


def a_write_a_day_after_the_login(e: Evidence) -> None:
    e.life.logins_by_hand.append(at(0, 8))
    e.seen.append(request(e, at(1, 8), "/api/v1/media/configure_to_story/"))


def a_look_two_hours_after_the_login(e: Evidence) -> None:
    e.life.logins_by_hand.append(at(0, 8))
    e.seen.append(request(e, at(0, 10)))


def two_within_five_minutes(e: Evidence) -> None:
    e.published += [at(0, 12), at(0, 12, 5)]


def always_as_early_as_may_be(e: Evidence) -> None:
    e.published[:] = [at(0, 0) + n * 20.1 * MINUTE for n in range(60)]


def by_four_gaps_only(e: Evidence) -> None:
    gaps = [22, 26, 30, 34] * 15
    e.published[:] = [at(0, 0) + sum(gaps[:n]) * MINUTE for n in range(60)]


def always_at_five_past_seven(e: Evidence) -> None:
    e.seen += [request(e, at(day, 7, 5)) for day in range(90)]


def requests_under_a_challenge(e: Evidence) -> None:
    e.troubles.append(("CHALLENGE", at(0, 8), at(1, 8), at(1, 8)))
    e.life.days = 1000
    e.seen.append(request(e, at(0, 12)))


def tries_every_two_hours_while_it_waits(e: Evidence) -> None:
    e.life.challenged.append((at(0, 8), at(0, 20)))
    e.seen += [request(e, at(0, hour), status=400) for hour in (9, 11)]


def a_look_after_a_429(e: Evidence) -> None:
    e.troubles.append(("RATE", at(0, 8), at(0, 9), None))
    e.seen.append(request(e, at(0, 8, 30)))


def a_loop_of_every_five_seconds(e: Evidence) -> None:
    e.seen += [request(e, at(0, 8) + n * MINUTE / 12) for n in range(100)]


def a_request_every_minute_all_day(e: Evidence) -> None:
    e.seen += [request(e, at(0, 8) + n * MINUTE) for n in range(600)]


def a_request_every_few_minutes_day_and_night(e: Evidence) -> None:
    e.seen += [request(e, at(0, 0) + 4 * n * MINUTE) for n in range(400)]


def another_device(e: Evidence) -> None:
    ledger = e.life.sandbox.ledger
    ledger.requests.append(replace(ledger.requests[-1], account="studio", device="android-0"))


def a_request_that_no_app_sends(e: Evidence) -> None:
    e.life.sandbox.ledger.unknown.append(e.seen[0].entry)


def two_logins_in_a_day(e: Evidence) -> None:
    e.seen += [request(e, at(0, hour), "/send_login_request/") for hour in (8, 20)]


def one_that_is_only_said_to_be_out(e: Evidence) -> None:
    e.published.pop()


def one_that_is_out_twice(e: Evidence) -> None:
    e.published.append(at(0, 12))


def one_story_twice_in_the_history(e: Evidence) -> None:
    e.reposts.append((*e.reposts[0][:2], "SKIPPED", "a reason", *e.reposts[0][4:]))


def _changed(e: Evidence, status: str, reason: str | None, media: str | None) -> None:
    number = next(n for n, row in enumerate(e.reposts) if row[2] != "PUBLISHED")
    pk, item, _, _, _, *rest = e.reposts[number]
    e.reposts[number] = (pk, item, status, reason, media, *rest)


def one_that_failed_without_a_reason(e: Evidence) -> None:
    _changed(e, "FAILED", None, "a.jpg")


def one_that_is_stuck(e: Evidence) -> None:
    _changed(e, "DOWNLOADED", None, "a.jpg")


def one_that_is_out_without_its_media(e: Evidence) -> None:
    _changed(e, "PUBLISHED", None, None)
    e.published.append(at(0, 12))


def _quiet(e: Evidence) -> datetime:
    """Let nothing keep the account from looking, long before the end; returns such a moment."""
    e.life.days = 1000
    return at(100, 12)


def a_mention_that_nobody_saw(e: Evidence) -> None:
    story = copy.copy(e.life.mentions[0][1])
    story.pk = 1
    e.life.mentions.append((_quiet(e), story))


def a_mention_whose_media_nobody_saved(e: Evidence) -> None:
    story = next(story for _, story in e.life.mentions if not story.owner.private)
    e.reposts[:] = [
        (*row[:4], None, *row[5:]) if row[0] == str(story.pk) else row for row in e.reposts
    ]
    e.life.mentions.append((_quiet(e), story))


Plant = Callable[[Evidence], None]
PLANTS: dict[str, tuple[Plant, ...]] = {
    "nothing_in_the_night": (a_look_at_night, a_post_at_night_that_was_asked_for),
    "no_day_beyond_its_cap": (eleven_in_a_day, two_in_a_young_login),
    "phases_forbid_what_they_forbid": (
        a_write_a_day_after_the_login,
        a_look_two_hours_after_the_login,
    ),
    "reposts_keep_their_distance": (
        two_within_five_minutes,
        always_as_early_as_may_be,
        by_four_gaps_only,
    ),
    "looks_come_at_no_fixed_time": (always_at_five_past_seven,),
    "silence_under_a_challenge": (
        requests_under_a_challenge,
        tries_every_two_hours_while_it_waits,
    ),
    "silence_after_a_429": (a_look_after_a_429,),
    "nothing_in_a_hurry": (
        a_loop_of_every_five_seconds,
        a_request_every_minute_all_day,
        a_request_every_few_minutes_day_and_night,
    ),
    "one_device": (another_device, a_request_that_no_app_sends),
    "one_automatic_login_a_day": (two_logins_in_a_day,),
    "every_mention_ends_right": (
        one_that_is_only_said_to_be_out,
        one_that_is_out_twice,
        one_story_twice_in_the_history,
        one_that_failed_without_a_reason,
        one_that_is_stuck,
        one_that_is_out_without_its_media,
    ),
    "no_mention_is_lost": (a_mention_that_nobody_saw, a_mention_whose_media_nobody_saved),
}


def test_a_fault_is_planted_for_each_check(good: Evidence) -> None:
    assert [claim.__name__ for claim in good.claims] == list(PLANTS)


@pytest.mark.parametrize(
    ("claim", "plant"),
    [(claim, plant) for claim, plants in PLANTS.items() for plant in plants],
    ids=lambda given: given if isinstance(given, str) else given.__name__,
)
def test_each_check_finds_its_fault(good: Evidence, claim: str, plant: Plant) -> None:
    planted = of_its_own(good)
    getattr(planted, claim)()
    plant(planted)
    with pytest.raises(AssertionError):
        getattr(planted, claim)()
