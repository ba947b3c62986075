"""Requests of the Private API: reads share warm connections, a write has one of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from aiograpi.httpx_ext import CurlPrivateSession
from aiograpi.transports import CurlH2Transport

from instagram.hour import InstagramsClock
from instagram.repair import readable


class SingleSendTransport(CurlH2Transport):
    """aiograpi's curl transport that never sends a write twice.

    libcurl silently repeats a request, POSTs included, when a reused connection dies before
    the answer: one lost answer would make two stories. On a fresh connection it does not, so
    every request that is not a GET gets a connection of its own, closed afterwards.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            response: httpx.Response = await super().handle_async_request(request)
            return response
        once = CurlH2Transport(proxy=self._proxy, verify=self._verify)
        try:
            response = await once.handle_async_request(request)
        finally:
            await once.aclose()
        return response


class PrivateSession(CurlPrivateSession):
    """aiograpi's private HTTP session on `SingleSendTransport`, trusting one CA bundle."""

    _client: httpx.AsyncClient | None

    def __init__(self, bundle: Path, hour: InstagramsClock) -> None:
        """`hour` hears what time each answer tells."""
        self._bundle = str(bundle)
        self._hour = hour
        super().__init__(verify=self._bundle)

    async def request(self, *args: Any, **kwargs: Any) -> httpx.Response:
        """Send a request; the JSON of its answer is repaired before anybody reads it."""
        answer: httpx.Response = await super().request(*args, **kwargs)
        self._hour.hear(answer.headers.get("date"))
        return readable(answer)

    def set_verify(self, verify: object) -> None:
        """Keep the bundle: aiograpi would hand over what httpx uses, which curl cannot."""

    def _set_client(self) -> None:
        old = self._client
        self._client = httpx.AsyncClient(
            transport=SingleSendTransport(proxy=self._proxy, verify=self._bundle),
            follow_redirects=False,
            trust_env=False,
            cookies=old.cookies if old is not None else None,
        )
        if old is not None:
            self._retired_clients.append(old)
