"""What time it is at Instagram: every answer of its says so, and no clock of ours can be surer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ground.clock import Clock

# Before and after that it is no time that a server of Instagram's can have.
_FIRST, _LAST = datetime(2010, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class InstagramsClock:
    """Instagram's time as its last answer told it, kept going by seconds that nobody can set."""

    def __init__(self, clock: Clock) -> None:
        self._passed: Callable[[], float] = clock.passed
        self._told: tuple[datetime, float] | None = None

    def hear(self, date: str | None) -> None:
        """Take the `Date` of an answer; one that is none changes nothing."""
        told = told_by(date)
        if told is not None:
            self._told = (told, self._passed())

    def now(self) -> datetime | None:
        """Return the time there, None where no answer has come since the start."""
        if self._told is None:
            return None
        at, measured = self._told
        return at + timedelta(seconds=max(0.0, self._passed() - measured))


def told_by(date: str | None) -> datetime | None:
    """Return the time that a `Date` header says, None where it says none that can be true."""
    try:
        told = parsedate_to_datetime(date or "")
        if told.tzinfo is None:
            return None
        told = told.astimezone(UTC)  # the last hour of the year 9999 is beyond it elsewhere
    except (ValueError, OverflowError):
        return None
    return told if _FIRST < told < _LAST else None
