"""One request to Cloudflare's management API: asked again where that may help, and what it says."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import trio
from pydantic import TypeAdapter, ValidationError

from ground.clock import Clock

T = TypeVar("T")
Tell = Callable[[str], Awaitable[None]]

# What a deploy asks may be asked twice: it makes what is not there, and sets what is.
_AGAIN_AFTER_S = (1.0, 3.0, 8.0)
# Whoever is asked to wait longer comes back by themselves.
_LONGEST_WAIT_S = 60.0
_UNTOLD_WAIT_S = 15.0
_UNKNOWN_TOKEN = {6003, 6111, 9106, 9109, 10000, 1000, 1001}


async def silently(_words: str) -> None:
    """Tell nobody."""


class CloudflareError(Exception):
    """A request came to nothing; the message is for people, and names no secret."""

    again_after_s: float | None = None

    def during(self, doing: str, needs: str | None) -> None:
        """Say of which step this is the end, and which permission of the token that step needs."""
        self.args = (f"{doing}: {self}{self._hint(needs)}",)

    def _hint(self, _needs: str | None) -> str:
        return ""


class CloudflareUnreachable(CloudflareError):
    """There was no answer, or none that is Cloudflare's."""

    def _hint(self, _needs: str | None) -> str:
        return ". Nothing is lost: the same command goes on from here"


class CloudflareBusy(CloudflareError):
    """Cloudflare wants to be left alone for longer than one waits for it."""

    def __init__(self, again_after_s: float) -> None:
        self.again_after_s = again_after_s
        minutes = math.ceil(again_after_s / 60)
        super().__init__(
            f"Cloudflare takes no requests of this account for {minutes} min:"
            " the same command goes on from here then"
        )


class CloudflareRefused(CloudflareError):
    """Cloudflare said no: `status` and its `codes` say why."""

    def __init__(self, status: int, errors: Sequence[Mapping[str, Any]]) -> None:
        self.status = status
        self.codes = [_whole(error.get("code")) for error in errors]
        self.said = "; ".join(
            f"{str(error.get('message'))[:300]} (code {error.get('code')})" for error in errors
        )
        super().__init__(f"Cloudflare answers {status}: {self.said or 'without a reason'}")

    @property
    def is_about_the_token(self) -> bool:
        """Whether nobody is known under the token, whatever was asked."""
        return self.status in (400, 401, 403) and bool(_UNKNOWN_TOKEN & set(self.codes))

    def _hint(self, needs: str | None) -> str:
        if self.status == 403 and needs is not None:
            return f". The API token lacks the permission {needs}"
        if self.status == 401 or self.is_about_the_token:
            return ". Make a new API token and give that"
        if self.status == 409:
            return ". Something else changes it just now: do it again"
        return ""


@dataclass(frozen=True, slots=True)
class Line:
    """A connection to the API; `tell` hears of its pauses."""

    client: httpx.AsyncClient
    clock: Clock
    tell: Tell = silently

    async def ask(
        self,
        method: str,
        path: str,
        shape: TypeAdapter[T],
        *,
        body: Any = None,
        files: Any = None,
    ) -> T:
        """Return the `result` of a request, sent until it is answered; raises `CloudflareError`."""
        turn = 0
        while True:
            pause_s: float = _AGAIN_AFTER_S[min(turn, len(_AGAIN_AFTER_S) - 1)]
            try:
                return await self._once(method, path, shape, body, files)
            except CloudflareBusy as busy:
                pause_s = busy.again_after_s or _UNTOLD_WAIT_S
                if turn == len(_AGAIN_AFTER_S) or pause_s > _LONGEST_WAIT_S:
                    raise
                await self.tell(f"Cloudflare asks to wait {math.ceil(pause_s)} s")
            except CloudflareUnreachable as error:
                if turn == len(_AGAIN_AFTER_S):
                    raise
                await self.tell(f"{error}: asked again")
            turn += 1
            await trio.sleep(pause_s * self.clock.pace)

    async def _once(
        self, method: str, path: str, shape: TypeAdapter[T], body: Any, files: Any
    ) -> T:
        try:
            answer = await self.client.request(method, path, json=body, files=files)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Its words may hold the request.
            raise CloudflareUnreachable(
                f"No answer from Cloudflare ({type(error).__name__})"
            ) from None
        if answer.status_code == 429:
            raise CloudflareBusy(
                _retry_after_s(answer.headers.get("retry-after"), self.clock.now())
            )
        said = _envelope(answer)
        if answer.status_code >= 500 or said is None:
            raise CloudflareUnreachable(_strange(answer, said))
        if not said["success"] or not answer.is_success:
            raise CloudflareRefused(answer.status_code, _errors(said))
        try:
            return shape.validate_python(said.get("result"))
        except ValidationError:
            raise CloudflareUnreachable(_strange(answer, None)) from None


def _envelope(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and isinstance(said.get("success"), bool) else None


def _errors(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    errors = said.get("errors")
    return [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []


def _strange(answer: httpx.Response, said: Mapping[str, Any] | None) -> str:
    if said is not None and (errors := _errors(said)):
        return str(CloudflareRefused(answer.status_code, errors))
    return f"What answers ({answer.status_code}) is not in Cloudflare's form"


def _retry_after_s(header: str | None, now: datetime) -> float:
    """Return what Retry-After says, in seconds or as a date; what is no such thing says little."""
    with suppress(ValueError, TypeError):
        seconds = float(header or "")
        if 0 <= seconds < math.inf:
            return seconds
    with suppress(ValueError, TypeError, OverflowError):
        at = parsedate_to_datetime(header or "")
        return max(0.0, (at - now).total_seconds())
    return _UNTOLD_WAIT_S


def _whole(code: object) -> int:
    return code if isinstance(code, int) else 0
