"""Faults on demand: what shall go wrong, with which requests, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Protocol

import trio

from sandbox.failures import (
    Status,
    challenge_required,
    checkpoint_required,
    consent_required,
    feedback_required,
    login_required,
    please_wait,
    throttled,
)
from sandbox.message import Data, Ending, Exchange, Filler, Request, Response

__all__ = [
    "Body",
    "ClosedMidBody",
    "Delay",
    "DelayedEffect",
    "Fault",
    "FaultHandle",
    "Faults",
    "Hang",
    "Kind",
    "Oversized",
    "Redirect",
    "Reset",
    "Slow",
    "Status",
    "Truncated",
    "challenge_required",
    "checkpoint_required",
    "consent_required",
    "feedback_required",
    "login_required",
    "please_wait",
    "throttled",
]


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
class Body:
    """Send other content under the status 200."""

    content: bytes
    content_type: str = "application/octet-stream"

    async def answer(self, exchange: Exchange) -> Response:
        await exchange.perform()
        return Response(200, Data(self.content), (("content-type", self.content_type),))


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
    """Send the client somewhere else, without doing what was asked."""

    location: str

    async def answer(self, exchange: Exchange) -> Response:
        return Response(302, headers=(("location", self.location),))


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault and the requests it meets: those that match everything given.

    `path` is any part of a request's path. The first `skip` matching requests are let
    through, then `times` are met, or all of them if that is None.
    """

    kind: Kind
    path: str = ""
    host: str | None = None
    method: str | None = None
    account: str | None = None
    times: int | None = 1
    skip: int = 0

    def meets(self, request: Request, account: str | None) -> bool:
        return (
            self.path in request.path
            and self.host in (None, request.host)
            and self.method in (None, request.method)
            and self.account in (None, account)
        )

    @property
    def name(self) -> str:
        """The kind as the ledger and the control interface call it."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self.kind).__name__).lower()


class FaultHandle:
    """An added fault: how often it struck, and how to take it back."""

    def __init__(self, fault: Fault, owner: Faults) -> None:
        self.fault = fault
        self.hits = 0
        self._owner = owner
        self._to_skip = fault.skip

    def remove(self) -> None:
        """Take the fault back; does nothing the second time."""
        self._owner.discard(self)

    def strikes(self, request: Request, account: str | None) -> bool:
        """Whether this fault meets this request, counting it if so."""
        if not self.fault.meets(request, account):
            return False
        if self._to_skip:
            self._to_skip -= 1
            return False
        if self.fault.times is not None and self.hits >= self.fault.times:
            return False
        self.hits += 1
        return True


class Faults:
    """The faults in force. A request is met by the first one, in order of adding, that strikes."""

    def __init__(self) -> None:
        self.active: list[FaultHandle] = []

    def add(self, fault: Fault) -> FaultHandle:
        handle = FaultHandle(fault, self)
        self.active.append(handle)
        return handle

    def clear(self) -> None:
        """Take all faults back. Connections that hang already stay as they are."""
        self.active.clear()

    def discard(self, handle: FaultHandle) -> None:
        if handle in self.active:
            self.active.remove(handle)

    def strike(self, request: Request, account: str | None) -> Fault | None:
        """The fault that meets this request, if any."""
        for handle in self.active:
            if handle.strikes(request, account):
                return handle.fault
        return None
