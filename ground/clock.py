"""Time as every floor takes it: the hour, the pace, and the time that passed, in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import trio


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is and how fast to live.

    `now` is wall time, for what must survive a restart and for people; it may step. `monotonic`
    counts seconds that really passed, for deadlines inside the process. `pace` stretches the
    pauses of a person: 1.0 in life, 0.0 in a sandbox.
    """

    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = trio.current_time
    pace: float = field(default=1.0, kw_only=True)

    def paced(self, pause: timedelta) -> timedelta:
        """Return how long a pause of a person lasts at this clock's pace."""
        return pause * self.pace
