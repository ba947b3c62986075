"""How commands reach the data: the store directly, and the running daemon over its own API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from api.session_cookie import COOKIE_NAME
from daemon import data_dir
from daemon.cli.failure import Failed, Refused
from daemon.clock import utc_now
from daemon.main import session_cookies
from daemon.settings import Settings
from storage import accounts, browser_sessions, secrets, users
from storage.accounts import Account
from storage.store import Database, open_directly, transaction
from storage.users import User
from storage.vault import Vault, load_vault

_SESSION_FOR = timedelta(minutes=30)
_NO_LIMIT = httpx.Timeout(10, read=1800)


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Database, User]]:
    """Open the store of the data directory for one command, with its owner."""
    data_dir.prepare(settings.data_dir)
    with open_directly(settings.database) as db:
        with transaction(db):
            owner = users.ensure_owner(db, utc_now())
        yield db, owner


def vault_for(db: Database, settings: Settings) -> Vault:
    """Return the vault that opens what the database holds; raises `Unusable`."""
    vault = load_vault(settings.data_dir, may_create=not secrets.any_sealed(db))
    secrets.check_key(db, vault)
    return vault


def account_named(db: Database, username: str) -> Account:
    """Return the connected account of that name; raises `Failed`."""
    found = accounts.by_username(db, username.lstrip("@"))
    if found is None:
        raise Failed(
            f"@{username} is not connected; `reprise account add --username {username}` first"
        )
    return found


@dataclass(frozen=True, slots=True)
class DaemonApi:
    """The running daemon's API, used with a session of our own."""

    client: httpx.Client

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call `POST /api/v1<path>`; raises `Failed` with the API's message."""
        return self.call("POST", path, body)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call `method /api/v1<path>`; raises `Refused` with the API's message and code."""
        try:
            response = self.client.request(method, f"/api/v1{path}", json=body)
            answer: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Failed(f"The daemon does not answer ({type(error).__name__})") from None
        if response.is_error:
            raise Refused(f"{answer.get('error')} [{answer.get('code')}]", str(answer.get("code")))
        return answer


@contextmanager
def running_daemon(settings: Settings) -> Iterator[DaemonApi | None]:
    """Yield the API of the daemon that uses the data directory, or None when none runs."""
    daemon = data_dir.running(settings.data_dir)
    if daemon is None:
        yield None
        return
    with opened(settings) as (db, owner), transaction(db):
        session = browser_sessions.create(
            db, user_id=owner.id, now=utc_now(), lifetime=_SESSION_FOR
        )
        cookie = session_cookies(db, vault_for(db, settings)).sign(session)
    client = httpx.Client(
        base_url=daemon.url,
        cookies={COOKIE_NAME: cookie},
        timeout=_NO_LIMIT,
        trust_env=False,
    )
    try:
        with client:
            yield DaemonApi(client)
    finally:
        with opened(settings) as (db, _), transaction(db):
            browser_sessions.end(db, session.id, utc_now())
