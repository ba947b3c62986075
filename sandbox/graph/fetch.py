"""The fetching of photos and videos from the addresses that callers of the Graph API give."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import trio

from sandbox.graph.failures import GraphRefusal
from sandbox.world.world import World

_HEADERS = {
    "user-agent": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
}
_MOST_REDIRECTS = 5


async def fetch(world: World, url: str, target: Path, *, largest: int, too_large: str) -> None:
    """Write what is at a public address to a new file.

    Addresses are mapped as `world.map_public_url` says, and followed over HTTP and HTTPS only.

    Raises:
        GraphRefusal: it cannot be had, not in time, or is larger than `largest` bytes; the last
            is said with the error `too_large`.
    """
    with trio.move_on_after(world.graph.fetch_timeout_s) as limit:
        try:
            async with httpx.AsyncClient(
                trust_env=False,
                timeout=world.graph.fetch_timeout_s,
                headers=_HEADERS,
                # Reading the machine's certificates takes long, and few addresses need them.
                verify=world.graph.fetched_from(url).startswith("https:"),
            ) as client:
                await _follow(client, world, url, target, largest, too_large)
        except httpx.TimeoutException:
            raise GraphRefusal("download_timeout") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            message = f"The media could not be fetched: {error}"
            raise GraphRefusal("not_fetchable", message) from None
    if limit.cancelled_caught:
        raise GraphRefusal("download_timeout")


def check_url(url: object) -> str:
    """A public address.

    Raises:
        GraphRefusal: it is none.
    """
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise GraphRefusal("not_fetchable")
    return str(url)


async def _follow(
    client: httpx.AsyncClient, world: World, url: str, target: Path, largest: int, too_large: str
) -> None:
    for _ in range(_MOST_REDIRECTS + 1):
        async with client.stream("GET", world.graph.fetched_from(url)) as response:
            if not response.has_redirect_location:
                await _save(response, target, largest, too_large)
                return
            url = check_url(urljoin(url, response.headers["location"]))
    raise GraphRefusal("not_fetchable", "The media's address redirects too often.")


async def _save(response: httpx.Response, target: Path, largest: int, too_large: str) -> None:
    is_page = response.headers.get("content-type", "").startswith("text/")
    if response.status_code != 200 or is_page:
        raise GraphRefusal("not_fetchable", f"The media's address answers {response.status_code}.")
    received = 0
    with target.open("xb") as file:
        async for piece in response.aiter_bytes():
            received += len(piece)
            if received > largest:
                raise GraphRefusal(too_large)
            file.write(piece)
