"""A request that waits at Instagram until the test says go: what happens meanwhile is the test."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio

from sandbox.wire.fault_kinds import Kind
from sandbox.wire.message import Exchange, Response


@dataclass(frozen=True)
class Paused:
    """A fault: the request has `reached` Instagram, and is answered after `go`."""

    then: Kind | None = None
    reached: trio.Event = field(default_factory=trio.Event)
    go: trio.Event = field(default_factory=trio.Event)

    async def answer(self, exchange: Exchange) -> Response:
        self.reached.set()
        await self.go.wait()
        return await (exchange.perform() if self.then is None else self.then.answer(exchange))
