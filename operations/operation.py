"""How an act is declared: what it takes and gives, whom it concerns, and how it may be refused."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, Required, TypedDict, TypeVar, Unpack

from pydantic import BaseModel

from ground.refusal import ErrorCode
from operations.actor import Actor
from operations.attempt import Attempt
from operations.resources import Resource
from operations.scopes import InsufficientScope, Scope
from storage.store import Database

if TYPE_CHECKING:
    from operations.house import House
    from operations.once import Once

Given = TypeVar("Given", bound=BaseModel | None)
M = TypeVar("M", bound=BaseModel)


class Kind(Enum):
    """`read` and `write` are pure functions of the database; `act` may wait for Instagram."""

    READ = "read"
    WRITE = "write"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Ask(Generic[Given]):
    """One call of an operation: everything that is named in it belongs to the actor.

    `id` is the resource that the operation is about (`Operation.on`), `given` the validated
    input, `now` the moment in which all of it happens, `attempt` what is told beside the answer.
    """

    actor: Actor
    house: House
    now: datetime
    given: Given
    id: str = ""
    attempt: Attempt = field(default_factory=Attempt)
    once: Once | None = None

    def done(self, db: Database, answer: M) -> M:
        """Return an act's answer, kept in the transaction of the effect that ends the act.

        After a crash a caller that repeats it gets that answer, where the effect is there.
        """
        if self.once is not None:
            self.once.keep(db, answer)
        return answer

    async def amended(self, answer: M) -> M:
        """Return an answer that says more than what `done` has kept; that is kept in its place."""
        if self.once is not None:
            await self.house.store.write(self.once.amend, answer)
        return answer

    @property
    def user_id(self) -> str:
        """The user whose data this is about."""
        return self.actor.user_id


Run = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One act. `on` is the kind of resource that its `id` names; `glances` says of a read that it
    takes a few rows by an index and needs no thread (see `Store.glance`); `machine_only` that no
    face offers it over a network, because what it gives is for whoever holds the machine."""

    run: Run
    kind: Kind
    scope: Scope
    gives: type[BaseModel]
    takes: type[BaseModel] | None = None
    on: Resource | None = None
    refuses: tuple[ErrorCode, ...] = ()
    glances: Callable[[Any], bool] = lambda _given: False
    machine_only: bool = False

    def check(self, actor: Actor) -> None:
        """Raise `InsufficientScope` unless the actor may have this done at all."""
        actor.require(self.scope)
        if self.machine_only and not actor.holds_machine:
            raise InsufficientScope("This is for whoever holds the machine", self.scope)

    @property
    def name(self) -> str:
        """Its name on every face, such as `publish_post`."""
        return self.run.__name__

    @property
    def doc(self) -> str:
        """What it does, for people: the first paragraph is a summary."""
        return inspect.getdoc(self.run) or ""


class _Declaration(TypedDict, total=False):
    """What may be said of any operation, see `Operation`."""

    scope: Required[Scope]
    takes: type[BaseModel]
    on: Resource
    refuses: Iterable[ErrorCode]
    machine_only: bool


class _Reading(_Declaration, total=False):
    glances: Callable[[Any], bool]


def read(
    gives: type[M], **declaration: Unpack[_Reading]
) -> Callable[[Callable[[Database, Ask[Any]], M]], Operation]:
    """Declare a function of the database that changes nothing; all it reads is of one moment."""
    return _declared(Kind.READ, gives, **declaration)


def write(
    gives: type[M], **declaration: Unpack[_Declaration]
) -> Callable[[Callable[[Database, Ask[Any]], M]], Operation]:
    """Declare a function of the database that changes it: all of it, or nothing."""
    return _declared(Kind.WRITE, gives, **declaration)


def act(
    gives: type[M], **declaration: Unpack[_Declaration]
) -> Callable[[Callable[[Ask[Any]], Awaitable[M]]], Operation]:
    """Declare an async function that may wait for Instagram, files or a child process."""
    return _declared(Kind.ACT, gives, **declaration)


def _declared(kind: Kind, gives: type[BaseModel], **declaration: Any) -> Callable[[Run], Operation]:
    refuses = tuple(declaration.pop("refuses", ()))

    def declare(run: Run) -> Operation:
        return Operation(run=run, kind=kind, gives=gives, refuses=refuses, **declaration)

    return declare
