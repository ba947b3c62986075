"""All Private API traffic of the daemon: one `PrivateApi` per account, behind one proxy."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx
import trio

from ground.clock import Clock
from instagram import errors
from instagram.download import download
from instagram.hour import InstagramsClock
from instagram.private import app_version
from instagram.private.api import PrivateApi
from instagram.private.client import PrivateClient
from instagram.private.door import AccountDoor
from instagram.private.keeper import LoginKeeper
from instagram.private.options import ClientOptions, is_loopback
from instagram.private.translation import RAISED
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
        clock: Clock,
        hour: InstagramsClock,
    ) -> None:
        """`hour` hears what time each answer tells."""
        self._nursery = nursery
        self._keeper = keeper
        self._trust = trust
        self._proxy = proxy
        self._clock = clock
        self._hour = hour
        self._doors: dict[str, AccountDoor] = {}
        # The clients for downloads by the daemon's own way: media come as everything else does.
        self._media: dict[str | None, httpx.AsyncClient] = {}
        self.requests: Counter[tuple[str, str]] = Counter()  # by what was asked and its result

    @property
    def default_proxy(self) -> str | None:
        """The proxy of accounts that have none of their own. A secret."""
        return self._proxy

    @property
    def their_time(self) -> datetime | None:
        """Instagram's own time, None where no answer has told it since the start."""
        return self._hour.now()

    def account(self, account_id: str) -> PrivateApi:
        """Return the Private API of one account; makes no request."""
        if account_id not in self._doors:
            self._doors[account_id] = AccountDoor(
                account_id,
                keeper=self._keeper,
                build_client=partial(self._build_client, account_id),
                nursery=self._nursery,
                requests=self.requests,
            )
        return PrivateApi(self._doors[account_id], partial(self._download, account_id))

    def newcomer(self, account_id: str, options: ClientOptions) -> PrivateApi:
        """Return the Private API of an account that is not here yet, for the step that brings it.

        It is reached as `options` say from its first request on. Nothing of it is kept here.
        """
        door = AccountDoor(
            account_id,
            keeper=self._keeper,
            build_client=partial(self._build_with, options),
            nursery=self._nursery,
            requests=self.requests,
        )
        return PrivateApi(door, partial(self._download, account_id))

    async def forget(self, account_id: str) -> None:
        """Drop what is in memory of an account, after its credentials changed or went.

        A call that is running is not waited for; the next one begins anew. The door stays:
        whoever holds it must not meet a second one.
        """
        door = self._doors.get(account_id)
        if door is not None:
            door.outdate()
            self._nursery.start_soon(door.close, name="private-api-close")

    async def newest_app_version(self) -> str | None:
        """Look up the newest Instagram app version known; None when that fails."""
        return await app_version.newest(self._media_client(self._proxy))

    async def close(self) -> None:
        """Close every connection."""
        for door in self._doors.values():
            await door.close()
        for client in self._media.values():
            await client.aclose()

    def allows_proxy(self, proxy: str | None) -> bool:
        """Say whether an account may use that proxy: without pauses only one of this machine."""
        return proxy is None or self._clock.pace > 0 or is_loopback(proxy)

    async def _build_client(
        self, account_id: str, session: Mapping[str, Any] | None
    ) -> PrivateClient:
        return await self._build_with(await self._keeper.options(account_id), session)

    async def _build_with(
        self, options: ClientOptions, session: Mapping[str, Any] | None
    ) -> PrivateClient:
        proxy = self._way(options.proxy)

        def build() -> PrivateClient:
            return PrivateClient(
                session=session,
                options=replace(options, proxy=proxy),
                trust=self._trust,
                clock=self._clock,
                hour=self._hour,
            )

        try:
            return await trio.to_thread.run_sync(build)  # building takes milliseconds of CPU
        except RAISED as raised:
            raise errors.LoginStopped(
                "This client cannot be built from the account's saved session, locale and "
                "timezone: set those anew, or log in again"
            ) from raised

    def _way(self, own: str | None) -> str | None:
        if not self.allows_proxy(own):
            raise errors.Refused(
                "REPRISE_PACE = 0 is only for a sandbox: the account's own proxy must then be an "
                "address of this machine"
            )
        way = own or self._proxy
        # Names are resolved by the proxy: curl would ask the local resolver with socks5.
        return way.replace("socks5://", "socks5h://", 1) if way else way

    async def _download(self, account_id: str, url: str, target: Path, user_agent: str) -> int:
        # Only `PrivateApi.download` gets here, through the account's door.
        proxy = self._way((await self._keeper.options(account_id)).proxy)
        try:
            async with self._media_by(proxy) as client:
                size = await download(client, url, target, user_agent=user_agent)
        except errors.InstagramError as error:
            self.requests["download", type(error).__name__] += 1
            raise
        self.requests["download", "ok"] += 1
        return size

    @asynccontextmanager
    async def _media_by(self, proxy: str | None) -> AsyncIterator[httpx.AsyncClient]:
        if proxy == self._way(None):
            yield self._media_client(proxy)
            return
        # Of accounts' own there are any number over the years, each with a password in it.
        async with self._new_media_client(proxy) as client:
            yield client

    def _media_client(self, proxy: str | None) -> httpx.AsyncClient:
        if proxy not in self._media:
            self._media[proxy] = self._new_media_client(proxy)
        return self._media[proxy]

    def _new_media_client(self, proxy: str | None) -> httpx.AsyncClient:
        # Shared by all accounts of a proxy: a cookie would tell that they are one person's.
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        return httpx.AsyncClient(
            cookies=no_cookies,
            proxy=proxy,
            verify=self._trust.context,
            trust_env=False,
            timeout=30,
            follow_redirects=False,
        )
