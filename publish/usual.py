"""The times at which an account usually posts, proposed for what is planned next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# What is proposed lies on the quarter of an hour; people mean no other.
_QUARTER = 15
_AHEAD = 14
# Nobody plans further; beyond it a day has no clocks to speak of.
_FURTHEST = timedelta(days=3660)
_MOST = 3


@dataclass(frozen=True, slots=True)
class UsualTime:
    """A free time that is usual; `often`: for how many posts such a one was chosen."""

    at: datetime
    often: int


@dataclass(frozen=True, slots=True)
class Habit:
    """When posts were planned until now, by the account's clocks; the latest first."""

    chosen: Sequence[datetime]
    zone: ZoneInfo

    def days(self, day: date | None, now: datetime) -> list[date]:
        """Return the days to look at: the next two weeks, or `day` where that lies ahead."""
        today = now.astimezone(self.zone).date()
        if day is not None:
            return [day] if timedelta() <= day - today <= _FURTHEST else []
        return [today + timedelta(days=number) for number in range(_AHEAD)]

    def proposed(
        self, days: Sequence[date], now: datetime, taken: Sequence[datetime], spacing: timedelta
    ) -> list[UsualTime]:
        """Return the first usual times of these days that are free, one a day.

        A weekday on which nothing was planned yet has none, but for a day that is asked for
        alone: it takes the times of all the others. Free is what no `taken` one is nearer to than
        `spacing`.
        """
        found = []
        for day in days:
            for at, often in self._on(day, anyway=len(days) == 1):
                if at > now and all(abs(at - other) >= spacing for other in taken):
                    found.append(UsualTime(at, often))
                    break
        return found[:_MOST]

    def _on(self, day: date, *, anyway: bool) -> Iterable[tuple[datetime, int]]:
        """Return the times that are usual on that day, the most usual one first."""
        local = [each.astimezone(self.zone) for each in self.chosen]
        same = [each for each in local if each.weekday() == day.weekday()]
        counted = Counter(map(_quarter, same or (local if anyway else [])))
        for quarter, often in counted.most_common():
            yield datetime.combine(day, quarter, self.zone).astimezone(UTC), often


def _quarter(local: datetime) -> time:
    return time(local.hour, local.minute - local.minute % _QUARTER)
