"""When a queue at the Worker is heard again: soon where something of it is due, else seldom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import trio

from ground.clock import Clock
from storage.handovers import CloudLane

# Nothing to wait for in a sandbox, but a little.
LEAST_PACE = 0.02
_EVERY_S = 300.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 900.0
_SOON_S = (3.0, 5.0, 10.0, 20.0, 30.0, 60.0)


class Turns:
    """Keeps them by lane."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pace = max(clock.pace, LEAST_PACE)
        self._next_at: dict[str, float] = {}
        # How often in a row nothing came of what was due.
        self._in_vain: dict[str, int] = {}
        # How often in a row it was not answered for.
        self._failures: dict[str, int] = {}

    def in_order(
        self, lanes: Sequence[tuple[CloudLane, datetime | None]]
    ) -> list[tuple[CloudLane, datetime | None]]:
        """Return the lanes that may be asked for now, those that were answered for last first."""
        now = trio.current_time()
        asked = [
            each
            for each in lanes
            if each[0].lane not in self._failures or now >= self._next_at.get(each[0].lane, 0.0)
        ]
        return sorted(asked, key=lambda each: self._failures.get(each[0].lane, 0))

    def failed(self, lane: CloudLane) -> int:
        """Note that a lane was not answered for: it rests longer each time.

        Returns how many there are of which that is so.
        """
        tries = self._failures.get(lane.lane, 0)
        self._failures[lane.lane] = tries + 1
        pause_s = min(FIRST_PAUSE_S * 2 ** min(tries, 10), LONGEST_PAUSE_S)
        self._next_at[lane.lane] = trio.current_time() + self._pace * pause_s
        return len(self._failures)

    def has_come(self, lane: CloudLane, due: datetime | None) -> bool:
        """Say whether a lane is to be heard now; `due` is when the next of it is, if any is."""
        if not lane.is_heard:
            return True
        if due is None:
            self._next_at.pop(lane.lane, None)
            return False
        return trio.current_time() >= self._next_at.get(lane.lane, 0.0)

    def heard(self, lane: CloudLane, has_news: bool, due: datetime | None) -> None:
        """Note that a lane was heard, and when the next of it is due now."""
        self._failures.pop(lane.lane, None)
        self._in_vain[lane.lane] = 0 if has_news else self._in_vain.get(lane.lane, 0) + 1
        self._next_at[lane.lane] = trio.current_time() + self._pace * self._pause_s(lane.lane, due)

    def until(self, lanes: Sequence[CloudLane]) -> list[float]:
        """Return in how many seconds the lanes are heard that are to be."""
        now = trio.current_time()
        return [self._next_at[each.lane] - now for each in lanes if each.lane in self._next_at]

    def _pause_s(self, lane: str, due: datetime | None) -> float:
        if due is None:
            return _EVERY_S
        until_s: float = (due - self._clock.now()).total_seconds()
        if until_s > 0:  # which passes at its own pace
            return min(_EVERY_S, until_s / self._pace + _SOON_S[0])
        return _SOON_S[min(self._in_vain[lane], len(_SOON_S) - 1)]
