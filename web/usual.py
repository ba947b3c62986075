"""The time that a day begins with where none was said: the usual one, or ten."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from operations import models, usual_times
from operations.scopes import Scope
from web.visit import Visit, given

_TEN = time(10)


async def usual(here: Visit, day: date | None = None) -> list[datetime]:
    """Return the free times at which the account usually posts: the next ones, or one of a day.

    None for who may not read posts.
    """
    if here.account_id is None or not here.may(Scope.POSTS_READ):
        return []
    asked = given(models.UsualTimesQuery, account_id=here.account_id, day=day)
    told: models.UsualTimes = await here.perform(usual_times.get_usual_times, asked)
    return [each.at for each in told.times]


async def time_on(here: Visit, day: date) -> datetime:
    """Return the usual time of a day, or ten o'clock, or today the next full hour after that."""
    if found := await usual(here, day):
        return found[0].astimezone(here.zone)
    ten = datetime.combine(day, _TEN, here.zone)
    if ten > here.now or day != here.now.astimezone(here.zone).date():
        return ten
    return next_hour(here)


def next_hour(here: Visit) -> datetime:
    """Return the next full hour."""
    return (here.now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
