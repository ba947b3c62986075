"""The sandbox's clock, which moves on when it is told to."""

from __future__ import annotations

from collections.abc import Callable


class MovingClock:
    """Seconds since 1970 by another clock, and as many more as were asked for."""

    def __init__(self, base: Callable[[], float]) -> None:
        self._base = base
        self.ahead = 0.0

    def __call__(self) -> float:
        return self._base() + self.ahead

    def move_on(self, seconds: float) -> None:
        """Let so many seconds have passed; time never goes back."""
        self.ahead += max(0.0, seconds)
