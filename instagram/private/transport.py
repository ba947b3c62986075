"""Requests of the Private API: reads share warm connections, a write has one of its own."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import httpx
import zstandard
from aiograpi.httpx_ext import CurlPrivateSession
from aiograpi.transports import CurlH2Transport
from curl_cffi import CurlOpt
from httpx._decoders import SUPPORTED_DECODERS, ZStandardDecoder

from instagram.hour import InstagramsClock
from instagram.repair import readable

# aiograpi gives every client of httpx's a decoder whose errors are no `httpx.HTTPError`.
SUPPORTED_DECODERS["zstd"] = ZStandardDecoder

# No answer of Instagram's comes near it.
MOST_BYTES = 32 * 1024 * 1024
_OF_PACKING = (b"content-encoding", b"content-length")
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class BoundedTransport(CurlH2Transport):
    """aiograpi's curl transport that takes no answer larger than `MOST_BYTES`, packed or not."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._curl_options[CurlOpt.MAXFILESIZE_LARGE] = MOST_BYTES

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = await super().handle_async_request(request)
        if not _leads_somewhere(answer.headers.get("location", "")):
            # httpx would say that the address is none, as it does before anything is sent.
            del answer.headers["location"]
        packing = answer.headers.get("content-encoding", "").strip().lower()
        if packing in ("", "identity"):
            return answer
        try:
            packed = b"".join([chunk async for chunk in answer.aiter_raw()])
            content = _unpacked(packed, packing)
        except (zlib.error, zstandard.ZstdError, ValueError) as error:
            raise httpx.DecodingError(f"packed in an odd way: {error}", request=request) from error
        headers = [(k, v) for k, v in answer.headers.raw if k.lower() not in _OF_PACKING]
        return httpx.Response(
            answer.status_code, headers=headers, content=content, extensions=answer.extensions
        )


def _leads_somewhere(location: str) -> bool:
    try:
        where = httpx.URL(location)
    except httpx.InvalidURL:
        return False
    return bool(where.host) or not where.scheme


class SingleSendTransport(BoundedTransport):
    """aiograpi's curl transport that never sends a write twice.

    libcurl silently repeats a request, POSTs included, when a reused connection dies before
    the answer: one lost answer would make two stories. On a fresh connection it does not, so
    every request that is not a GET gets a connection of its own, closed afterwards.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            response: httpx.Response = await super().handle_async_request(request)
            return response
        once = BoundedTransport(proxy=self._proxy, verify=self._verify)
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


def _unpacked(body: bytes, packing: str) -> bytes:
    """Return what was packed once, in a way that is known; raises what says that it was not.

    A hundred bytes may be gigabytes: no more is unpacked than an answer may be.
    """
    if packing == "zstd":
        reader = zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True)
        content = reader.read(MOST_BYTES + 1)
    elif packing in ("gzip", "deflate"):
        content = zlib.decompressobj(_GZIP_OR_ZLIB).decompress(body, MOST_BYTES + 1)
    else:
        raise ValueError(packing)
    if len(content) > MOST_BYTES:
        raise ValueError("there is no end of it")
    return content
