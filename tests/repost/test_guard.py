"""The safety rails: what they forbid, until when, and what no input may make them do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from repost import guard
from storage.repost_configs import PollStatus, RepostConfig

NOON = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
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


def test_the_cap_holds_until_local_midnight() -> None:
    berlin = config(timezone="Europe/Berlin", daily_repost_limit=1, jitter_minutes=0)
    sent = [NOON - timedelta(hours=2)]
    held = guard.may_repost(berlin, LONG_AGO, sent, NOON, 1.0)
    assert held is not None
    assert held.rail == "cap"
    assert held.until == datetime(2026, 6, 10, 22, 0, tzinfo=UTC)  # midnight in Berlin
    yesterday = [NOON - timedelta(hours=15)]  # 23 h local time on the day before
    assert guard.may_repost(berlin, LONG_AGO, yesterday, NOON, 1.0) is None


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
    until = guard.sleeping_until(config(), now)
    assert (until is not None) == asleep
    if until is not None:
        assert until.hour == 7
        assert timedelta() < until - now < timedelta(hours=9)


def test_equal_hours_mean_no_sleep_window() -> None:
    awake = config(sleep_window_start=5, sleep_window_end=5)
    assert guard.sleeping_until(awake, NOON.replace(hour=5)) is None


def test_the_sleep_window_ends_by_the_wall_clock_when_the_clocks_change() -> None:
    berlin = config(timezone="Europe/Berlin")
    before = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)  # midnight; clocks go forward at 2
    assert guard.sleeping_until(berlin, before) == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)
    autumn = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)  # midnight; clocks go back at 3
    assert guard.sleeping_until(berlin, autumn) == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)


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


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Australia/Lord_Howe"]
)
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
)
AGES = st.timedeltas(timedelta(), timedelta(days=60))


@given(CONFIGS, MOMENTS, AGES, st.lists(AGES, max_size=60), st.sampled_from([0.0, 0.5, 1.0]))
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
    today = sum(moment >= guard.local_midnight(chosen, now) for moment in sent)
    assert today < guard.daily_cap(chosen, now - age, now, pace) <= chosen.daily_repost_limit
    assert guard.sleeping_until(chosen, now) is None
    assert guard.session_phase(now - age, now, pace) == 3
    assert not sent or now - max(sent) >= pace * timedelta(minutes=20)


@given(CONFIGS, MOMENTS, AGES, st.timedeltas(timedelta(), timedelta(hours=30)))
def test_time_alone_never_adds_a_refusal_but_sleep(
    chosen: RepostConfig, now: datetime, age: timedelta, later: timedelta
) -> None:
    assume(guard.may_repost(chosen, now - age, [], now, 1.0) is None)
    held = guard.may_repost(chosen, now - age, [], now + later, 1.0)
    assert held is None or held.rail == "sleep"


@given(CONFIGS, MOMENTS, AGES)
def test_a_poll_is_never_due_in_the_sleep_window(
    chosen: RepostConfig, now: datetime, ago: timedelta
) -> None:
    polled = replace(chosen, last_poll_at=now - ago, last_poll_status=PollStatus.SUCCESS)
    due = max(guard.next_poll_at(polled, now, 1.0), now)
    assert guard.sleeping_until(chosen, due) is None
