"""Fetching story media from Instagram's CDN: only its hosts, only https, bounded, to disk."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import trio

from instagram.errors import DownloadFailed

MEDIA_DOMAINS = ("cdninstagram.com", "fbcdn.net")
MAX_BYTES = 100 * 1024 * 1024
TIME_LIMIT_S = 120.0
_REDIRECTS = 3
_CHUNK = 256 * 1024
_ENCODINGS = ("", "identity", "gzip", "deflate")
_LABEL = re.compile("[a-z0-9-]{1,63}")


def check_media_url(url: str) -> httpx.URL:
    """Return the address as it is asked for; raises `DownloadFailed` unless it may be.

    That is https on one of Instagram's media hosts: the address comes out of direct messages,
    which strangers write. What is checked is what is asked for, not the text it was read from.
    """
    try:
        parts = httpx.URL(url)
        host = parts.host.rstrip(".").lower()
    except (httpx.InvalidURL, ValueError, TypeError):
        raise DownloadFailed("The address of the media is malformed", permanent=True) from None
    if len(host) > 253 or not all(map(_LABEL.fullmatch, host.split("."))):
        raise DownloadFailed("The address of the media is malformed", permanent=True)
    known = any(host == domain or host.endswith(f".{domain}") for domain in MEDIA_DOMAINS)
    if parts.scheme != "https" or not known or parts.port is not None or parts.userinfo:
        where = f"{parts.scheme}://{host}"[:100]
        reason = f"The media is not on Instagram's own servers ({where})"
        raise DownloadFailed(reason, permanent=True)
    return parts


def is_media_url(url: str) -> bool:
    """Say whether media may be fetched from there."""
    try:
        check_media_url(url)
    except DownloadFailed:
        return False
    return True


async def download(
    client: httpx.AsyncClient,
    url: str,
    target: Path,
    *,
    user_agent: str,
    max_bytes: int = MAX_BYTES,
    time_limit_s: float = TIME_LIMIT_S,
) -> int:
    """Stream the media at `url` into `target` (mode 0600) and return its size in bytes.

    Leaves no file behind when it raises `DownloadFailed`.
    """
    try:
        with trio.fail_after(time_limit_s):
            return await _fetch(client, url, target, user_agent, max_bytes)
    except trio.TooSlowError:
        reason = f"The media did not arrive within {time_limit_s:.0f} s"
        raise DownloadFailed(reason, permanent=False) from None
    # InvalidURL is no HTTPError, and some addresses are refused only where they are sent.
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        reason = f"The media could not be fetched ({type(error).__name__})"
        raise DownloadFailed(reason, permanent=False) from error


async def _fetch(
    client: httpx.AsyncClient, url: str, target: Path, user_agent: str, max_bytes: int
) -> int:
    for _ in range(_REDIRECTS):
        address = check_media_url(url)
        headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        async with client.stream("GET", address, headers=headers) as response:
            if response.is_redirect:
                url = str(response.next_request.url) if response.next_request else ""
                continue
            _check_answer(response, max_bytes)
            return await _save(response, target, max_bytes)
    raise DownloadFailed("The media redirects too often", permanent=True)


def _check_answer(response: httpx.Response, max_bytes: int) -> None:
    status = response.status_code
    if status != 200:
        raise DownloadFailed(f"Instagram's media server answers {status}", permanent=False)
    # Of any other, and of one within another, a few bytes would be gigabytes.
    if response.headers.get("content-encoding", "").strip().lower() not in _ENCODINGS:
        raise DownloadFailed("Instagram's media server packs it in an odd way", permanent=False)
    length = response.headers.get("content-length", "0")
    if length.isdigit() and len(length) < 20 and int(length) > max_bytes:
        raise DownloadFailed(_too_large(max_bytes), permanent=False)


async def _save(response: httpx.Response, target: Path, max_bytes: int) -> int:
    size = 0
    path = trio.Path(target)
    await path.touch(mode=0o600)
    try:
        async with await path.open("wb") as file:
            async for chunk in response.aiter_bytes(_CHUNK):
                size += len(chunk)
                if size > max_bytes:
                    raise DownloadFailed(_too_large(max_bytes), permanent=False)
                await file.write(chunk)
        if size == 0:
            raise DownloadFailed("Instagram delivered an empty file", permanent=False)
    except BaseException:
        with trio.CancelScope(shield=True):
            await path.unlink(missing_ok=True)
        raise
    return size


def _too_large(max_bytes: int) -> str:
    return f"The media is larger than {max_bytes // (1024 * 1024)} MB"
