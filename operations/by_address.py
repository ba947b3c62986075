"""Files at public addresses: every address is judged when it is connected to, and nothing is led
to where it may not go."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpcore
import trio

from ground.refusal import ErrorCode, Refusal
from operations.media import UploadedFile
from webhooks.guard import GuardedBackend
from webhooks.targets import TargetRefused, Targets

_TIMEOUT_S = 60.0
_CONNECT_S = 5.0
_LEADS = 3
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class AddressFetcher:
    """Fetches files of at most `most` bytes from where `targets` allow."""

    targets: Targets
    most: int

    async def fetch(self, url: str, to: Path) -> UploadedFile:
        """Return the file at an address, kept at `to`; raises `Refusal`."""
        try:
            with trio.fail_after(_TIMEOUT_S):
                return await self._fetched(url, to)
        except TargetRefused as refused:
            raise _no(str(refused)) from None
        except trio.TooSlowError:
            raise _no(f"it did not come within {_TIMEOUT_S:g} s") from None
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise _no(type(error).__name__) from None
        except (httpcore.UnsupportedProtocol, ssl.SSLError, ValueError, UnicodeError) as error:
            raise _no(type(error).__name__) from None

    async def _fetched(self, url: str, to: Path) -> UploadedFile:
        pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=GuardedBackend(self.targets),
            max_keepalive_connections=0,
        )
        async with pool:
            for _ in range(_LEADS + 1):
                led = await self._once(pool, url, to)
                if led is None:
                    return UploadedFile(path=to, name=unquote(urlsplit(url).path))
                url = urljoin(url, led)
        raise _no("it is led on and on")

    async def _once(self, pool: httpcore.AsyncConnectionPool, url: str, to: Path) -> str | None:
        """Fetch one address; return where it leads instead, if it does."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.username is not None:
            raise _no("only http:// and https:// without a password are fetched")
        sent = [(b"host", parts.netloc.encode()), (b"user-agent", b"Reprise"), (b"accept", b"*/*")]
        timeouts = {"connect": _CONNECT_S, "read": 15.0, "write": 15.0, "pool": 15.0}
        extensions = {"timeout": timeouts}
        async with pool.stream("GET", url, headers=sent, extensions=extensions) as answer:
            if answer.status in _MOVED:
                led = dict(answer.headers).get(b"location") or dict(answer.headers).get(b"Location")
                if led is not None:
                    return led.decode("latin-1")
            if answer.status != 200:
                raise _no(f"the answer was {answer.status}")
            size = 0
            async with await trio.open_file(to, "wb") as file:
                async for part in answer.aiter_stream():
                    size += len(part)
                    if size > self.most:
                        raise _no(f"it has more than {self.most} bytes")
                    await file.write(part)
        return None


def _no(why: str) -> Refusal:
    return Refusal(ErrorCode.UPLOAD_ERROR, f"The file could not be fetched: {why}")
