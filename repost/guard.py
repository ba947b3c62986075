"""The safety rails as pure functions of configuration, history and `now`.

Every refusal says why, in words for a person, and until when. The reason for each number is
in docs/account-safety.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

from ground.hold import Hold
from repost.hours import (
    DAY,
    WIND_DOWN,
    day_began,
    jitter,
    next_midnight,
    sleep_window,
    sleeping_until,
)
from storage.repost_configs import PollStatus, RepostConfig
from storage.wrong_clock import is_ahead

PHASE_1 = timedelta(hours=12)
PHASE_2 = timedelta(hours=48)
BURN_IN_CAPS = ((7, 1), (14, 3), (21, 5), (30, 8))
SPACING = timedelta(minutes=20)
MAX_HELD = timedelta(hours=72)
FIRST_POLL_RETRY = timedelta(minutes=15)
# Where nobody answers, nobody is disturbed: the first look after an outage has to come soon.
LONGEST_UNANSWERED = timedelta(hours=1)
SHORTEST_INTERVAL = timedelta(hours=6)
# A story lives 24 h: a scan at least this often sees each while it can still be fetched.
LONGEST_SAFE_INTERVAL = timedelta(hours=20)
LONGEST_SAFE_GAP = timedelta(hours=22)
# What a person asked for in the sleep window may be finished in it.
ASKED_FOR = timedelta(hours=1)
# Times further ahead than this come from a clock that was wrong, and hold nothing.
CLOCK_ERROR = timedelta(days=1)
ASLEEP = "Sleep window of the account"


def session_phase(started_at: datetime | None, now: datetime, pace: float) -> int:
    """Return 0 before the first login, then 1 (read only), 2 (messages too), 3 (everything)."""
    if started_at is None:
        return 0
    if pace == 0:
        return 3
    age = now - started_at
    return 1 if age < PHASE_1 else 2 if age < PHASE_2 else 3


def phase_until(started_at: datetime | None, now: datetime, pace: float) -> datetime | None:
    """Return when the present session phase ends; None when no other follows by itself."""
    phase = session_phase(started_at, now, pace)
    if started_at is None or phase not in (1, 2):
        return None
    return started_at + (PHASE_1 if phase == 1 else PHASE_2)


def warm_up_complete(started_at: datetime | None, now: datetime, pace: float) -> bool:
    """Say whether the burn-in of 30 days is over."""
    last_day, _ = BURN_IN_CAPS[-1]
    return started_at is not None and (pace == 0 or now - started_at >= timedelta(days=last_day))


def daily_cap(config: RepostConfig, started_at: datetime | None, now: datetime, pace: float) -> int:
    """Return how many reposts may go out today: the setting, or less during the burn-in."""
    if started_at is None:
        return 0
    if pace:
        for days, cap in BURN_IN_CAPS:
            if now - started_at < timedelta(days=days):
                return min(cap, config.daily_repost_limit)
    return config.daily_repost_limit


def stair(config: RepostConfig, started_at: datetime) -> list[tuple[datetime, int]]:
    """Return from when on how many reposts a day may go out after a login: the burn-in's steps."""
    days = [PHASE_2, *(timedelta(days=days) for days, _ in BURN_IN_CAPS)]
    caps = [*(cap for _, cap in BURN_IN_CAPS), config.daily_repost_limit]
    steps = [
        (started_at + after, min(cap, config.daily_repost_limit))
        for after, cap in zip(days, caps, strict=True)
    ]
    return [(started_at, 0), *steps]


def may_repost(
    config: RepostConfig,
    started_at: datetime | None,
    sent: Sequence[datetime],
    now: datetime,
    pace: float,
) -> Hold | None:
    """Return the rail that holds reposts back now, or None when one may go out.

    `sent` are the times of earlier reposts, at least those of today and the latest one.
    """
    if session_phase(started_at, now, pace) < 3:
        until = started_at + PHASE_2 if started_at else None
        return Hold("phase", "The login is new: nothing is published in its first 48 h", until)
    if (wake := sleeping_until(config, now, WIND_DOWN)) is not None:
        return Hold("sleep", ASLEEP, wake)
    sent = [moment for moment in sent if moment <= now + CLOCK_ERROR]
    cap = daily_cap(config, started_at, now, pace)
    if count_of_day(config, sent, now) >= cap:
        ends = _limit_ends(config, cap, sent, now)
        # Not on the stroke of midnight, every day the same.
        until = ends + timedelta(seconds=ceil(pace * abs(jitter(config, ends).total_seconds())))
        return Hold("cap", f"Daily limit of {cap} reposts reached", until)
    if sent and pace:
        last = max(sent)
        if (free_at := free_after(config, last, pace)) > now:
            return Hold("spacing", "Reposts keep a distance of some 20 minutes", free_at)
    return None


