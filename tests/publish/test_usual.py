"""The times that are proposed for the next post: usual on that weekday, ahead, and free."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from publish.usual import Habit

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2026, 11, 25, 12, tzinfo=OSLO)  # a Wednesday
HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=OSLO).astimezone(UTC)


# Three Mondays, of which two at nine; one Thursday, before the clocks went back.
HABIT = Habit([at(23, 9, 5), at(16, 18, 30), at(9, 9), at(15, 7, 40, month=10)], OSLO)


def proposed(day: date | None = None, taken: tuple[datetime, ...] = ()) -> list[datetime]:
    days = HABIT.days(day, NOW)
    return [each.at for each in HABIT.proposed(days, NOW, taken, HOUR)]


def test_each_weekday_has_its_usual_time_by_the_accounts_clocks() -> None:
    assert proposed() == [at(26, 7, 30), at(30, 9), at(3, 7, 30, month=12)]
    first = HABIT.proposed(HABIT.days(None, NOW), NOW, (), HOUR)
    assert [each.often for each in first] == [1, 2, 1]


def test_what_is_taken_gives_way_to_the_next_usual_one() -> None:
    assert proposed(date(2026, 11, 30), (at(30, 9, 59),)) == [at(30, 18, 30)]
    assert proposed(date(2026, 11, 30), (at(30, 9, 59), at(30, 18))) == []
    assert proposed(date(2026, 11, 30), (at(30, 10),)) == [at(30, 9)]


def test_a_day_that_is_asked_for_has_a_time_whatever_its_weekday() -> None:
    assert proposed(date(2026, 11, 29)) == [at(29, 9)]  # no Sunday yet: as on most days
    assert proposed(date(2026, 11, 25)) == [at(25, 18, 30)]  # nine has passed
    for nowhere in (date(2026, 11, 24), date(1, 1, 1), date(9999, 12, 31)):
        assert proposed(nowhere) == []


def test_who_has_no_past_is_proposed_nothing() -> None:
    habit = Habit([], OSLO)
    for day in (None, date(2026, 11, 30)):
        assert habit.proposed(habit.days(day, NOW), NOW, (), HOUR) == []
