"""Moments as the database and the REST contract write them: UTC, milliseconds, `Z`.

And as people and programs write them (`parse`), the same for REST and the command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo


def to_text(moment: datetime) -> str:
    """Return `moment` as `2026-04-20T14:00:00.000Z`; text order is time order."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """Return the aware UTC datetime that `to_text` wrote; raises `ValueError` for anything else.

    A time without a zone would be found out only where it is compared.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def legible(text: object) -> datetime | None:
    """Return the same of what may be damaged: None for what is no time."""
    try:
        return from_text(text) if isinstance(text, str) else None
    except ValueError:
        return None


def first_legible(rows: Iterable[Sequence[object]]) -> datetime | None:
    """Return the time of the first row that begins with one.

    For what belongs to many: one row that is damaged is not everybody's trouble.
    """
    return next((at for row in rows if (at := legible(row[0])) is not None), None)


def shifted(moment: datetime, by: timedelta) -> datetime:
    """Return `moment` moved, but not out of the calendar."""
    try:
        return moment + by
    except OverflowError:
        end = _FIRST if by < timedelta(0) else _LAST
        return end.replace(tzinfo=moment.tzinfo)


def local_of(moment: datetime, zone: tzinfo | None) -> datetime:
    """Return a moment by the clocks of a zone, None being this machine's; at the very end of all
    time, as it is."""
    try:
        # By way of UTC: an hour that the clocks of that very zone leave out would stay as it is.
        return moment.astimezone(UTC).astimezone(zone)
    except OverflowError:
        return moment


_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

_DATE = (
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)-(?P<day>\d\d)|(?P<bmonth>\d\d)(?P<bday>\d\d)"
    r"|-?W(?P<week>\d\d)-?(?P<weekday>\d)|-?(?P<yearday>\d{3}))"
)
_CLOCK = r"(?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d))?)?(?:[.,](?P<fraction>\d+))?"
_ZONE = r"(?P<zone>Z|(?P<sign>[+\-\u2212])(?P<zh>\d\d)(?::?(?P<zm>\d\d)(?::?(?P<zs>\d\d))?)?)"
_WRITTEN = re.compile(f"{_DATE}(?:[T ]{_CLOCK}{_ZONE}?)?", re.ASCII | re.IGNORECASE)
WANTED = "ISO 8601 time with an offset, such as 2026-04-20T14:00:00Z or 2026-04-20T16:00:00+02:00"


def parse(text: str) -> datetime:
    """Return a time as people and programs write it, without a zone where it names none.

    All that RFC 3339 and ISO 8601 have for one moment: basic and extended, calendar, ordinal and
    week dates, small letters, a space for the T, fractions with point or comma, 24:00, leap
    seconds. Raises `ValueError`, and moves a moment outside of the calendar to its end.
    """
    found = _WRITTEN.fullmatch(text)
    try:
        if found is not None:
            part = {name: int(value) for name, value in found.groupdict().items() if _counts(value)}
            zone = _zone(found["zone"], found["sign"], part)
            return _at(_day(part).replace(tzinfo=zone), part, found["fraction"] or "")
    except (ValueError, OverflowError):
        pass  # the 30th of February, the 61st minute
    raise ValueError(f"no {WANTED}")


def parse_instant(text: str) -> datetime:
    """Return the moment, in UTC, that a time with an offset names; raises `ValueError`."""
    moment = parse(text)
    if moment.tzinfo is None:
        raise ValueError(f"no {WANTED}")
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # an hour before the first year, or after the last
        return _FIRST if moment.year == 1 else _LAST


def _counts(value: str | None) -> bool:
    return value is not None and value.isdecimal()


def _day(part: dict[str, int]) -> datetime:
    year = part["year"]
    if "week" in part:
        return datetime.fromisocalendar(year, part["week"], part["weekday"])
    if "yearday" in part:
        day = datetime(year, 1, 1) + timedelta(days=part["yearday"] - 1)  # noqa: DTZ001
        if part["yearday"] < 1 or day.year != year:
            raise ValueError("no such day")
        return day
    month, day_of_month = part.get("month", part.get("bmonth")), part.get("day", part.get("bday"))
    assert month is not None
    assert day_of_month is not None
    return datetime(year, month, day_of_month)  # noqa: DTZ001


def _at(day: datetime, part: dict[str, int], fraction: str) -> datetime:
    hour, minute, second = (part.get(name, 0) for name in ("hour", "minute", "second"))
    unit = "second" if "second" in part else "minute" if "minute" in part else "hour"
    # Cut off, never rounded into the future.
    unit_us = {"second": 10**6, "minute": 60 * 10**6, "hour": 3600 * 10**6}[unit]
    fraction = fraction[:12]
    rest_us = int(fraction or "0") * unit_us // 10 ** len(fraction)
    is_end = hour == 24 and minute == second == rest_us == 0
    is_leap = second == 60
    if (hour > 23 and not is_end) or minute > 59 or second > 60:
        raise ValueError("no such time of day")
    length = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=rest_us)
    if is_leap:
        length -= timedelta(microseconds=rest_us)  # our clocks know no such second: the next one
    moment = shifted(day, length)
    if is_leap and day.tzinfo is not None and moment.astimezone(UTC).time() != time():
        raise ValueError("a leap second is at 23:59:60 UTC")
    return moment


def _zone(text: str | None, sign: str | None, part: dict[str, int]) -> timezone | None:
    if text is None:
        return None
    if sign is None:
        return UTC
    hours, minutes, seconds = (part.get(name, 0) for name in ("zh", "zm", "zs"))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError("no such offset")
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(offset if sign == "+" else -offset)