def count_of_day(config: RepostConfig, sent: Sequence[datetime], now: datetime) -> int:
    """Return how many of these times are in the day of the account that it is `now`."""
    begin, end = day_began(config, now), next_midnight(config, now)
    return sum(begin <= moment < end for moment in sent)


def _limit_ends(
    config: RepostConfig, cap: int, sent: Sequence[datetime], now: datetime
) -> datetime:
    """Return when a limit that is reached counts anew: at midnight, or where only the day counts
    that went on when the timezone was changed, with that."""
    plain = replace(config, counted_since=None)
    if config.counted_since is None or count_of_day(plain, sent, now) >= cap:
        return next_midnight(config, now)
    return config.counted_since + DAY


def free_after(config: RepostConfig, last: datetime, pace: float) -> datetime:
    """Return when the next repost may follow one that went out, or failed to, at `last`."""
    distance = pace * (SPACING + abs(jitter(config, last)))
    return last + timedelta(seconds=ceil(distance.total_seconds()))


def may_fetch(config: RepostConfig, detected_at: datetime, now: datetime) -> Hold | None:
    """Return the rail that holds the download of a mention back now, or None.

    What a scan by hand has found in the sleep window is part of what the person asked for.
    """
    window = sleep_window(config, now)
    if window is None:
        return None
    begin, wake = window
    if detected_at >= begin - WIND_DOWN and now - detected_at < ASKED_FOR:
        return None
    return Hold("sleep", f"{ASLEEP}: it is downloaded afterwards", wake)


def next_poll_at(config: RepostConfig, now: datetime, pace: float) -> datetime:
    """Return when the inbox is to be read next by itself."""
    last = config.last_poll_at
    interval = timedelta(hours=config.poll_interval_hours)
    if last is None or is_ahead(last, now):
        due = now  # by a clock that was ahead, and for as long as that nobody would look
    elif config.last_poll_status is PollStatus.FAILED:
        # Sooner than the interval, because stories expire meanwhile; never in a hurry.
        unanswered = config.unanswered_looks
        count = unanswered or max(config.consecutive_failures, 1)
        longest = LONGEST_UNANSWERED if unanswered else interval
        due = last + min(FIRST_POLL_RETRY * 2 ** min(count - 1, 10), longest)
    elif config.backlog_cursor is not None or config.chat_backlog:
        due = last + FIRST_POLL_RETRY
    elif config.partial_looks:
        due = last + min(FIRST_POLL_RETRY * 2 ** min(config.partial_looks - 1, 10), interval)
    else:
        due = _before_the_night(config, last, last + interval + pace * jitter(config, last))
    return sleeping_until(config, max(due, now), WIND_DOWN) or due


def may_poll(
    config: RepostConfig, started_at: datetime | None, now: datetime, pace: float
) -> Hold | None:
    """Return the rail that holds an automatic scan of the inbox back, or None."""
    phase = session_phase(started_at, now, pace)
    if phase == 0:
        return Hold("login", "The account has no Private API login", None)
    if phase == 1 and started_at is not None:
        reason = "The login is new: messages are not read by themselves in its first 12 h"
        return Hold("phase", reason, started_at + PHASE_1)
    due = next_poll_at(config, now, pace)
    if due <= now:
        return None
    wake = sleeping_until(config, now, WIND_DOWN)
    if wake is not None and wake >= due:
        return Hold("sleep", ASLEEP, due)
    return Hold("interval", "Poll interval", due)


def warnings_of(config: RepostConfig) -> list[str]:
    """Return what a person should know about their settings."""
    if timedelta(hours=config.poll_interval_hours) <= LONGEST_SAFE_INTERVAL:
        return []
    return [
        f"pollIntervalHours is {config.poll_interval_hours}: a story lives 24 h, so with more than "
        "20 h between two looks some expire before they are seen"
    ]


def _before_the_night(config: RepostConfig, last: datetime, due: datetime) -> datetime:
    """Return `due`, or a time before the sleep window that would delay it for too long."""
    window = sleep_window(config, due) or sleep_window(config, due + WIND_DOWN)
    if window is None or timedelta(hours=config.poll_interval_hours) > LONGEST_SAFE_INTERVAL:
        return due
    begin, wake = window
    before = begin - WIND_DOWN - max(abs(jitter(config, begin)), timedelta(minutes=1))
    if wake - last > LONGEST_SAFE_GAP and before - last >= SHORTEST_INTERVAL:
        return min(due, before)
    return due
