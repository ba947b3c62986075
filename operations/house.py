"""What operations work with, and the one way in which any face has one done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

import trio
from pydantic import BaseModel

from accounts.token_logins import TokenLogins
from ground.clock import Clock
from ground.refusal import Refusal
from operations.actor import Actor
from operations.attempt import Attempt
from operations.feed import Feed
from operations.once import Once, Running, discard, once_for
from operations.operation import Ask, Kind, Operation
from operations.resources import check_named, check_owner
from storage.events import asked_via
from storage.store import Database, Store

if TYPE_CHECKING:
    from accounts.client_options import OptionsDesk
    from accounts.logins import LoginDesk
    from accounts.sessions import SessionDesk
    from accounts.tokens import TokenCare
    from cloud.desk import CloudDesk
    from cloud.exchange import Exchange
    from cloud.probing import Probe
    from cloud.recalls import Recalls
    from operations.arriving import ImportDesk
    from operations.trial import SandboxDesk
    from publish.advice import Adviser
    from publish.doubts import Doubts
    from publish.library import MediaLibrary
    from publish.media_links import MediaLinks
    from publish.preparation import Preparation
    from publish.removal import Remover
    from repost.engine import RepostEngine
    from storage.files import MediaFolder
    from storage.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The engines and desks of one data directory, as operations use them."""

    store: Store
    vault: Vault
    clock: Clock
    logins: LoginDesk
    options: OptionsDesk
    tokens: TokenCare
    engine: RepostEngine
    library: MediaLibrary
    remover: Remover
    doubts: Doubts
    links: MediaLinks
    adviser: Adviser
    preparation: Preparation
    folder: MediaFolder
    feed: Feed
    cloud: CloudDesk
    probe: Probe
    exchange: Exchange
    recalls: Recalls
    sessions: SessionDesk
    trial: SandboxDesk
    arrivals: ImportDesk
    app_version: str
    # What `reprise doctor` finds, as it prints it.
    examine: Callable[[], Awaitable[dict[str, Any]]]

    running: Running = field(default_factory=Running)
    token_logins: TokenLogins = field(default_factory=TokenLogins)

    async def perform(
        self,
        operation: Operation,
        actor: Actor,
        given: BaseModel | None = None,
        target: str = "",
        attempt: Attempt | None = None,
    ) -> Any:
        """Have an operation done and return its answer (an `operation.gives`).

        `target` is the operation's `id`. Raises `InsufficientScope` where the actor may not have
        it done. Everything that it and `given` name is looked up by its owner then; raises
        `NotFound` where it is not the actor's, and otherwise what the operation refuses with.

        What changes something, under the key of an `attempt`, is done once: later attempts have
        the answer of the first, also when it was refused.
        """
        operation.check(actor)
        if operation.on is not None:
            target = target.lower()  # so its ids are stored, and to RFC 9562 they are the same
        attempt, now = attempt or Attempt(), self.clock.now()
        once = None
        if operation.kind is not Kind.READ:
            once = await once_for(operation, attempt, self.vault, actor, given, target, now)
        ask = Ask(actor, self, now, given, target, attempt, once)
        if operation.kind is Kind.READ:
            read = self.store.glance if operation.glances(given) else self.store.read
            return await read(lambda db: self._checked(db, operation, ask))
        with asked_via(actor.via):
            match operation.kind:
                case Kind.WRITE:
                    return await self._write(operation, ask)
                case Kind.ACT:
                    return await self._act_alone(operation, ask)
            assert_never(operation.kind)

    async def _write(self, operation: Operation, ask: Ask[Any]) -> Any:
        def run(db: Database) -> Any:
            return self._checked(db, operation, ask)

        if ask.once is None:
            return await self.store.write(run)
        return _answer(await self.store.write(ask.once.within, run))

    async def _act_alone(self, operation: Operation, ask: Ask[Any]) -> Any:
        """Do an act, or return what an earlier attempt under its key came to."""
        once = ask.once
        if once is None:
            return await self._act(operation, ask)
        try:
            with self.running.alone(once):
                if (kept := await self.store.glance(once.found)) is not None:
                    return _answer(kept)
                return await self._act_kept(operation, ask, once)
        finally:
            with trio.CancelScope(shield=True):
                await discard(ask.given)

    async def _act_kept(self, operation: Operation, ask: Ask[Any], once: Once) -> Any:
        try:
            answer = await self._act(operation, ask)
        except Exception as error:
            if (refused := once.refusal(error)) is not None:
                await self.store.write(once.keep_refusal, refused)
            raise
        if not once.is_kept:
            with trio.CancelScope(shield=True):  # it is done, whoever has left meanwhile
                await self.store.write(once.keep, answer)
        return answer

    async def _act(self, operation: Operation, ask: Ask[Any]) -> Any:
        if operation.on is not None or ask.given is not None:
            await self.store.glance(self._check_named, operation, ask)
        return await operation.run(ask)

    def _checked(self, db: Database, operation: Operation, ask: Ask[Any]) -> Any:
        self._check_named(db, operation, ask)
        return operation.run(db, ask)

    def _check_named(self, db: Database, operation: Operation, ask: Ask[Any]) -> None:
        if operation.on is not None:
            check_owner(db, ask.actor, operation.on, [ask.id])
        check_named(db, ask.actor, ask.given)


def _answer(kept: BaseModel | Refusal) -> BaseModel:
    if isinstance(kept, Refusal):
        raise kept
    return kept
