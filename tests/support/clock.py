"""A wall clock that tests own: it moves when told, and then at its own pace of real time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class TestClock:
    """Real time plus an offset, so that both the product and the sandbox can be moved on."""

    __test__ = False

    def __init__(self) -> None:
        self._offset = timedelta()
        self._passed_s = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def seconds(self) -> float:
        """The same moment as the sandbox wants it."""
        return time.time() + self._offset.total_seconds()

    def passed(self) -> float:
        """Seconds that go on in a machine that is asleep, and that setting a clock leaves alone."""
        return time.monotonic() + self._passed_s

    def advance(self, step: timedelta) -> None:
        """Let time pass in which nothing runs; back, it is set only."""
        self.set_on(step)
        self._passed_s += max(0.0, step.total_seconds())

    def set_on(self, step: timedelta) -> None:
        """Set the wall clock; no time passes."""
        self._offset += step


class SteppedClock(TestClock):
    """A clock that only moves when told: months pass in the time that the work takes."""

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self._now = start

    def now(self) -> datetime:
        return self._now

    def seconds(self) -> float:
        return self._now.timestamp()

    def set_on(self, step: timedelta) -> None:
        self._now += step

    def tick(self) -> float:
        """Move on by what a request takes, and return the moment in seconds."""
        self.advance(timedelta(seconds=2))
        return self.seconds()
