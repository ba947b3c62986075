"""What operations work with, and the one way in which any face has one done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ground.clock import Clock
from operations.actor import Actor
from operations.operation import Ask, Kind, Operation
from operations.resources import check_named, check_owner
from storage.store import Database, Store

if TYPE_CHECKING:
    from accounts.client_options import OptionsDesk
    from accounts.logins import LoginDesk
    from accounts.tokens import TokenCare
    from publish.advice import Adviser
    from publish.library import MediaLibrary
    from publish.media_links import MediaLinks
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
    links: MediaLinks
    adviser: Adviser
    folder: MediaFolder
    app_version: str

    async def perform(
        self, operation: Operation, actor: Actor, given: BaseModel | None = None, target: str = ""
    ) -> Any:
        """Have an operation done and return its answer (an `operation.gives`).

        `target` is the operation's `id`. Raises `InsufficientScope` where the actor may not have
        it done. Everything that it and `given` name is looked up by its owner then; raises
        `NotFound` where it is not the actor's, and otherwise what the operation refuses with.
        """
        operation.check(actor)
        ask = Ask(actor=actor, house=self, now=self.clock.now(), given=given, id=target)

        def checked(db: Database) -> Any:
            if operation.on is not None:
                check_owner(db, actor, operation.on, [target])
            check_named(db, actor, given)
            return None if operation.kind is Kind.ACT else operation.run(db, ask)

        if operation.kind is Kind.WRITE:
            return await self.store.write(checked)
        if operation.kind is Kind.READ:
            read = self.store.glance if operation.glances(given) else self.store.read
            return await read(checked)
        if operation.on is not None or given is not None:
            await self.store.glance(checked)
        return await operation.run(ask)
