"""Trying Reprise: a sandbox beside the real thing, for whoever has all of the machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import trio

from ground.changes import Subject
from ground.refusal import ErrorCode
from operations import models
from operations.machine import require_owner
from operations.operation import Ask, act
from operations.scopes import Scope
from storage import events
from storage.store import Database


class Stage(StrEnum):
    """How far a sandbox is."""

    NOT_OFFERED = "notOffered"
    NONE = "none"
    OPENING = "opening"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TrialState:
    """How far it is; `until` is when it ends by itself, `reason` why there is none any more."""

    stage: Stage
    since: datetime | None = None
    until: datetime | None = None
    reason: str | None = None

    def at(self, stage: Stage) -> TrialState:
        """Return the same, that far."""
        return replace(self, stage=stage)


class SandboxDesk(Protocol):
    """Who opens and ends the one sandbox of a daemon."""

    @property
    def state(self) -> TrialState: ...

    async def begin(self) -> TrialState: ...

    async def end(self) -> TrialState: ...

    async def enter(self) -> str: ...

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None: ...


@act(models.TriedSandbox, scope=Scope.SYSTEM_READ, refuses=[ErrorCode.NOT_FOUND])
async def get_sandbox(ask: Ask[None]) -> models.TriedSandbox:
    """Say whether a sandbox is open beside this daemon; for the owner (additive)."""
    await require_owner(ask)
    return _shown(ask.house.trial.state)


@act(
    models.TriedSandbox,
    scope=Scope.ACCOUNTS_WRITE,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS, ErrorCode.SERVICE_UNAVAILABLE],
)
async def begin_sandbox(ask: Ask[None]) -> models.TriedSandbox:
    """Begin to open a sandbox: a simulated Instagram and a Reprise with data of its own (additive).

    For the owner. There is one at most, nothing in it reaches Instagram or this daemon's data, and
    it ends after four hours, with the daemon, or when it is asked to.
    """
    await require_owner(ask)
    before = ask.house.trial.state.stage
    begun = await ask.house.trial.begin()
    if begun.stage is Stage.OPENING and before is not Stage.OPENING:
        await ask.house.store.write(_record, ask, "BEGUN")
    return _shown(begun)


@act(models.TriedSandbox, scope=Scope.ACCOUNTS_WRITE, refuses=[ErrorCode.NOT_FOUND])
async def end_sandbox(ask: Ask[None]) -> models.TriedSandbox:
    """End the sandbox with all that is in it; for the owner (additive)."""
    await require_owner(ask)
    before = ask.house.trial.state.stage
    ended = await ask.house.trial.end()
    if before in (Stage.OPENING, Stage.OPEN):
        await ask.house.store.write(_record, ask, "ENDED")
    return _shown(ended)


@act(
    models.SandboxLink,
    scope=Scope.ACCOUNTS_WRITE,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS],
)
async def enter_sandbox(ask: Ask[None]) -> models.SandboxLink:
    """Return a link to the sandbox's page that works once, on this machine; for the owner
    (additive)."""
    await require_owner(ask)
    return models.SandboxLink(url=await ask.house.trial.enter())


def _record(db: Database, ask: Ask[None], state: str) -> None:
    events.record(
        db, Subject.SANDBOX, "sandbox", state, user_id=ask.user_id, account_id=None, now=ask.now
    )


def _shown(state: TrialState) -> models.TriedSandbox:
    return models.TriedSandbox(
        state=state.stage.value, since=state.since, until=state.until, reason=state.reason
    )
