"""How commands reach the data: the store directly, and the running daemon over its own API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cli.failure import NOT_RUNNING, Failed, Refused
from cli.output import note, reading, working
from daemon import data_dir
from daemon.clock import utc_now
from daemon.settings import Settings
from storage import accounts, browser_sessions, secrets, users
from storage.accounts import Account
from storage.store import Database, open_directly, transaction
from storage.users import User
from storage.vault import Vault, load_vault

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

_SESSION_FOR = timedelta(minutes=30)
_CONNECT_S = 10.0
_ANSWER_S = 1800.0  # a login or a scan keeps the pauses of a person


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
    secrets.bind(db, vault)
    return vault


def account_named(db: Database, username: str) -> Account:
    """Return the connected account of that name; raises `Failed`."""
    found = accounts.by_username(db, username.lstrip("@"))
    if found is None:
        raise Failed(
            f"@{username} is not connected; `reprise account add --username {username}` first"
        )
    return found


def tell_daemon(settings: Settings) -> None:
    """Tell a person whether a daemon uses the data directory, beside what a command prints."""
    daemon = data_dir.running(settings.data_dir)
    note(f"The daemon runs at {daemon.url} (process {daemon.pid})" if daemon else NOT_RUNNING)


@dataclass(frozen=True, slots=True)
class DaemonApi:
    """The running daemon's API, used with a session of our own."""

    client: httpx.Client

    def get(self, path: str) -> dict[str, Any]:
        """Call `GET /api/v1<path>`; raises `Failed` with the API's message."""
        return self.call("GET", path)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call `POST /api/v1<path>`; raises `Failed` with the API's message."""
        with working("The daemon is at work"):
            return self.call("POST", path, body)

    def upload(self, path: Path) -> dict[str, Any]:
        """Upload a file and return it as the API shows it; raises `Failed` and `OSError`."""
        with reading(path) as file:
            return self._send("POST", "/media/upload", files={"file": (path.name, file)})

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call `method /api/v1<path>`; raises `Refused` with the API's message and code."""
        return self._send(method, path, json=body)

    def _send(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        import httpx

        try:
            response = self.client.request(method, f"/api/v1{path}", **sent)
            answer: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Failed(f"The daemon does not answer ({type(error).__name__})") from None
        if response.is_error:
            raise Refused(f"{answer.get('error')} [{answer.get('code')}]", str(answer.get("code")))
        return answer


@contextmanager
def needed_daemon(settings: Settings) -> Iterator[DaemonApi]:
    """Yield the running daemon's API; raises `Failed` when none runs."""
    with running_daemon(settings) as daemon:
        if daemon is None:
            raise Failed(NOT_RUNNING)
        yield daemon


@contextmanager
def running_daemon(settings: Settings) -> Iterator[DaemonApi | None]:
    """Yield the API of the daemon that uses the data directory, or None when none runs."""
    daemon = data_dir.running(settings.data_dir)
    if daemon is None:
        yield None
        return
    import httpx

    from api.session_cookie import COOKIE_NAME, session_cookies

    with opened(settings) as (db, owner), transaction(db):
        session = browser_sessions.create(
            db, user_id=owner.id, now=utc_now(), lifetime=_SESSION_FOR
        )
        cookie = session_cookies(db, vault_for(db, settings)).sign(session)
    client = httpx.Client(
        base_url=daemon.url,
        cookies={COOKIE_NAME: cookie},
        timeout=httpx.Timeout(_CONNECT_S, read=_ANSWER_S),
        trust_env=False,
    )
    try:
        with client:
            yield DaemonApi(client)
    finally:
        with opened(settings) as (db, _), transaction(db):
            browser_sessions.end(db, session.id, utc_now())
