"""What lies behind an account, counted (additive): for pictures on the page and elsewhere."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ground.refusal import ErrorCode
from operations import models
from operations.operation import Ask, read
from operations.scopes import Scope
from repost import guard
from storage import credentials, insights, repost_configs
from storage.repost_configs import RepostConfig
from storage.store import Database

_MENTIONS_OF = timedelta(days=90)
_MOST, _LATE_ONES = 20_000, 120
_MILLISECOND = timedelta(milliseconds=1)


@read(
    models.Insights,
    scope=Scope.POSTS_READ,
    takes=models.InsightsQuery,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.MISSING_ACCOUNT_ID],
)
def get_insights(db: Database, ask: Ask[models.InsightsQuery]) -> models.Insights:
    """Return what went out of an account by day, when people mention it, how late its posts were
    on Instagram, and its warm-up (additive)."""
    account_id, now = ask.given.account_id, ask.now
    config = repost_configs.find(db, account_id)
    zone = ZoneInfo(config.timezone if config else "UTC")
    first = now.astimezone(zone).date() - timedelta(days=ask.given.days - 1)
    since = datetime.combine(first, time(), zone)
    out = insights.went_out(db, account_id, since, _MOST)
    mentioned = insights.mentioned(db, account_id, now - _MENTIONS_OF, _MOST)
    reposts = Counter(each.at.astimezone(zone).date() for each in out if each.is_repost)
    others = Counter(each.at.astimezone(zone).date() for each in out if not each.is_repost)
    late = insights.out_after_due(db, account_id, now - _MENTIONS_OF, _LATE_ONES)
    return models.Insights(
        timezone=zone.key,
        since=first.isoformat(),
        days=[
            models.DayCount(day=day.isoformat(), posts=others[day], reposts=reposts[day])
            for day in sorted({*reposts, *others})
        ],
        mentions_by_hour=_by_hour(mentioned, zone),
        lateness=[
            models.LatePost(
                post_id=post_id, due_at=due, late_ms=max(0, round((at - due) / _MILLISECOND))
            )
            for post_id, due, at in late
        ],
        warm_up=_warm_up(db, config, reposts, ask, zone) if config else None,
        is_cut=_MOST in (len(out), len(mentioned)),
    )


def _by_hour(mentioned: list[datetime], zone: ZoneInfo) -> list[list[int]]:
    grid = [[0] * 24 for _ in range(7)]
    for moment in mentioned:
        local = moment.astimezone(zone)
        grid[local.weekday()][local.hour] += 1
    return grid


def _warm_up(
    db: Database,
    config: RepostConfig,
    reposts: Counter[date],
    ask: Ask[models.InsightsQuery],
    zone: ZoneInfo,
) -> models.WarmUp | None:
    login = credentials.find(db, config.account_id)
    if login is None:
        return None
    started, now = login.session_started_at, ask.now
    begun, today = started.astimezone(zone).date(), now.astimezone(zone).date()
    shown = min((today - begun).days, guard.BURN_IN_CAPS[-1][0] - 1) + 1
    return models.WarmUp(
        started_at=started,
        day=(now - started).days + 1,
        steps=[models.StairStep(until_day=day, reposts=cap) for day, cap in guard.BURN_IN_CAPS],
        daily_limit=config.daily_repost_limit,
        used=[reposts[begun + timedelta(days=day)] for day in range(max(shown, 0))],
        complete=guard.warm_up_complete(started, now, ask.house.clock.pace),
    )
