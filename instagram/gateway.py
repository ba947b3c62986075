"""All Private API traffic of the daemon: one `PrivateApi` per account, behind one proxy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import trio

from instagram import app_version
from instagram.client import PrivateClient
from instagram.door import AccountDoor
from instagram.download import download
from instagram.errors import InstagramError
from instagram.keeper import LoginKeeper
from instagram.private_api import PrivateApi
from instagram.trust import Trust


class PrivateGateway:
    """Makes and keeps the accounts' Private APIs. Used inside `open_instagram_loop`."""

    def __init__(
        self,
        nursery: trio.Nursery,
        *,
        keeper: LoginKeeper,
        trust: Trust,
        proxy: str | None,
        pace: float,
    ) -> None:
        self._nursery = nursery
        self._keeper = keeper
        self._trust = trust
        self._proxy = proxy
        self._pace = pace
        self._doors: dict[str, AccountDoor] = {}
        self._media = httpx.AsyncClient(
            proxy=proxy, verify=trust.context, trust_env=False, timeout=30, follow_redirects=False
        )
        self.requests: Counter[tuple[str, str]] = Counter()  # by what was asked and its result

    def account(self, account_id: str) -> PrivateApi:
        """Return the Private API of one account; makes no request."""
        if account_id not in self._doors:
            self._doors[account_id] = AccountDoor(
                account_id,
                keeper=self._keeper,
                build_client=self._build_client,
                nursery=self._nursery,
                requests=self.requests,
            )
        return PrivateApi(self._doors[account_id], self._download)

    async def forget(self, account_id: str) -> None:
        """Drop what is in memory of an account, after its credentials changed or went.

        A call that is running is not waited for; its connections are closed after it.
        """
        door = self._doors.pop(account_id, None)
        if door is not None:
            self._nursery.start_soon(door.close, name="private-api-close")

    async def newest_app_version(self) -> str | None:
        """Look up the newest Instagram app version known; None when that fails."""
        return await app_version.newest(self._media)

    async def close(self) -> None:
        """Close every connection."""
        for door in self._doors.values():
            await door.close()
        await self._media.aclose()

    async def _build_client(self, session: Mapping[str, Any] | None) -> PrivateClient:
        def build() -> PrivateClient:
            return PrivateClient(
                session=session, proxy=self._proxy, trust=self._trust, pace=self._pace
            )

        return await trio.to_thread.run_sync(build)  # building takes milliseconds of CPU

    async def _download(self, url: str, target: Path, user_agent: str) -> int:
        try:
            size = await download(self._media, url, target, user_agent=user_agent)
        except InstagramError as error:
            self.requests["download", type(error).__name__] += 1
            raise
        self.requests["download", "ok"] += 1
        return size
