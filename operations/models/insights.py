"""What lies behind an account, for pictures of it."""

from __future__ import annotations

from pydantic import Field

from operations.models.base import AccountId, Moment, Schema, Uuid


class InsightsQuery(Schema):
    """Days are those of the account's own zone."""

    account_id: AccountId
    days: int = Field(default=365, ge=1, le=366)


class DayCount(Schema):
    """What went out on a day, which is written 2026-11-28."""

    day: str
    posts: int
    reposts: int


class LatePost(Schema):
    """A planned post, and how long after its time it was on Instagram."""

    post_id: Uuid
    due_at: Moment
    late_ms: int


class StairStep(Schema):
    """Up to and with this day of a login at most so many reposts go out a day."""

    until_day: int
    reposts: int


class WarmUp(Schema):
    """The first thirty days of a login; `used` has a number for each day until today."""

    started_at: Moment
    day: int
    steps: list[StairStep]
    daily_limit: int
    used: list[int]
    complete: bool


class Insights(Schema):
    """`days` are those on which anything went out, the oldest first; `mentionsByHour` has seven
    weekdays from Monday on, of 24 hours each, over 90 days; `isCut` says that there was more than
    is counted."""

    timezone: str
    since: str
    days: list[DayCount]
    mentions_by_hour: list[list[int]]
    lateness: list[LatePost]
    warm_up: WarmUp | None
    is_cut: bool
