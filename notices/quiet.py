"""Quiet hours: from one time of day to another, in the person's own zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.notices import QuietHours

_DAY = timedelta(days=1)


def quiet_until(hours: QuietHours | None, now: datetime) -> datetime | None:
    """Return when the quiet that `now` lies in ends, or None."""
    if hours is None:
        return None
    try:
        zone = ZoneInfo(hours.timezone)
        begins, ends = time.fromisoformat(hours.begins), time.fromisoformat(hours.ends)
    except (KeyError, ValueError, OSError):
        return None  # of no zone or time that this machine knows: rather told than not
    today = now.astimezone(zone).date()
    for day in (today - _DAY, today):
        begin = _instant(day, begins, zone)
        end = _instant(day if begins < ends else day + _DAY, ends, zone)
        if begin <= now < end:
            return end
    return None


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    # To UTC at once: aware times of one zone are compared and added up by the clock on the wall.
    return datetime.combine(day, at, zone).astimezone(ZoneInfo("UTC"))
