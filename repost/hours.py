"""An account's hours: its midnights, its sleep window, and chance that never changes its mind.

Pure. Hours are local to the account's timezone, moments are in UTC; by calendar day, because the
clocks may change in the night.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.repost_configs import RepostConfig

# A scan or a post takes minutes: none is begun so shortly before the sleep window.
WIND_DOWN = timedelta(minutes=10)
DAY = timedelta(days=1)


def local_midnight(config: RepostConfig, now: datetime) -> datetime:
    """Return when today began in the account's timezone."""
    zone = ZoneInfo(config.timezone)
    return _instant(now.astimezone(zone).date(), 0, zone)


def day_began(config: RepostConfig, now: datetime) -> datetime:
    """Return since when the daily limit counts: midnight, or when the day began in which the
    timezone was changed, for as long as that day lasts."""
    midnight, since = local_midnight(config, now), config.counted_since
    if since is None or now >= since + DAY:
        return midnight
    return min(midnight, since)


def next_midnight(config: RepostConfig, now: datetime) -> datetime:
    """Return when tomorrow begins in the account's timezone."""
    zone = ZoneInfo(config.timezone)
    day = now.astimezone(zone).date()
    midnight = now
    while midnight <= now:  # once, but where a zone has left a whole day out
        day += DAY
        midnight = _instant(day, 0, zone)
    return midnight


def sleeping_until(
    config: RepostConfig, now: datetime, ahead: timedelta = timedelta(0)
) -> datetime | None:
    """Return when the sleep window that `now` lies in ends, or None when awake.

    With `ahead`, a window that begins within that time counts too.
    """
    wake = None
    while (window := sleep_window(config, now) or sleep_window(config, now + ahead)) is not None:
        # Where the clocks change, the next window may begin as this one ends.
        now = wake = window[1]
        ahead = timedelta(0)
    return wake


def sleep_window(config: RepostConfig, moment: datetime) -> tuple[datetime, datetime] | None:
    """Return begin and end of the sleep window that `moment` lies in, or None."""
    start, end = config.sleep_window_start, config.sleep_window_end
    if start == end:
        return None
    zone = ZoneInfo(config.timezone)
    today = moment.astimezone(zone).date()
    for day in (today, today - DAY):
        begin = _instant(day, start, zone)
        if begin > moment:
            continue
        wake = _instant(day + timedelta(days=end < start), end, zone) + _lie_in(config, day)
        if moment < wake:
            return begin, wake
    return None


def jitter(config: RepostConfig, seed: datetime) -> timedelta:
    """Return an offset within ± `jitter_minutes` that looks random but never changes.

    Drawn from the account and the moment, so that asking twice or restarting moves nothing.
    """
    # Whole seconds: what is held until a moment must not be held in that moment, and the
    # database keeps milliseconds.
    most_s = 60 * config.jitter_minutes
    return timedelta(seconds=round(most_s * _fraction(config, seed.isoformat())))


def _lie_in(config: RepostConfig, day: date) -> timedelta:
    """Return by how much the window that begins on `day` lasts longer: nobody wakes on the dot."""
    awake_h = (config.sleep_window_start - config.sleep_window_end) % 24
    most = min(timedelta(minutes=config.jitter_minutes), timedelta(minutes=15) * awake_h)
    share = (_fraction(config, f"wake {day}") + 1) / 2
    return timedelta(seconds=round(share * most.total_seconds()))


def _fraction(config: RepostConfig, seed: str) -> float:
    digest = hashlib.sha256(f"{config.account_id} {seed}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**63 - 1


def _instant(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return a local hour in UTC: the first where there are two, the next where there is none."""
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
