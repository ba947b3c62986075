"""What can go wrong on the way: connections that break or hang, answers that are not what they say.

`faults` decides whom one of these meets; the refusals in `failures` and `graph_failures` are
kinds as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import trio

from sandbox.wire.message import Data, Ending, Exchange, Fields, Filler, Response


class Kind(Protocol):
    """What goes wrong. It gets the request, and decides whether its effect happens."""

    async def answer(self, exchange: Exchange) -> Response: ...


@dataclass(frozen=True, slots=True)
class Hang:
    """Never answer, until the peer leaves or the sandbox closes."""

    after_effect: bool = False

    async def answer(self, exchange: Exchange) -> Response:
        if self.after_effect:
            await exchange.perform()
        return Response(ending=Ending.HANG)


@dataclass(frozen=True, slots=True)
class Reset:
    """Cut the connection with a TCP reset instead of an answer."""

    after_effect: bool = False

    async def answer(self, exchange: Exchange) -> Response:
        if self.after_effect:
            await exchange.perform()
        return Response(ending=Ending.RESET)


@dataclass(frozen=True, slots=True)
class ClosedMidBody:
    """Do what was asked, send the head and half of the answer's body, and close."""

    async def answer(self, exchange: Exchange) -> Response:
        response = await exchange.perform()
        return replace(response, sends=response.body.length // 2)


@dataclass(frozen=True, slots=True)
class Truncated:
    """Send only the first bytes of a body that was announced to be longer, and close."""

    bytes: int

    async def answer(self, exchange: Exchange) -> Response:
        response = await exchange.perform()
        announced = max(response.body.length, self.bytes + 1)
        return replace(response, sends=self.bytes, announces=announced)


@dataclass(frozen=True, slots=True)
class Oversized:
    """Send so many bytes instead of the file, with or without saying beforehand how many."""

    bytes: int
    announced: bool = True

    async def answer(self, exchange: Exchange) -> Response:
        response = await exchange.perform()
        return replace(response, status=200, body=Filler(self.bytes), has_length=self.announced)


@dataclass(frozen=True, slots=True)
class BrokenUpload:
    """Take in only the first bytes of what the request carries, and reset the connection."""

    bytes: int

    async def answer(self, exchange: Exchange) -> Response:
        exchange.request.body.truncate(self.bytes)
        await exchange.perform()
        return Response(ending=Ending.RESET)


@dataclass(frozen=True, slots=True)
class Body:
    """Send other content under the status 200."""

    content: bytes
    content_type: str = "application/octet-stream"
    headers: Fields = ()

    async def answer(self, exchange: Exchange) -> Response:
        await exchange.perform()
        said = (("content-type", self.content_type), *self.headers)
        return Response(200, Data(self.content), said)


@dataclass(frozen=True, slots=True)
class Garbled:
    """Do what was asked, and answer what is not packed as its head says."""

    encoding: str = "zstd"

    async def answer(self, exchange: Exchange) -> Response:
        await exchange.perform()
        return Response(200, Data(b"not packed"), (("content-encoding", self.encoding),))


@dataclass(frozen=True, slots=True)
class Slow:
    """Send the body at so many bytes per second of real time."""

    bytes_per_second: float

    async def answer(self, exchange: Exchange) -> Response:
        return replace(await exchange.perform(), bytes_per_second=self.bytes_per_second)


@dataclass(frozen=True, slots=True)
class Delay:
    """Do and answer what was asked so many seconds of real time later."""

    seconds: float

    async def answer(self, exchange: Exchange) -> Response:
        await trio.sleep(self.seconds)
        return await exchange.perform()


@dataclass(frozen=True, slots=True)
class DelayedEffect:
    """Reset the connection now and do what was asked so many seconds later all the same."""

    seconds: float

    async def answer(self, exchange: Exchange) -> Response:
        exchange.later(self.seconds)
        return Response(ending=Ending.RESET)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the client somewhere else; what was asked is done before, or not at all."""

    location: str
    after_effect: bool = False

    async def answer(self, exchange: Exchange) -> Response:
        if self.after_effect:
            await exchange.perform()
        return Response(302, headers=(("location", self.location),))
