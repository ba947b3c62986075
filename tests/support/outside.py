"""The daemon as a process for synchronous tools, its sandbox running in a thread beside them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal

from api.session_cookie import COOKIE_NAME, session_cookies
from sandbox import open_sandbox
from storage import api_keys, browser_sessions
from storage.browser_sessions import BrowserSession
from tests.support.clock import TestClock
from tests.support.process import environment, running
from tests.support.studio import open_studio

# What changes by itself, by being asked, or beside a request that is refused.
_BOOKKEEPING = {"api_keys", "browser_sessions", "facts"}


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A running daemon with one account that is logged in, and two ways to be let in."""

    url: str
    key: str
    cookie: str
    account_id: str
    database: Path
    pid: int
    log: Path

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    @property
    def cookie_header(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE_NAME}={self.cookie}"}

    def rows(self) -> dict[str, list[Any]]:
        """Return all that is stored but for bookkeeping, by table."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            return {
                name: db.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()
                for (name,) in tables
                if name not in _BOOKKEEPING
            }

    def peak_memory(self) -> int:
        """Return the most bytes of memory the daemon ever held at once."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024


@contextmanager
def outside(directory: Path, keys: Path, **variables: str) -> Iterator[Outside]:
    """Run the daemon with these environment variables until the block ends."""
    with (
        start_blocking_portal("trio") as portal,
        portal.wrap_async_context_manager(_open(directory, keys, variables)) as daemon,
    ):
        yield daemon


@asynccontextmanager
async def _open(directory: Path, keys: Path, variables: dict[str, str]) -> AsyncIterator[Outside]:
    async with open_sandbox(keys) as sandbox:
        async with open_studio(sandbox, TestClock(), directory) as studio:
            core, now = studio.core, studio.core.clock.now()
            _, key = await core.store.write(
                api_keys.create, user_id=core.owner.id, name="test", now=now
            )
            code = await core.store.write(
                browser_sessions.create_code, user_id=core.owner.id, now=now
            )
            session = await core.store.write(browser_sessions.redeem_code, code, now)
            assert isinstance(session, BrowserSession)
            cookies = await core.store.write(session_cookies, core.vault, 0)
        env = environment(
            directory, sandbox, RATE_LIMIT_RPM="1000000", RATE_LIMIT_RPH="1000000", **variables
        )
        async with running(env, directory / "log") as daemon:
            yield Outside(
                url=daemon.url,
                key=key,
                cookie=cookies.sign(session),
                account_id=studio.account.id,
                database=core.settings.database,
                pid=daemon.process.pid,
                log=daemon.log,
            )
        unknown = sandbox.ledger.unknown
        assert unknown == [], f"Instagram has nothing there: {unknown}"
