"""What a calendar shows: which days a view has, what lies on them, and what is cut off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from operations import models
from storage.posts import SourceType

YEARS = (1970, 9000)
_DAY = timedelta(days=1)
# A cell that is full says how many more there are; a week that is full has one tile an hour.
_A_DAY, _AN_HOUR, FULL_WEEK = 3, 3, 120
# A week that is empty at night is drawn without the night.
_WAKING = (7, 22)


@dataclass(frozen=True, slots=True)
class View:
    """One way to look: so many days from one, turned on by so many; `is_whole` from a Monday."""

    name: str
    title: str
    days: int
    step: int
    is_whole: bool = True
    most: int = 0
    turn: str = "Four weeks"


# The list beside the weeks is for narrow windows, and short.
VIEWS = {
    view.name: view
    for view in (
        View("weeks", "Weeks", 35, 28, most=24),
        View("week", "Week", 7, 7, most=12, turn="A week"),
        View("list", "List", 35, 28, is_whole=False, most=70),
        View("day", "Day", 1, 1, is_whole=False, most=200, turn="A day"),
    )
}


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the account, and what went or goes out on it."""

    date: date
    posts: list[models.CalendarPost]

    @property
    def tiles(self) -> list[models.CalendarPost]:
        """Those that there is room for."""
        return self.posts[:_A_DAY]

    @property
    def rest(self) -> int:
        """How many there is no room for."""
        return len(self.posts) - len(self.tiles)


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one day of a week; reposts are thin marks."""

    date: date
    hour: int
    tiles: list[models.CalendarPost]
    marks: list[models.CalendarPost]
    rest: int
    is_past: bool
    is_now: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One hour across a week; `is_night` says that the account sleeps."""

    hour: int
    is_night: bool
    cells: list[Hour]


def days_of(view: View, asked: date | None, today: date) -> list[date]:
    """Return the days that a view shows."""
    first = asked or today
    if view.is_whole:
        first -= timedelta(days=first.weekday())
    return [first + number * _DAY for number in range(view.days)]


def placed(days: Iterable[date], posts: Iterable[models.CalendarPost], zone: ZoneInfo) -> list[Day]:
    """Return the days with what lies on each by the clocks of the account."""
    on: dict[date, list[models.CalendarPost]] = {day: [] for day in days}
    for post in posts:
        on.setdefault(post.at.astimezone(zone).date(), []).append(post)
    return [Day(day, on[day]) for day in days]


def listed(days: Sequence[Day], today: date, most: int) -> tuple[list[Day], date | None]:
    """Return the days that have posts, from today where that is among them, as far as so many
    posts reach, and the day on which there are more."""
    found: list[Day] = []
    since = today if days[0].date <= today <= days[-1].date else days[0].date
    for day in days:
        if not day.posts or day.date < since:
            continue
        if most > 0:
            found.append(Day(day.date, day.posts[:most]))
        most -= len(day.posts)
        if most < 0:
            return found, day.date
    return found, None


def hours_of(
    days: Sequence[Day], now: datetime, zone: ZoneInfo, asleep: tuple[int, int]
) -> list[Row]:
    """Return the hours of a week: all of them, or the waking ones where the night is empty."""
    local = now.astimezone(zone)
    at: dict[tuple[date, int], list[models.CalendarPost]] = {}
    for day in days:
        for post in day.posts:
            at.setdefault((day.date, post.at.astimezone(zone).hour), []).append(post)
    many = sum(map(len, at.values())) > FULL_WEEK
    used = {hour for _, hour in at}
    first, last = min({_WAKING[0], *used}), max({_WAKING[1], *used})

    def cell(day: date, hour: int) -> Hour:
        here = at.get((day, hour), [])
        own = [post for post in here if not is_repost(post)]
        marks = [post for post in here if is_repost(post)]
        shown, thin = own[: 1 if many else _AN_HOUR], marks[: 2 if many else 6]
        rest = len(here) - len(shown) - len(thin)
        place = (day, hour)
        here_now = (local.date(), local.hour)
        return Hour(day, hour, shown, thin, rest, place < here_now, place == here_now)

    return [
        Row(hour, is_asleep(hour, asleep), [cell(day.date, hour) for day in days])
        for hour in range(first, last + 1)
    ]


def is_asleep(hour: int, asleep: tuple[int, int]) -> bool:
    """Say whether an hour lies in the night, which may span midnight."""
    start, end = asleep
    return start <= hour < end if start <= end else hour >= start or hour < end


def is_repost(post: models.CalendarPost) -> bool:
    """Say whether a post came of somebody's story or of a post of one's own."""
    return post.source_type in (SourceType.STORY_REPOST, SourceType.AUTO_REPOST)
