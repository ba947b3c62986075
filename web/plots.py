"""Pictures as SVG: what is drawn is made here, and how in `_plots.html`, each with its words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from operations import models

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TICKS = ((1, "1 ms"), (100, "0.1 s"), (10_000, "10 s"), (1_000_000, "17 min"))
_LONGEST = 10_000_000
_STEP, _RISE = 20, 13


@dataclass(frozen=True, slots=True)
class Mark:
    """Something in a picture: where it is, how strong, and what it says."""

    x: float
    y: float
    strength: int
    says: str
    height: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A picture: its sentence, the note below it, and what is in it."""

    title: str
    note: str
    told: str
    marks: list[Mark]
    labels: list[tuple[float, float, str]]
    width: int
    height: int
    path: str = ""
    present: float | None = None


def year(found: models.Insights, last: date) -> Plot:
    """Return a square for each of the last days, by weeks from Monday on."""
    first = date.fromisoformat(found.since)
    monday = first - timedelta(days=first.weekday())
    counts = {date.fromisoformat(each.day): each.posts + each.reposts for each in found.days}
    marks, labels = list[Mark](), list[tuple[float, float, str]]()
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        week, weekday = divmod((day - monday).days, 7)
        count = counts.get(day, 0)
        marks.append(
            Mark(week * 15, weekday * 15 + 16, min(4, count), f"{_day(day)}: {count} went out")
        )
        if day.day == 1:
            labels.append((week * 15, 10, f"{day:%b}"))
    lively = sum(1 for count in counts.values() if count)
    total = sum(counts.values())
    weeks = (last - monday).days // 7 + 1
    title = f"{_days(lively)} with something new" if total else "Nothing went out yet"
    pause = _longest_pause(sorted(counts), last)
    note = f"{total:,} posts and reposts in a year. Every square is a day."
    if pause > 1:
        note += f" Longest pause since the first: {_days(pause)}."
    return Plot(
        title=title, note=note, told=f"{title}. {note}", marks=marks, labels=labels,
        width=max(weeks, 1) * 15, height=122,
    )  # fmt: skip


def _longest_pause(days: Sequence[date], last: date) -> int:
    ends = [*days, last + timedelta(days=1)]
    return max(((b - a).days - 1 for a, b in pairwise(ends)), default=0)


def hours(found: models.Insights) -> Plot:
    """Return weekdays by hours: when people mention the account."""
    grid = found.mentions_by_hour
    top, total = max(map(max, grid)), sum(map(sum, grid))
    marks = [
        Mark(
            40 + hour * 26, weekday * 22, math.ceil(4 * count / top) if top else 0,
            f"{DAYS[weekday]} {hour:02d}:00: {_mentions(count)}",
        )
        for weekday, row in enumerate(grid)
        for hour, count in enumerate(row)
    ]  # fmt: skip
    labels: list[tuple[float, float, str]] = [
        (0, weekday * 22 + 14, name) for weekday, name in enumerate(DAYS)
    ]
    labels += [(40 + hour * 26, 172, f"{hour:02d}") for hour in range(0, 24, 3)]
    if total:
        of_hours = [sum(row[hour] for row in grid) for hour in range(24)]
        of_days = [sum(row) for row in grid]
        busiest, day = of_hours.index(max(of_hours)), of_days.index(max(of_days))
        title = f"People mention you most around {busiest:02d}:00"
        note = f"{_mentions(total)} in 90 days, most on {date(2024, 1, 1 + day):%A}s."
    else:
        title, note = "Nobody has mentioned you yet", "It is counted over 90 days."
    return Plot(
        title=title, note=f"{note} Times in {found.timezone}.", told=f"{title}. {note}",
        marks=marks, labels=labels, width=666, height=178,
    )  # fmt: skip


def lateness(found: models.Insights) -> Plot:
    """Return a dot for each planned post, by how long after its time it was on Instagram."""
    late = [each.late_ms for each in found.lateness]
    marks = [
        Mark(_along(each.late_ms), 14 + (number * 37) % 50, 0, f"{_long(each.late_ms)} after")
        for number, each in enumerate(found.lateness)
    ]
    labels = [(_along(ms), 92.0, words) for ms, words in _TICKS]
    if late:
        middle = sorted(late)[len(late) // 2]
        title = f"Half of all posts were on Instagram within {_long(middle)}"
        note = f"The last {len(late)} planned posts of 90 days. Longest: {_long(max(late))}."
        if len(late) == 1:
            title, note = f"One post, on Instagram after {_long(late[0])}", "Of the last 90 days."
    else:
        title, note = "No planned post went out yet", "Each will be a dot here."
    return Plot(
        title=title, note=note, told=f"{title}. {note}", marks=marks, labels=labels,
        width=690, height=98,
    )  # fmt: skip


def stair(warm_up: models.WarmUp) -> Plot:
    """Return the limits of the first thirty days as a stair, and what went out below it."""
    caps: list[int] = []
    for step in warm_up.steps:
        caps += [min(step.reposts, warm_up.daily_limit)] * (step.until_day - len(caps))
    caps += [warm_up.daily_limit] * 5
    floor = max(max(caps), max(warm_up.used, default=0)) * _RISE + 18
    path = f"M0 {floor - caps[0] * _RISE}" + "".join(
        f"H{number * _STEP}V{floor - cap * _RISE}" for number, cap in enumerate(caps)
    )
    marks = [
        Mark(
            number * _STEP + 4, floor - used * _RISE, 0,
            f"Day {number + 1}: {used} of {caps[number]}", used * _RISE,
        )
        for number, used in enumerate(warm_up.used) if number < len(caps)
    ]  # fmt: skip
    ends = [0, *(step.until_day for step in warm_up.steps)]
    labels = [(float(day * _STEP), floor + 16.0, f"day {day + 1}") for day in ends]
    if warm_up.complete:
        title = "The warm-up is over"
        note = f"At most {warm_up.daily_limit} reposts a day, as you have set."
    else:
        cap = caps[min(warm_up.day, len(caps)) - 1]
        title = f"Day {warm_up.day} of {ends[-1]}: {_reposts(cap)} a day at most"
        rest = [step for step in warm_up.steps if step.until_day >= warm_up.day]
        note = f"More from day {rest[0].until_day + 1} on." if rest else ""
    note += " The line is the limit, the bars what went out."
    return Plot(
        title=title, note=note.strip(), told=f"{title}. {note}", marks=marks, labels=labels,
        width=len(caps) * _STEP + 40, height=floor + 22, path=f"{path}H{len(caps) * _STEP}",
        present=None if warm_up.complete else warm_up.day * _STEP - _STEP / 2,
    )  # fmt: skip


def _along(ms: int) -> float:
    return round(40 + 620 * math.log10(min(_LONGEST, max(1, ms))) / math.log10(_LONGEST), 1)


def _long(ms: int) -> str:
    if ms < 1000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    if ms < 3_600_000:
        return f"{ms // 60_000} min"
    return f"{ms // 3_600_000:,} h"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number:,} days"


def _mentions(number: int) -> str:
    return "1 mention" if number == 1 else f"{number:,} mentions"


def _reposts(number: int) -> str:
    return "1 repost" if number == 1 else f"{number} reposts"
