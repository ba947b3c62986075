"""The safety rails: what they forbid, until when, and what no input may make them do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from repost import guard, hours
from storage.repost_configs import PollStatus, RepostConfig

NOON = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
PLACES = (
    "Europe/Berlin",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
)
LONG_AGO = NOON - timedelta(days=100)


def config(**changes: Any) -> RepostConfig:
    fresh = RepostConfig(id="c", user_id="u", account_id="a", created_at=NOON, updated_at=NOON)
    return replace(fresh, **{"is_enabled": True, **changes})


def test_phases_over_the_first_48_hours() -> None:
    def phase(age: timedelta) -> int:
        return guard.session_phase(NOON - age, NOON, 1.0)

    assert guard.session_phase(None, NOON, 1.0) == 0
    assert [phase(timedelta(hours=h)) for h in (0, 11, 12, 47, 48)] == [1, 1, 2, 2, 3]
    assert guard.session_phase(NOON, NOON, 0) == 3


def test_a_new_login_publishes_nothing_for_48_hours() -> None:
    held = guard.may_repost(config(), NOON - timedelta(hours=5), [], NOON, 1.0)
    assert held is not None
    assert held.rail == "phase"
    assert held.until == NOON + timedelta(hours=43)


def test_the_burn_in_grows_to_the_setting() -> None:
    def cap(days: int) -> int:
        return guard.daily_cap(config(), NOON - timedelta(days=days), NOON, 1.0)

    assert [cap(days) for days in (0, 6, 7, 13, 14, 20, 21, 29, 30)] == [1, 1, 3, 3, 5, 5, 8, 8, 10]
    assert guard.daily_cap(config(daily_repost_limit=2), NOON - timedelta(days=25), NOON, 1) == 2
    assert not guard.warm_up_complete(NOON - timedelta(days=29), NOON, 1.0)
    assert guard.warm_up_complete(NOON - timedelta(days=30), NOON, 1.0)


def test_the_stair_says_what_the_cap_is_at_every_hour() -> None:
    for limit in (2, 10):
        chosen, started = config(daily_repost_limit=limit), NOON
        stair = guard.stair(chosen, started)
        for hours_on in range(0, 32 * 24, 5):
            now = started + timedelta(hours=hours_on)
            said = [cap for since, cap in stair if since <= now][-1]
            is_new = guard.session_phase(started, now, 1.0) < 3
            assert said == (0 if is_new else guard.daily_cap(chosen, started, now, 1.0)), hours_on


def test_the_cap_holds_until_local_midnight() -> None:
    berlin = config(timezone="Europe/Berlin", daily_repost_limit=1, jitter_minutes=0)
    sent = [NOON - timedelta(hours=2)]
    held = guard.may_repost(berlin, LONG_AGO, sent, NOON, 1.0)
    assert held is not None
    assert held.rail == "cap"
    assert held.until == datetime(2026, 6, 10, 22, 0, tzinfo=UTC)  # midnight in Berlin
    yesterday = [NOON - timedelta(hours=15)]  # 23 h local time on the day before
    assert guard.may_repost(berlin, LONG_AGO, yesterday, NOON, 1.0) is None


@pytest.mark.parametrize("before", PLACES)
@pytest.mark.parametrize("after", PLACES)
def test_a_changed_timezone_neither_doubles_nor_loses_a_day(before: str, after: str) -> None:
    chosen = config(timezone=before, daily_repost_limit=3, jitter_minutes=0, sleep_window_end=23)
    began, sent = hours.local_midnight(chosen, NOON), list[datetime]()
    for passed in range(4 * 24):
        now = began + timedelta(hours=passed)
        if passed == 8:
            since = hours.day_began(chosen, now)
            chosen = replace(chosen, timezone=after, counted_since=since)
        held = guard.may_repost(chosen, LONG_AGO, sent, now, 1.0)
        if held is None:
            sent.insert(0, now)
        elif held.rail == "cap":
            assert held.until is not None
            assert now < held.until <= now + timedelta(hours=25)
    assert sum(at < began + timedelta(days=1) for at in sent) == 3
    assert len(sent) >= 9  # of two days the change makes one at most
    of_zone = Counter(at.astimezone(ZoneInfo(after)).date() for at in sent)
    assert max(of_zone.values()) == 3


def test_reposts_keep_their_distance() -> None:
    sent = [NOON - timedelta(minutes=19)]
    held = guard.may_repost(config(), LONG_AGO, sent, NOON, 1.0)
    assert held is not None
    assert held.rail == "spacing"
    assert held.until is not None
    assert timedelta(minutes=20) <= held.until - sent[0] <= timedelta(minutes=35)
    assert guard.may_repost(config(), LONG_AGO, sent, NOON, 0) is None


@pytest.mark.parametrize(
    ("hour", "asleep"), [(22, False), (23, True), (0, True), (6, True), (7, False), (12, False)]
)
def test_a_sleep_window_across_midnight(hour: int, asleep: bool) -> None:
    now = NOON.replace(hour=hour, minute=30)
    until = hours.sleeping_until(config(), now)
    assert (until is not None) == asleep
    if until is not None:
        assert until.hour == 7
        assert timedelta() < until - now < timedelta(hours=9)


def test_equal_hours_mean_no_sleep_window() -> None:
    awake = config(sleep_window_start=5, sleep_window_end=5)
    assert hours.sleeping_until(awake, NOON.replace(hour=5)) is None


def test_the_sleep_window_ends_by_the_wall_clock_when_the_clocks_change() -> None:
    berlin = config(timezone="Europe/Berlin", jitter_minutes=0)
    before = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)  # midnight; clocks go forward at 2
    assert hours.sleeping_until(berlin, before) == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)
    autumn = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)  # midnight; clocks go back at 3
    assert hours.sleeping_until(berlin, autumn) == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)


def test_polls_keep_their_interval_within_the_jitter() -> None:
    polled = config(last_poll_at=NOON - timedelta(hours=1), last_poll_status=PollStatus.SUCCESS)
    due = guard.next_poll_at(polled, NOON, 1.0)
    apart = due - (NOON - timedelta(hours=1))
    assert abs(apart - timedelta(hours=12)) <= timedelta(minutes=15) or due.hour == 7
    held = guard.may_poll(polled, LONG_AGO, NOON, 1.0)
    assert held is not None
    assert held.until == due
    assert guard.may_poll(config(), LONG_AGO, NOON, 1.0) is None


def test_a_failed_poll_is_repeated_sooner_but_slower_each_time() -> None:
    def wait(failures: int) -> timedelta:
        failed = config(
            last_poll_at=NOON,
            last_poll_status=PollStatus.FAILED,
            consecutive_failures=failures,
            sleep_window_start=0,
            sleep_window_end=0,
        )
        return guard.next_poll_at(failed, NOON, 1.0) - NOON

    assert [wait(n) / timedelta(minutes=15) for n in (1, 2, 3, 7)] == [1, 2, 4, 48]


def test_messages_are_not_read_by_themselves_in_the_first_12_hours() -> None:
    held = guard.may_poll(config(), NOON - timedelta(hours=1), NOON, 1.0)
    assert held is not None
    assert (held.rail, held.until) == ("phase", NOON + timedelta(hours=11))


def test_the_cap_counts_by_the_calendar_where_midnight_comes_twice() -> None:
    # In Havana the clocks go back from 1 to 0: the same day has two midnights.
    havana = config(timezone="America/Havana", daily_repost_limit=1, sleep_window_end=23)
    first = datetime(2026, 11, 1, 4, 30, tzinfo=UTC)  # 0:30, before
    second = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 0:30 again
    held = guard.may_repost(havana, LONG_AGO, [first], second, 1.0)
    assert held is not None
    assert held.rail == "cap"


def test_a_look_that_the_night_would_delay_too_long_comes_before_it() -> None:
    after_breakfast = NOON.replace(hour=7, minute=30)
    polled = config(
        last_poll_at=after_breakfast, last_poll_status=PollStatus.SUCCESS, poll_interval_hours=18
    )
    due = guard.next_poll_at(polled, NOON, 1.0)  # at 1:30 by its interval, at 7 by the night
    assert NOON.replace(hour=22, minute=34) <= due < NOON.replace(hour=22, minute=50)
    shorter = replace(polled, poll_interval_hours=12)
    assert guard.next_poll_at(shorter, NOON, 1.0).hour in (19, 20)


def test_an_interval_above_20_hours_is_warned_of() -> None:
    assert guard.warnings_of(config(poll_interval_hours=20)) == []
    (warning,) = guard.warnings_of(config(poll_interval_hours=21))
    assert "expire before they are seen" in warning


def test_a_backlog_is_read_on_soon() -> None:
    bounded = config(last_poll_at=NOON, last_poll_status=PollStatus.SUCCESS, backlog_cursor="older")
    assert guard.next_poll_at(bounded, NOON, 1.0) == NOON + timedelta(minutes=15)


def test_what_a_scan_by_hand_found_at_night_is_downloaded_at_night() -> None:
    night = NOON.replace(hour=2)
    assert guard.may_fetch(config(), night - timedelta(minutes=1), night) is None
    held = guard.may_fetch(config(), night - timedelta(hours=6), night)
    assert held is not None
    assert held.until is not None
    assert (held.rail, held.until.hour) == ("sleep", 7)
    assert guard.may_fetch(config(), NOON - timedelta(hours=9), NOON) is None


def test_times_from_a_clock_that_was_wrong_hold_nothing_for_long() -> None:
    next_year = NOON + timedelta(days=365)
    assert guard.may_repost(config(), LONG_AGO, [next_year], NOON, 1.0) is None
    for ahead in (timedelta(minutes=6), timedelta(hours=20), timedelta(days=365)):
        polled = config(last_poll_at=NOON + ahead, last_poll_status=PollStatus.SUCCESS)
        assert guard.next_poll_at(polled, NOON, 1.0) == NOON, ahead


ZONES = st.sampled_from(sorted(available_timezones()))
MOMENTS = st.datetimes(
    datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC), allow_imaginary=False
)
CONFIGS = st.builds(
    config,
    sleep_window_start=st.integers(0, 23),
    sleep_window_end=st.integers(0, 23),
    timezone=ZONES,
    daily_repost_limit=st.integers(1, 48),
    jitter_minutes=st.integers(0, 120),
    poll_interval_hours=st.integers(6, 48),
    last_poll_status=st.sampled_from([None, *PollStatus]),
    consecutive_failures=st.integers(0, 20),
)
AGES = st.timedeltas(timedelta(), timedelta(days=60))
# Reposts that went out, and a few that a wrong clock has put into the future.
PASTS = st.lists(st.timedeltas(timedelta(days=-400), timedelta(days=60)), max_size=60)
PACES = st.sampled_from([0.0, 0.5, 1.0])


@given(CONFIGS, MOMENTS, AGES, PASTS, PACES)
def test_no_rail_is_ever_passed(
    chosen: RepostConfig, now: datetime, age: timedelta, ages: list[timedelta], pace: float
) -> None:
    sent = [now - past for past in ages]
    held = guard.may_repost(chosen, now - age, sent, now, pace)
    if held is not None:
        assert held.reason
        assert held.until is not None
        assert held.until > now
        return
    today = [
        moment
        for moment in sent
        if hours.local_midnight(chosen, now) <= moment <= now + timedelta(days=1)
    ]
    assert len(today) < guard.daily_cap(chosen, now - age, now, pace)
    assert guard.daily_cap(chosen, now - age, now, pace) <= chosen.daily_repost_limit
    assert hours.sleeping_until(chosen, now) is None
    assert guard.session_phase(now - age, now, pace) == 3
    recent = [moment for moment in sent if moment <= now + timedelta(days=1)]
    assert not (recent and pace) or now - max(recent) >= pace * timedelta(minutes=20)


@settings(max_examples=40)
@given(CONFIGS, MOMENTS, st.timedeltas(timedelta(), timedelta(days=31)))
def test_whoever_always_goes_on_at_until_stays_below_every_cap(
    chosen: RepostConfig, now: datetime, age: timedelta
) -> None:
    """Three greedy days: as many reposts as the rails let through, from one `until` to the next."""
    started_at, end = now - age, now + timedelta(days=3)
    sent: list[datetime] = []
    days: Counter[date] = Counter()
    while now < end:
        held = guard.may_repost(chosen, started_at, sent, now, 1.0)
        if held is None:
            sent.append(now)
            day = now.astimezone(ZoneInfo(chosen.timezone)).date()
            days[day] += 1
            assert days[day] <= guard.daily_cap(chosen, started_at, now, 1.0)
            continue
        assert held.until is not None
        assert held.until > now
        now = held.until
    assert all(b - a >= timedelta(minutes=20) for a, b in pairwise(sent))


@given(CONFIGS, MOMENTS, AGES, PASTS, st.timedeltas(timedelta(), timedelta(hours=30)))
def test_time_alone_never_adds_a_refusal_but_sleep(
    chosen: RepostConfig, now: datetime, age: timedelta, ages: list[timedelta], later: timedelta
) -> None:
    sent = [now - past for past in ages if past >= timedelta()]
    assume(guard.may_repost(chosen, now - age, sent, now, 1.0) is None)
    held = guard.may_repost(chosen, now - age, sent, now + later, 1.0)
    assert held is None or held.rail == "sleep"


@given(CONFIGS, MOMENTS, AGES, st.timedeltas(timedelta(days=-2), timedelta(days=5)))
def test_a_poll_is_never_due_in_the_sleep_window(
    chosen: RepostConfig, now: datetime, age: timedelta, ago: timedelta
) -> None:
    polled = replace(chosen, last_poll_at=now - ago)
    due = max(guard.next_poll_at(polled, now, 1.0), now)
    assert hours.sleeping_until(chosen, due) is None
    held = guard.may_poll(polled, now - age, now, 1.0)
    if held is not None:
        assert held.until is not None
        assert held.until > now
    else:
        assert hours.sleeping_until(chosen, now) is None


@given(CONFIGS, MOMENTS, st.integers(0, 12), st.integers(6, 20))
def test_no_story_expires_between_two_looks_of_20_hours_or_less(
    chosen: RepostConfig, last: datetime, night: int, interval: int
) -> None:
    wakes = (chosen.sleep_window_start + night) % 24
    chosen = replace(chosen, sleep_window_end=wakes, poll_interval_hours=interval)
    assume(hours.sleeping_until(chosen, last) is None)
    polled = replace(chosen, last_poll_at=last, last_poll_status=PollStatus.SUCCESS)
    # A shift of the clocks in that night may add an hour, and a scan minutes.
    assert guard.next_poll_at(polled, last, 1.0) - last <= timedelta(hours=23)


@given(CONFIGS, MOMENTS, st.timedeltas(timedelta(), timedelta(days=3)))
def test_a_download_is_held_only_in_the_night_and_until_its_end(
    chosen: RepostConfig, now: datetime, ago: timedelta
) -> None:
    held = guard.may_fetch(chosen, now - ago, now)
    if held is not None:
        assert held.until is not None
        assert held.until > now
        assert hours.sleeping_until(chosen, now) is not None
    elif hours.sleeping_until(chosen, now) is not None:
        assert ago < timedelta(hours=1)
