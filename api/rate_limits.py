"""Requests per key: a minute's and an hour's window, the stricter one wins (contract §7)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ground.clock import Clock

MINUTE_S = 60
HOUR_S = 3600
_KEPT = 10_000


@dataclass(slots=True)
class _Window:
    """Requests since `started`; it begins with the first request after the last one ended."""

    limit: int
    length_s: int
    started: float = -math.inf
    used: int = 0

    def roll(self, now: float) -> None:
        if now >= self.started + self.length_s:
            self.started = now
            self.used = 0

    def reset_s(self, now: float) -> int:
        return max(1, math.ceil(self.started + self.length_s - now))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may go on, and the headers that its answer carries either way."""

    allowed: bool
    retry_after_s: int
    headers: dict[str, str] = field(default_factory=dict)


class RateLimits:
    """Buckets by key, in memory. A refused request uses nothing up."""

    def __init__(self, per_minute: int, per_hour: int, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[_Window, _Window]] = {}
        self.change(per_minute, per_hour)

    def change(self, per_minute: int, per_hour: int) -> None:
        """Set other limits; what a key has used so far stays used."""
        self._per_minute = per_minute
        self._per_hour = per_hour
        self._policy = f"{per_minute};w={MINUTE_S}, {per_hour};w={HOUR_S}"
        for windows in self._buckets.values():
            for window, limit in zip(windows, (per_minute, per_hour), strict=True):
                window.limit = limit

    def take(self, key_id: str) -> Verdict:
        """Count one request of a key."""
        now = self._clock.monotonic()
        windows = self._bucket(key_id)
        for window in windows:
            window.roll(now)
        full = [window for window in windows if window.used >= window.limit]
        if not full:
            for window in windows:
                window.used += 1
        # The window nearest to exhaustion is the one a client must mind; when several are
        # exhausted, the one that lasts longest.
        tightest = min(windows, key=lambda w: (w.limit - w.used, -w.reset_s(now)))
        reset_s = tightest.reset_s(now)
        headers = {
            "RateLimit-Limit": str(tightest.limit),
            "RateLimit-Remaining": str(max(0, tightest.limit - tightest.used)),
            "RateLimit-Reset": str(reset_s),
            "RateLimit-Policy": self._policy,
        }
        return Verdict(not full, reset_s, headers)

    def _bucket(self, key_id: str) -> tuple[_Window, _Window]:
        # Last used last, so that the oldest can be dropped: keys are few, memory is bounded.
        bucket = self._buckets.pop(key_id, None) or (
            _Window(self._per_minute, MINUTE_S),
            _Window(self._per_hour, HOUR_S),
        )
        self._buckets[key_id] = bucket
        if len(self._buckets) > _KEPT:
            del self._buckets[next(iter(self._buckets))]
        return bucket
