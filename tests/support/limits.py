"""How long tests wait for what must come: only a deadlock takes as long on the busiest machine.

No test measures by it. What must be quick is proved by what happens meanwhile, not by a clock.
"""

from __future__ import annotations

import trio

DEADLOCK_S = 100.0


class Pauses:
    """What lies between two looks of a test at the API: a moment, and then ever more.

    A key has a hundred requests a minute, which looks would use up on a busy machine.
    """

    def __init__(self) -> None:
        self._next_s = 0.02

    async def take(self) -> None:
        await trio.sleep(self._next_s)
        self._next_s = min(2.0, self._next_s * 1.2)
