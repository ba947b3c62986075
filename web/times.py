"""Times as people say them, in the zone of the account that they are about."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from storage.times import local_of

_DAY = timedelta(days=1)


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """Return the time of day: 09:07."""
    return f"{local_of(moment, zone):%H:%M}"


def on_day(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return the day and the time: `14:41` today, else `tomorrow 09:07`, `Mon 30 Nov, 09:07`."""
    local, today = local_of(moment, zone), local_of(now, zone).date()
    away = (local.date() - today).days
    named = {0: "", 1: "tomorrow ", -1: "yesterday "}.get(away)
    if named is None:
        named = f"{local:%a} {local.day} {local:%b}, "
        if local.year != today.year:
            named = f"{local.day} {local:%b %Y}, "
    return f"{named}{local:%H:%M}"


def in_full(moment: datetime, zone: ZoneInfo) -> str:
    """Return all of it, for titles and screen readers: Monday 30 November 2026, 09:07."""
    local = local_of(moment, zone)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"


def away(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return how far away it is below a day, else `on_day`: `12 min ago`, `in 3 h`."""
    passed = now - moment
    size = abs(passed)
    if size >= _DAY:
        return on_day(moment, now, zone)
    minutes = int(size.total_seconds() // 60)
    if minutes < 1:
        return "now"
    said = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
    return f"{said} ago" if passed > timedelta() else f"in {said}"
