"""Faults on demand: what shall go wrong, with which requests, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.graph.failures import graph_error
from sandbox.private.failures import (
    Status,
    challenge_required,
    checkpoint_required,
    consent_required,
    feedback_required,
    login_required,
    please_wait,
    throttled,
)
from sandbox.wire.fault_kinds import (
    Body,
    BrokenUpload,
    ClosedMidBody,
    Delay,
    DelayedEffect,
    Garbled,
    Hang,
    Kind,
    Oversized,
    Redirect,
    Reset,
    Slow,
    Truncated,
)
from sandbox.wire.message import Request

__all__ = [
    "Body",
    "BrokenUpload",
    "ClosedMidBody",
    "Delay",
    "DelayedEffect",
    "Fault",
    "FaultHandle",
    "Faults",
    "Garbled",
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
    "graph_error",
    "login_required",
    "please_wait",
    "throttled",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault and the requests it meets: those that match everything given.

    `path` is any part of a request's path, `path_end` its end (`/media` is not
    `/media_publish`). The first `skip` matching requests are let
    through, then `times` are met, or all of them if that is None.
    """

    kind: Kind
    path: str = ""
    path_end: str = ""
    host: str | None = None
    method: str | None = None
    account: str | None = None
    times: int | None = 1
    skip: int = 0

    def meets(self, request: Request, account: str | None) -> bool:
        return (
            self.path in request.path
            and request.path.endswith(self.path_end)
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
