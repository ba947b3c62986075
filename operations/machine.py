"""The machine, for its owner; and the browsers that are signed in, for whomever they are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from stat import S_ISREG
from typing import Any

import trio

from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.operation import Ask, act, read, write
from operations.scopes import Scope, scopes_of
from storage import browser_sessions, copies, users
from storage.copies import kept_copies, made_at
from storage.store import Database


@read(models.SignedInBrowsers, scope=Scope.KEYS_READ)
def list_browsers(db: Database, ask: Ask[None]) -> models.SignedInBrowsers:
    """List the browsers that are signed in, the newest first (additive)."""
    found = browser_sessions.of_user(db, ask.user_id, ask.now)
    return models.SignedInBrowsers(
        browsers=[
            models.SignedInBrowser(
                name=browser_sessions.name_of(each.id),
                device=each.device,
                scopes=each.scopes,
                account_ids=each.account_ids,
                created_at=each.created_at,
                expires_at=each.expires_at,
                is_this=each.id == ask.actor.session_id,
            )
            for each in found
        ]
    )


@write(
    models.Success,
    scope=Scope.KEYS_WRITE,
    takes=models.BrowserName,
    refuses=[ErrorCode.NOT_FOUND],
)
def sign_browser_out(db: Database, ask: Ask[models.BrowserName]) -> models.Success:
    """Sign a browser out, whatever cookie it still has (additive)."""
    for each in browser_sessions.of_user(db, ask.user_id, ask.now):
        if browser_sessions.name_of(each.id) == ask.given.session:
            browser_sessions.end(db, each.id, ask.now)
            return models.Success()
    raise Refusal(ErrorCode.NOT_FOUND, "No browser is signed in by that name")


@write(models.LoginCode, scope=Scope.KEYS_WRITE, takes=models.LoginCodeRequest)
def invite_browser(db: Database, ask: Ask[models.LoginCodeRequest]) -> models.LoginCode:
    """Make a code that signs another browser in, once, within five minutes (additive).

    For browsers, as making keys is; it gives no more than whoever asks may do themselves.
    """
    asked = ask.given
    ask.actor.require_grant(scopes_of(asked.scopes), asked.account_ids)
    code = browser_sessions.create_code(
        db,
        user_id=ask.user_id,
        now=ask.now,
        scopes=asked.scopes,
        account_ids=asked.account_ids,
    )
    return models.LoginCode(code=code)


@act(models.MachineFindings, scope=Scope.SYSTEM_READ, refuses=[ErrorCode.NOT_FOUND])
async def examine_machine(ask: Ask[None]) -> models.MachineFindings:
    """Check what `reprise doctor --offline` does, from within; for the owner (additive)."""
    await require_owner(ask)
    return models.MachineFindings.model_validate(await ask.house.examine())


@act(models.Room, scope=Scope.SYSTEM_READ, refuses=[ErrorCode.NOT_FOUND])
async def get_room(ask: Ask[None]) -> models.Room:
    """Say what takes room on the disk, and how much is free; for the owner (additive)."""
    await require_owner(ask)
    return await trio.to_thread.run_sync(_room, ask.house.store.path, ask.house.folder.root)


@act(models.KeptCopies, scope=Scope.SYSTEM_READ, refuses=[ErrorCode.NOT_FOUND])
async def list_copies(ask: Ask[None]) -> models.KeptCopies:
    """List the copies of the database that are kept, the newest first; for the owner (additive)."""
    await require_owner(ask)
    return await trio.to_thread.run_sync(_copies, ask.house.store.path)


@act(
    models.KeptCopies,
    scope=Scope.ACCOUNTS_WRITE,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.SERVICE_UNAVAILABLE],
)
async def make_copy(ask: Ask[None]) -> models.KeptCopies:
    """Keep one more copy of the database now, checked; for the owner (additive).

    None is given up for it: upkeep does that with the next daily one.
    """
    await require_owner(ask)
    path = ask.house.store.path
    made = await trio.to_thread.run_sync(_kept, path, ask)
    await ask.house.store.write(lambda db: ask.done(db, made))
    return made


async def require_owner(ask: Ask[Any]) -> None:
    """Raise `Refusal` unless all of the machine is the actor's."""
    ask.actor.require_grant(ask.actor.scopes, None)
    user = await ask.house.store.glance(users.get, ask.user_id)
    if user.name is not None:
        raise Refusal(ErrorCode.NOT_FOUND, "That is for the owner of this machine")


def _kept(path: Path, ask: Ask[None]) -> models.KeptCopies:
    copies.keep_copy(path, len(kept_copies(path)) + 1, ask.now)
    return _copies(path)


def _copies(database: Path) -> models.KeptCopies:
    found = []
    for copy in kept_copies(database):
        at = made_at(copy)
        if at is not None and (size := _size(copy)) is not None:
            found.append(models.KeptCopy(name=copy.name, made_at=at, size=size))
    return models.KeptCopies(copies=found)


def _room(database: Path, folder: Path) -> models.Room:
    sizes = [
        size
        for parent, _, names in os.walk(folder)
        for name in names
        if (size := _size(Path(parent, name))) is not None
    ]
    beside = (database, database.with_name(f"{database.name}-wal"))
    return models.Room(
        files=len(sizes),
        media=sum(sizes),
        database=sum(_size(each) or 0 for each in beside),
        copies=sum(each.size for each in _copies(database).copies),
        free=shutil.disk_usage(database.parent).free,
    )


def _size(path: Path) -> int | None:
    """Return how large a file is, None where there is none: uploads come and go meanwhile."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size if S_ISREG(found.st_mode) else None
