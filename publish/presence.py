"""When the daemon was off or asleep, by a clock that nobody sets: a clock step is no absence."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from ground.clock import Clock, boot_id
from storage import facts
from storage.errors import Unavailable
from storage.store import Store

# It gives a sign of life with every look at the clock; without one for so long, it did not run.
_LAPSE = timedelta(minutes=2)
# How often that is stored. After a crash the absence is taken for longer by at most this.
_STORE_EVERY_S = 300.0


@dataclass(frozen=True, slots=True)
class Absence:
    """A time without the daemon: when it ended, by either clock, and how long it was."""

    ended_at: datetime
    ended_s: float
    lasted: timedelta


class Presence:
    """The absences of one daemon: before its start, and whenever its machine slept."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        boot: str | None = None,
    ) -> None:
        """`boot`: which start of the machine the clock's `passed` counts from, if not this one."""
        self._store = store
        self._clock = clock
        self._boot = boot_id() if boot is None else boot
        self._absences: deque[Absence] = deque(maxlen=100)
        self._seen_at = self._stored_at = clock.passed()

    async def begin(self) -> None:
        """Learn how long nobody was there, and be there from now on."""
        before = await self._store.read(facts.recall, facts.SEEN_ALIVE)
        self._note(self._since(before))
        self._seen_at = self._clock.passed()
        await self._keep()

    async def is_alive(self) -> None:
        """Give a sign of life."""
        passed = self._clock.passed()
        gap = timedelta(seconds=passed - self._seen_at)
        self._seen_at = passed
        if gap > _LAPSE:
            self._note(gap)
        if passed - self._stored_at >= _STORE_EVERY_S:
            await self._keep()

    async def end(self) -> None:
        """Note that nobody will be there from now on, as exactly as the disk allows."""
        with suppress(Unavailable):
            await self._keep()

    def missed_for(self, due: datetime) -> timedelta:
        """Return for how much of the time since `due` nobody was there."""
        now, passed = self._clock.now(), self._clock.passed()
        missed = timedelta()
        for absence in self._absences:
            # The wall clock may have been set since, either way: the earlier end holds.
            ago = timedelta(seconds=passed - absence.ended_s)
            late = min(absence.ended_at, now - ago) - due
            missed += max(timedelta(), min(absence.lasted, late))
        return missed

    def _note(self, lasted: timedelta) -> None:
        self._absences.append(Absence(self._clock.now(), self._clock.passed(), lasted))

    async def _keep(self) -> None:
        value = f"{self._boot} {int(self._clock.passed())}"
        await self._store.write(facts.learn, facts.SEEN_ALIVE, value, self._clock.now())
        self._stored_at = self._clock.passed()

    def _since(self, before: facts.Fact | None) -> timedelta:
        if before is None:
            return timedelta.max  # an earlier version stored none: the wall clock has to do
        boot, _, seconds = before.value.rpartition(" ")
        if boot and boot == self._boot and seconds.isdecimal():
            return timedelta(seconds=max(0.0, self._clock.passed() - int(seconds)))
        # Another boot, or another machine: nothing but the wall clock tells.
        return max(timedelta(), self._clock.now() - before.at)
