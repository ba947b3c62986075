"""What takes the whole of the data: exporting it, and copying the database for a backup."""

from __future__ import annotations

import trio

from ground.refusal import ErrorCode
from operations import models
from operations.operation import Ask, act, read
from operations.scopes import Scope
from storage import copies, document
from storage.store import Database


@read(
    models.Exported,
    scope=Scope.LOGINS_WRITE,
    takes=models.ExportRequest,
    machine_only=True,
)
def export_document(db: Database, ask: Ask[models.ExportRequest]) -> models.Exported:
    """Return everything of the user as one document; secrets only where they are asked for."""
    vault = ask.house.vault if ask.given.with_secrets else None
    return models.Exported(document=document.export(db, ask.user_id, ask.now, vault))


@act(
    models.DatabaseCopy,
    scope=Scope.LOGINS_WRITE,
    refuses=[ErrorCode.SERVICE_UNAVAILABLE],
    machine_only=True,
)
async def copy_database(ask: Ask[None]) -> models.DatabaseCopy:
    """Copy the database as it is at one moment, and check the copy.

    Whoever asked moves it away; what is left of an asker that broke off goes with the next start.
    """
    copy = ask.house.library.scratch()
    await trio.to_thread.run_sync(copies.copy_database, ask.house.store.path, copy)
    return models.DatabaseCopy(path=str(copy))
