"""Taking in another tool's data while the daemon runs: first what would come, then all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.machine import require_owner
from operations.operation import Ask, act
from operations.scopes import Scope


class Loose(BaseModel):
    """Files that a face has received whole, in the folder for such: the data and its media.

    `media` are names and files; whoever received them deletes what is left of them.
    """

    path: Path
    name: str
    media: list[tuple[str, Path]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What comes in or has come: rows as new and known, in the order of docs/moving.md."""

    ticket: str
    name: str
    rows: list[tuple[str, int, int]]
    notes: list[str]
    left_out: list[str]


class ImportDesk(Protocol):
    """Who keeps what was uploaded until it is taken in; refuses what is none in one line."""

    async def plan(self, user_id: str, given: Loose) -> Foreseen:
        """Say what would come of the files, and keep them for an hour in place of others."""
        ...

    def foreseen(self, user_id: str) -> Foreseen | None:
        """Return what waits to be taken in, None where nothing does."""
        ...

    async def take(self, user_id: str, ticket: str) -> Foreseen:
        """Take in what waits, all of it or nothing."""
        ...

    def taken(self, user_id: str) -> tuple[Foreseen, datetime] | None:
        """Return what was taken in last, and until when it may be taken back; or None."""
        ...

    async def take_back(self, user_id: str, ticket: str) -> Foreseen:
        """Remove what was taken in, all of it or, where something of it was used, nothing."""
        ...

    async def discard(self, user_id: str) -> None:
        """Give up what waits."""
        ...


@act(
    models.ImportSeen,
    scope=Scope.LOGINS_WRITE,
    takes=Loose,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.VALIDATION_ERROR],
)
async def plan_import(ask: Ask[Loose]) -> models.ImportSeen:
    """Say what would come over from an export or from VoidGram's data; for the owner.

    Nothing is stored. What was read is kept for an hour, for `take_import`.
    """
    await require_owner(ask)
    incoming = ask.house.folder.incoming.resolve()
    for path in (ask.given.path, *(each for _, each in ask.given.media)):
        if path.resolve().parent != incoming:  # whoever asks may not have us read anything else
            raise Refusal(ErrorCode.VALIDATION_ERROR, "That is no file which was received")
    return _shown(await ask.house.arrivals.plan(ask.user_id, ask.given))


@act(models.ImportWaiting, scope=Scope.LOGINS_WRITE, refuses=[ErrorCode.NOT_FOUND])
async def get_import(ask: Ask[None]) -> models.ImportWaiting:
    """Return what waits to be taken in, and what was and can be taken back; for the owner."""
    await require_owner(ask)
    found = ask.house.arrivals.foreseen(ask.user_id)
    taken = ask.house.arrivals.taken(ask.user_id)
    return models.ImportWaiting(
        waiting=None if found is None else _shown(found),
        taken=None if taken is None else _shown(taken[0]),
        taken_back_until=None if taken is None else taken[1],
    )


@act(
    models.ImportSeen,
    scope=Scope.LOGINS_WRITE,
    takes=models.ImportTicket,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.VALIDATION_ERROR],
)
async def take_import(ask: Ask[models.ImportTicket]) -> models.ImportSeen:
    """Take in what waits, all of it or nothing, as `reprise import` does; for the owner.

    What is here stays as it is, and nothing that was due in the past is sent by itself.
    """
    await require_owner(ask)
    return _shown(await ask.house.arrivals.take(ask.user_id, ask.given.ticket))


@act(
    models.ImportSeen,
    scope=Scope.LOGINS_WRITE,
    takes=models.ImportTicket,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS],
)
async def take_import_back(ask: Ask[models.ImportTicket]) -> models.ImportSeen:
    """Remove what the last import brought, within an hour of it; for the owner.

    All of it in one step, or nothing where something of it was used or changed since. What was
    here before stays as it is.
    """
    await require_owner(ask)
    return _shown(await ask.house.arrivals.take_back(ask.user_id, ask.given.ticket))


@act(models.Success, scope=Scope.LOGINS_WRITE, refuses=[ErrorCode.NOT_FOUND])
async def discard_import(ask: Ask[None]) -> models.Success:
    """Give up what waits to be taken in; for the owner."""
    await require_owner(ask)
    await ask.house.arrivals.discard(ask.user_id)
    return models.Success()


def _shown(found: Foreseen) -> models.ImportSeen:
    return models.ImportSeen(
        ticket=found.ticket,
        name=found.name,
        rows=[
            models.ImportRows(name=name, new=new, known=known) for name, new, known in found.rows
        ],
        notes=found.notes,
        left_out=found.left_out,
    )
