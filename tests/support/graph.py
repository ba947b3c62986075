"""Accounts with a token of the official API, and what Meta has of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.world.graph_account import GraphAccount, LoginMethod
from sandbox.world.published import Published
from storage import accounts, secrets
from storage.accounts import Account
from storage.secrets import AccountSecret
from storage.store import Database
from tests.support.clock import TestClock
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio

PUBLIC = "https://media.example"


@asynccontextmanager
async def serve_publicly(
    sandbox: Sandbox, clock: TestClock, directory: Path, **settings: Any
) -> AsyncIterator[Served]:
    """A served daemon whose media Meta can fetch; its account has no Private API login."""
    settings.setdefault("public_url", PUBLIC)
    async with (
        open_studio(sandbox, clock, directory, logged_in=False, **settings) as studio,
        serve_studio(studio) as served,
    ):
        sandbox.world.map_public_url(PUBLIC, served.url)
        yield served


async def connect(
    served: Served, login_method: LoginMethod = "instagram", *, account: Account | None = None
) -> GraphAccount:
    """Give an account, the studio's by default, a token of the official API."""
    studio = served.studio
    account = account or studio.account
    person = studio.sandbox.world.find_person(username=account.username)
    assert person is not None
    graph = studio.sandbox.world.connect_graph(person, login_method=login_method)
    expires = graph.expires_at

    def keep(db: Database) -> None:
        token = AccountSecret.ACCESS_TOKEN
        secrets.put(db, studio.core.vault, account.id, token, graph.token)
        accounts.change(
            db,
            account.id,
            ig_user_id=graph.ig_user_id,
            login_method=login_method,
            token_expires_at=datetime.fromtimestamp(expires, UTC) if expires else None,
        )

    await studio.core.store.write(keep)
    return graph


def published(served: Served) -> list[Published]:
    """Return what is live of the studio's account."""
    return served.studio.sandbox.world.published(served.studio.person)


async def another(
    served: Served, username: str, login_method: LoginMethod = "instagram"
) -> tuple[Account, GraphAccount]:
    """Connect one more account, by its token alone."""
    core = served.studio.core
    served.studio.sandbox.world.add_person(username)
    account = await core.store.write(
        accounts.add, user_id=core.owner.id, username=username, now=core.clock.now()
    )
    graph = await connect(served, login_method, account=account)
    return await core.store.read(accounts.get, account.id), graph
