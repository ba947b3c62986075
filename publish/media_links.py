"""Addresses under which Meta fetches our media: signed, and good only while a delivery is open."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import trio
from itsdangerous import BadSignature, URLSafeSerializer

from ground.clock import Clock
from instagram.errors import AddressUnreached, FetchFailed, MediaUnreachable
from publish.choice import PUBLIC_URL_ADVICE
from storage import deliveries
from storage.files import MediaFolder
from storage.store import Store

logger = logging.getLogger(__name__)

PATH = "/m"
# A container is fetched at once; Instagram forgets it after 24 h.
_OPEN_FOR = timedelta(hours=24)
_CHECK_EVERY_S = 600.0
# A tunnel that restarts at the due minute is there again soon.
_AGAIN_S = (5, 15, 30, 60)


@dataclass(frozen=True, slots=True)
class Linked:
    """The file behind a link."""

    path: Path
    mime_type: str


class Lender(Protocol):
    """Another place from which anybody may fetch a file."""

    async def lend(self, name: str, path: Path, mime_type: str) -> str | None:
        """Put a file there for a day and return its address, None where there is no such place.

        Raises `FetchFailed` where that did not succeed this time, and `MediaUnreachable` where it
        never will.
        """


class MediaLinks:
    """Makes and resolves the links; `public_url` None means that only a lender can have some."""

    def __init__(
        self,
        store: Store,
        folder: MediaFolder,
        clock: Clock,
        *,
        secret: str,
        public_url: str | None,
        behind_proxy: bool,
        lender: Lender | None = None,
    ) -> None:
        """`behind_proxy` says that names of the internet may not resolve from here."""
        self._store = store
        self._folder = folder
        self._clock = clock
        self._signer = URLSafeSerializer(secret, salt="media")
        self._public_url = public_url.rstrip("/") if public_url else None
        self._behind_proxy = behind_proxy
        self._again_s = [wait_s * clock.pace for wait_s in _AGAIN_S]
        self._checked_at: float | None = None  # on the monotonic clock
        self._lender = lender

    @property
    def host(self) -> str | None:
        """The host name of the public address, if there is one."""
        return urlsplit(self._public_url).hostname if self._public_url else None

    def url(self, delivery_id: str, position: int) -> str:
        """Return the address of one file of a delivery."""
        if self._public_url is None:
            raise MediaUnreachable(PUBLIC_URL_ADVICE)
        return f"{self._public_url}{PATH}/{self._signer.dumps([delivery_id, position])}"

    async def checked_url(self, delivery_id: str, position: int) -> str:
        """Return the address; raises when it provably leads nowhere.

        `FetchFailed` where it has led here before, or a lender does not lend now: a tunnel or a
        Worker that is down comes back. `AddressUnreached` where it never did since the start, and
        `MediaUnreachable` where there is none.
        """
        if self._public_url is None and (lent := await self._lent(delivery_id, position)):
            return lent
        url = self.url(delivery_id, position)
        now = self._clock.monotonic()
        if self._checked_at is None or now - self._checked_at > _CHECK_EVERY_S:
            try:
                await self._check_patiently(url)
            except AddressUnreached as error:
                if self._checked_at is None:
                    raise
                raise FetchFailed(error.reason) from None
            self._checked_at = now
        return url

    async def find(self, token: str) -> Linked | None:
        """Return the file behind a signed link, None when it or its open delivery is gone."""
        try:
            delivery_id, position = self._signer.loads(token)
        except (BadSignature, ValueError, TypeError):
            return None
        return await self._linked(delivery_id, position)

    async def _lent(self, delivery_id: str, position: int) -> str | None:
        file = await self._linked(delivery_id, position) if self._lender else None
        if self._lender is None or file is None:
            return None
        return await self._lender.lend(f"{delivery_id}.{position}", file.path, file.mime_type)

    async def _linked(self, delivery_id: str, position: int) -> Linked | None:
        delivery = await self._store.read(deliveries.find, delivery_id)
        if delivery is None or delivery.closed_at is not None:
            return None
        files = delivery.files or []
        if self._clock.now() - delivery.updated_at > _OPEN_FOR or position >= len(files):
            return None
        path = self._folder.path(files[position]["path"])
        if not await trio.Path(path).is_file():
            return None
        return Linked(path, files[position]["mime"])

    async def _check_patiently(self, url: str) -> None:
        for wait_s in self._again_s:
            try:
                await self._check(url)
                return
            except AddressUnreached as error:
                logger.warning("public address not reached error=%s", error.reason)
            await trio.sleep(wait_s)
        await self._check(url)

    async def _check(self, url: str) -> None:
        where = f"REPRISE_PUBLIC_URL ({self._public_url})"
        try:
            # Directly, not through the proxy to Meta: this is our own address.
            async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
                answer = await client.head(url)
        except httpx.ConnectError as error:
            if not (self._behind_proxy and _is_unresolved(error)):
                raise AddressUnreached(
                    f"Nothing answers at {where}. {PUBLIC_URL_ADVICE}"
                ) from error
        except (httpx.HTTPError, OSError) as error:
            # Some routers do not let a machine reach its own public address: Meta will tell.
            logger.warning("public address not checked error=%s", type(error).__name__)
        else:
            if answer.status_code != 200:
                raise AddressUnreached(
                    f"{where} answers {answer.status_code} for our media: it leads somewhere "
                    f"else. {PUBLIC_URL_ADVICE}"
                )


def _is_unresolved(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, socket.gaierror):
            return True
        error = error.__cause__ or error.__context__
    return False
