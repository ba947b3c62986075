"""One try of one message: bounded in time and size, and never led elsewhere."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from urllib.parse import urlsplit

import httpcore
import trio

from webhooks.guard import GuardedBackend
from webhooks.targets import TargetRefused, Targets

TIMEOUT_S = 15.0
_CONNECT_S = 5.0
_READ_AT_MOST = 64 * 1024
_SHOWN = 1024
_AGENT = f"Reprise-Webhooks/{version('reprise')}"
_PATIENCE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Told:
    """How a try ended. `status` is None where nobody answered; `words` is the start of the answer,
    or why there was none; `wait_s` what the receiver asked to wait; `is_unknown` says that it may
    have been taken all the same."""

    status: int | None
    words: str
    wait_s: int | None = None
    is_unknown: bool = False

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Messenger:
    """Sends messages over one pool of connections. Use it as an async context."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets

    async def __aenter__(self) -> Messenger:
        return self

    async def __aexit__(self, *_: object) -> None:
        if "_pool" in vars(self):
            await self._pool.aclose()

    @cached_property
    def _pool(self) -> httpcore.AsyncConnectionPool:
        # Not before there is a message: reading the system's certificates takes 30 ms and 2 MB.
        return httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=GuardedBackend(self._targets),
            max_connections=None,  # no receiver waits for others that do not answer
            max_keepalive_connections=0,
        )

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Told:
        """Post a message; whatever goes wrong is told in the answer."""
        told = Told(None, f"no answer within {TIMEOUT_S:g} s")
        with trio.move_on_after(TIMEOUT_S):
            try:
                told = await self._posted(url, body, headers)
            except TargetRefused as refused:
                told = Told(None, str(refused))
            except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as no:
                told = Told(None, str(no) or type(no).__name__)
            except (httpcore.UnsupportedProtocol, ValueError, ssl.SSLError, OSError) as no:
                told = Told(None, f"{type(no).__name__}: {no}")
        return told

    async def _posted(self, url: str, body: bytes, headers: dict[str, str]) -> Told:
        sent = {
            "host": urlsplit(url).netloc,
            "user-agent": _AGENT,
            "content-type": "application/json",
            "content-length": str(len(body)),
            **headers,
        }
        timeouts = {"connect": _CONNECT_S, "read": TIMEOUT_S, "write": TIMEOUT_S}
        async with self._pool.stream(
            "POST",
            url,
            headers=[(name.encode(), value.encode()) for name, value in sent.items()],
            content=body,
            extensions={"timeout": timeouts},
        ) as response:
            read, words = 0, b""
            async for chunk in response.aiter_stream():
                words = (words + chunk)[:_SHOWN] if len(words) < _SHOWN else words
                read += len(chunk)
                if read > _READ_AT_MOST:
                    break
            shown = "" if _is_near(response) else words.decode(errors="replace")
            return Told(response.status, shown, _asked_to_wait(response))


def _is_near(response: httpcore.Response) -> bool:
    """Whether a service of this machine or network answered: the log is no way to read those."""
    stream = response.extensions.get("network_stream")
    try:
        peer = stream.get_extra_info("server_addr") if stream is not None else None
    except OSError:  # it has answered and is gone already
        peer = None
    if not peer:
        return True
    address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    return not address.is_global


def _asked_to_wait(response: httpcore.Response) -> int | None:
    for name, value in response.headers:
        if name.lower() == b"retry-after" and value.strip().isdigit() and len(value) < 10:
            return min(int(value), _PATIENCE_S)
    return None
