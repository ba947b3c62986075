"""The safety rails as pure functions of configuration, history and `now`.

Every refusal says why, in words for a person, and until when. The reason for each number is
in docs/account-safety.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from storage.repost_configs import PollStatus, RepostConfig

PHASE_1 = timedelta(hours=12)
PHASE_2 = timedelta(hours=48)
BURN_IN_CAPS = ((7, 1), (14, 3), (21, 5), (30, 8))
SPACING = timedelta(minutes=20)
MAX_HELD = timedelta(hours=72)
FIRST_POLL_RETRY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Held:
    """A rail says no. `until` is None when only a person can end it."""

    rail: str
    reason: str
    until: datetime | None


def session_phase(started_at: datetime | None, now: datetime, pace: float) -> int:
    """Return 0 before the first login, then 1 (read only), 2 (messages too), 3 (everything)."""
    if started_at is None:
        return 0
    if pace == 0:
        return 3
    age = now - started_at
    return 1 if age < PHASE_1 else 2 if age < PHASE_2 else 3


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


def local_midnight(config: RepostConfig, now: datetime) -> datetime:
    """Return when today began in the account's timezone."""
    local = now.astimezone(ZoneInfo(config.timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def sleeping_until(config: RepostConfig, now: datetime) -> datetime | None:
    """Return when the sleep window that `now` lies in ends, or None when awake."""
    start, end = config.sleep_window_start, config.sleep_window_end
    zone = ZoneInfo(config.timezone)
    local = now.astimezone(zone)
    asleep = start <= local.hour < end if start <= end else local.hour >= start or local.hour < end
    if start == end or not asleep:
        return None
    wake = local.replace(hour=end, minute=0, second=0, microsecond=0)
    while wake.astimezone(now.tzinfo) <= now:
        # By calendar day, not by 24 h: the clocks may change in the night.
        wake = (wake.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    return wake.astimezone(now.tzinfo)


def may_repost(
    config: RepostConfig,
    started_at: datetime | None,
    sent: Sequence[datetime],
    now: datetime,
    pace: float,
) -> Held | None:
    """Return the rail that holds reposts back now, or None when one may go out.

    `sent` are the times of earlier reposts, at least those of today and the latest one.
    """
    if session_phase(started_at, now, pace) < 3:
        until = started_at + PHASE_2 if started_at else None
        return Held("phase", "The login is new: nothing is published in its first 48 h", until)
    if (wake := sleeping_until(config, now)) is not None:
        return Held("sleep", "Sleep window of the account", wake)
    today = [moment for moment in sent if moment >= local_midnight(config, now)]
    cap = daily_cap(config, started_at, now, pace)
    if len(today) >= cap:
        tomorrow = local_midnight(config, now).replace(tzinfo=None) + timedelta(days=1)
        midnight = tomorrow.replace(tzinfo=ZoneInfo(config.timezone)).astimezone(now.tzinfo)
        return Held("cap", f"Daily limit of {cap} reposts reached", midnight)
    if sent and pace:
        last = max(sent)
        free_at = last + pace * (SPACING + abs(_jitter(config, last)))
        if free_at > now:
            return Held("spacing", "Reposts keep a distance of some 20 minutes", free_at)
    return None


def next_poll_at(config: RepostConfig, now: datetime, pace: float) -> datetime:
    """Return when the inbox is to be read next by itself."""
    interval = timedelta(hours=config.poll_interval_hours)
    if config.last_poll_at is None:
        due = now
    elif config.last_poll_status is PollStatus.FAILED:
        # Sooner than the interval, because stories expire meanwhile; never in a hurry.
        doubled = FIRST_POLL_RETRY * 2 ** min(config.consecutive_failures - 1, 10)
        due = config.last_poll_at + min(doubled, interval)
    else:
        due = config.last_poll_at + interval + pace * _jitter(config, config.last_poll_at)
    return sleeping_until(config, max(due, now)) or due


def may_poll(
    config: RepostConfig, started_at: datetime | None, now: datetime, pace: float
) -> Held | None:
    """Return the rail that holds an automatic look into the inbox back, or None."""
    phase = session_phase(started_at, now, pace)
    if phase == 0:
        return Held("login", "The account has no Private API login", None)
    if phase == 1 and started_at is not None:
        reason = "The login is new: messages are not read by themselves in its first 12 h"
        return Held("phase", reason, started_at + PHASE_1)
    due = next_poll_at(config, now, pace)
    if due > now:
        asleep = sleeping_until(config, now) is not None
        rail, reason = (
            ("sleep", "Sleep window of the account") if asleep else ("interval", "Poll interval")
        )
        return Held(rail, reason, due)
    return None


def _jitter(config: RepostConfig, seed: datetime) -> timedelta:
    """Return an offset within ± `jitter_minutes` that looks random but never changes.

    Drawn from the account and the moment, so that asking twice or restarting moves nothing.
    """
    digest = hashlib.sha256(f"{config.account_id} {seed.isoformat()}".encode()).digest()
    fraction = int.from_bytes(digest[:8], "big") / 2**63 - 1
    return timedelta(minutes=config.jitter_minutes) * fraction
