"""Time as every floor takes it: the hour, the pace, and the time that passed, in one value."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trio

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def since_boot() -> float:
    """Return seconds that nobody can set; those in which the machine slept count too."""
    # On macOS it is CLOCK_MONOTONIC that goes on in sleep.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def boot_id() -> str:
    """Return what tells this boot of the machine from others, "" where nothing does."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is and how fast to live.

    `now` is wall time, for what must survive a restart and for people; it may step. `monotonic`
    counts seconds that really passed, for deadlines inside the process; `passed` those that passed
    since the machine was started, sleep too. Nobody can set either. `pace` stretches the pauses of
    a person: 1.0 in life, 0.0 in a sandbox.
    """

    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = trio.current_time
    passed: Callable[[], float] = field(default=since_boot, kw_only=True)
    pace: float = field(default=1.0, kw_only=True)
    # What lets it run ahead; for a sandbox's page alone.
    move_on: Callable[[timedelta], None] | None = field(default=None, kw_only=True)

    def paced(self, pause: timedelta) -> timedelta:
        """Return how long a pause of a person lasts at this clock's pace."""
        return pause * self.pace


class Ahead:
    """A clock that may run ahead of this machine's: a sandbox's, where tomorrow comes when asked.

    To whoever reads it the machine has slept meanwhile.
    """

    def __init__(self) -> None:
        self._by = timedelta()

    def now(self) -> datetime:
        """Return the moment, as `utc_now`."""
        return utc_now() + self._by

    def passed(self) -> float:
        """Return seconds, as `since_boot`."""
        return since_boot() + self._by.total_seconds()

    def move_on(self, by: timedelta) -> None:
        """Let so much time have passed."""
        self._by += max(by, timedelta())
