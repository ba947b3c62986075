"""The record of one delivery on its way: each change is committed before the call returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from ground.clock import Clock
from storage import deliveries
from storage.deliveries import Delivery, Piece, Step
from storage.store import Store


class DeliveryRecord:
    """One open delivery; `row` is what is committed."""

    def __init__(self, store: Store, row: Delivery, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.row = row

    @property
    def step(self) -> Step:
        return self.row.step

    async def advance(self, step: Step, **changes: object) -> None:
        """Commit a step with what is known at it."""
        self.row = await self._store.write(
            deliveries.advance, self.row.id, step, self._clock.now(), **changes
        )

    async def save_pieces(self, pieces: Sequence[Piece], **changes: object) -> None:
        """Commit how far the files have come, with what else changed at once."""
        made = [asdict(piece) for piece in pieces]
        await self.advance(self.row.step, pieces=made, **changes)

    async def start_over(self) -> None:
        """Commit that what was prepared at Instagram is worthless now."""
        self.row = await self._store.write(deliveries.start_over, self.row.id, self._clock.now())
