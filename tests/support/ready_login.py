"""A login that is there already: what a real one left behind, put into a studio's store.

A login takes eight requests, and most tests are about what comes after it. The one that is copied
was made by the real client, against a sandbox of its own, once in each process.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.core import Core
from sandbox import Sandbox, open_sandbox
from sandbox.world.person import Person
from storage import credentials, secrets
from storage.accounts import Account
from storage.credentials import SavedLogin
from storage.secrets import AccountSecret
from storage.store import Database

Make = Callable[[Sandbox, Path], Awaitable[SavedLogin]]


@dataclass(frozen=True, slots=True)
class _Left:
    """The session that a login left, as text, and whose it was."""

    text: str
    session_id: str
    pk: str

    def as_of(self, session_id: str, pk: int) -> Mapping[str, Any]:
        """Return what the same login would have left to somebody else."""
        text = self.text.replace(self.session_id, session_id).replace(self.pk, str(pk))
        session: Mapping[str, Any] = json.loads(text)
        return session


_left: list[_Left] = []


async def log_in(
    core: Core, sandbox: Sandbox, account: Account, person: Person, make: Make
) -> None:
    """Let an account be logged in, without a request; `make` makes the login that is copied."""
    if not _left:
        _left.append(await _real(make))
    opened = sandbox.world.sessions.open(person)
    session = _left[0].as_of(opened.id, person.pk)

    def keep(db: Database) -> None:
        assert person.password is not None
        credentials.save_login(
            db,
            core.vault,
            account_id=account.id,
            username=person.username,
            private_pk=str(person.pk),
            session=session,
            now=core.clock.now(),
        )
        secrets.put(db, core.vault, account.id, AccountSecret.PASSWORD, person.password)

    await core.store.write(keep)


async def _real(make: Make) -> _Left:
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        async with open_sandbox(directory / "sandbox") as sandbox:
            saved = await make(sandbox, directory)
    who = saved.session["authorization_data"]
    return _Left(json.dumps(saved.session), who["sessionid"], who["ds_user_id"])
