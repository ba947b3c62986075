"""What a clock that was wrong leaves behind: a time is believed only as far as it can be true.

A clock that goes ahead writes times that lie in the future once it is set right. Nothing happened
in the future: such a time counts as now, and what was to follow it follows from now.
"""

from __future__ import annotations

from datetime import datetime, timedelta

# So far ahead two honest clocks may be of each other, and a clock of itself when it is adjusted.
SLACK = timedelta(minutes=5)


def is_ahead(at: datetime, now: datetime) -> bool:
    """Say whether something that has happened bears a time that has not come."""
    return at - now > SLACK


def is_recent(at: datetime, now: datetime, within: timedelta) -> bool:
    """Say whether `at` is less than `within` ago; a time that has not come never is."""
    return not is_ahead(at, now) and now - at < within


def is_awaited(until: datetime | None, set_at: datetime, now: datetime, longest: timedelta) -> bool:
    """Say whether something waits until a time that a clock which may be right has set.

    `longest` is as far ahead as such a time can be.
    """
    return until is not None and now < until <= now + longest and not is_ahead(set_at, now)
