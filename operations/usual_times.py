"""When an account usually posts: proposals for what is planned next."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from ground.refusal import ErrorCode
from operations import models
from operations.operation import Ask, read
from operations.scopes import Scope
from publish.usual import Habit, UsualTime
from storage import planned, post_lists, repost_configs
from storage.store import Database

_LOOKED_BACK = timedelta(days=90)
_MOST = 1000


@read(
    models.UsualTimes,
    scope=Scope.POSTS_READ,
    takes=models.UsualTimesQuery,
    refuses=[ErrorCode.NOT_FOUND],
)
def get_usual_times(db: Database, ask: Ask[models.UsualTimesQuery]) -> models.UsualTimes:
    """Propose up to three times for a post: free, and such as the account's posts were planned for
    on that weekday in the last 90 days (additive).

    By the clocks of the account. With `day` only times of that day are proposed; it takes those of
    other weekdays where none was planned on its own. An account without a past has none.
    """
    account_id, day = ask.given.account_id, ask.given.day
    config = repost_configs.find(db, account_id)
    zone = ZoneInfo(config.timezone if config else "UTC")
    chosen = planned.last_planned(db, account_id, ask.now - _LOOKED_BACK, _MOST)
    habit, spacing = Habit(chosen, zone), ask.house.adviser.spacing
    days = habit.days(day, ask.now)
    found: list[UsualTime] = []
    if chosen and days:
        taken = planned.between(
            db,
            account_id,
            datetime.combine(days[0], time(), zone) - spacing,
            datetime.combine(days[-1], time(), zone) + timedelta(days=1) + spacing,
            _MOST,
            post_lists.EVERYTHING,
        )
        found = habit.proposed(days, ask.now, [each.at for each in taken], spacing)
    return models.UsualTimes(
        timezone=zone.key,
        times=[models.UsualTime(at=each.at, often=each.often) for each in found],
    )
