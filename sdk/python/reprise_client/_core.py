"""One request: its key, its patience, and what its answer means. For both kinds of program.

What changes something is sent with an idempotency key, so that it may be sent again when the answer
was lost. Servers that do not know such keys would do it twice: they are asked first.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self, TypeVar
from urllib.parse import quote

import anyio
import httpx
from pydantic import BaseModel, ValidationError

from reprise_client.errors import AnswerLost, NotRunning, RepriseError, refusal

M = TypeVar("M", bound=BaseModel)
File = Path | str | BinaryIO
Progress = Callable[[int, int], None]
DEFAULT_URL = "http://127.0.0.1:3001/api/v1"
_TRIES = 3
_LOST_WAIT_S = 0.5
_LONGEST_WAIT_S = 3700.0
_NOT_OURS = "UNKNOWN"


class Omitted:
    """Stands for what is not sent."""


OMITTED: Final = Omitted()


def part(value: str) -> str:
    """Return a value as one part of a path."""
    return quote(value, safe="")


class _Reading:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, told: Progress | None) -> None:
        self._file, self._told, self._done = file, told, 0
        self._size = file.seek(0, os.SEEK_END)
        self.rewind()

    def rewind(self) -> None:
        self._file.seek(0)
        self._done = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._done += len(data)
        if self._told is not None and data:
            self._told(self._done, self._size)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        at = self._file.seek(offset, whence)
        self._done = at if at <= self._size else self._done
        return at

    def tell(self) -> int:
        return self._file.tell()


class _Request:
    """One request in the making, however often it is sent."""

    def __init__(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        file: File | None,
        told: Progress | None,
        key: str | None,
    ) -> None:
        self.method, self.left = method, _TRIES - 1
        self.sent: dict[str, Any] = {"method": method, "url": path.lstrip("/")}
        self.sent["params"] = {name: _query(value) for name, value in _given(params).items()}
        if body is not None:
            self.sent["json"] = _given(body)
        if self.writes:
            self.sent["headers"] = {"Idempotency-Key": key or secrets.token_urlsafe(16)}
        self._opened: BinaryIO | None = None
        self.file: _Reading | None = None
        if file is not None:
            if isinstance(file, (str, Path)):
                self._opened = Path(file).open("rb")  # noqa: SIM115 - closed when the request is done
                name = Path(file).name
                stream: BinaryIO = self._opened
            else:
                name, stream = Path(str(getattr(file, "name", "upload"))).name, file
            self.file = _Reading(stream, told)
            self.sent["files"] = {"file": (name, self.file)}

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def begin(self) -> dict[str, Any]:
        if self.file is not None:
            self.file.rewind()
        return self.sent

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def wait_after(self, answer: httpx.Response) -> float | None:
        """Return how long to wait before it is sent again; None where that would not help."""
        if self.left == 0 or answer.status_code not in (409, 429, 503):
            return None
        asked = answer.headers.get("Retry-After", "")
        if re.fullmatch("[0-9]+", asked) is None or float(asked) > _LONGEST_WAIT_S:
            return None
        self.left -= 1
        return float(asked)


def _given(values: Mapping[str, Any] | None) -> dict[str, Any]:
    said = (values or {}).items()
    return {name: _plain(value) for name, value in said if not isinstance(value, Omitted)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs a time zone, such as datetime.now(timezone.utc)")
        return value.isoformat()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_plain(each) for each in value]
    return value


def _query(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _read(answer: httpx.Response, model: type[M]) -> M:
    if not answer.is_success:
        raise _refused(answer)
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise AnswerLost(f"{answer.url.path}: the answer is none of the API's: {error}") from error


def _lost_by_a_proxy(answer: httpx.Response) -> Exception | None:
    """Return an error where a proxy says that it lost the answer, or that nobody is behind it."""
    if answer.status_code not in (502, 504):
        return None
    refused = _refused(answer)
    return refused if refused.code == _NOT_OURS else None


def _refused(answer: httpx.Response) -> RepriseError:
    try:
        said = answer.json()
        code, message = str(said["code"]), str(said["error"])
        after = said.get("retryAfter")
    except (ValueError, KeyError, TypeError, AttributeError):
        code, message, after = _NOT_OURS, answer.text[:200], None
    return refusal(answer.status_code, code, message, after)


class _Settings:
    """Where the API is, and with which key it is asked."""

    def __init__(self, api_key: str | None, base_url: str | None) -> None:
        key = api_key or os.environ.get("REPRISE_API_KEY") or os.environ.get("VOIDGRAM_API_KEY")
        if not key:
            raise ValueError("name a key: api_key=…, REPRISE_API_KEY or VOIDGRAM_API_KEY")
        url = base_url or os.environ.get("REPRISE_URL") or os.environ.get("VOIDGRAM_BASE_URL")
        self.url = url or DEFAULT_URL
        if "/api/" not in self.url:
            self.url = f"{self.url.rstrip('/')}/api/v1"
        self.headers = {"Authorization": f"Bearer {key}"}


_TELLING: Final[dict[str, Any]] = {"method": "GET", "url": "events", "params": {"wait": 0}}


def _knows_keys(told: httpx.Response) -> bool:
    """Whether a server knows idempotency keys: Reprise alone has this list, and it has them.

    Others may answer anything here: a page, or that the key has used up its minute.
    """
    try:
        said = told.json()
    except ValueError:
        return False
    if not isinstance(said, dict):
        return False
    return isinstance(said.get("reset"), bool) or said.get("code") == "INSUFFICIENT_SCOPE"


class Core:
    """Sends requests, and waits meanwhile. Use it as a context, or close it."""

    def __init__(
        self, api_key: str | None = None, base_url: str | None = None, *, timeout: float = 70
    ) -> None:
        to = _Settings(api_key, base_url)
        self._http = httpx.Client(
            base_url=to.url, headers=to.headers, timeout=timeout, trust_env=False
        )
        self._knows_keys = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _call(
        self,
        method: str,
        path: str,
        model: type[M],
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        file: File | None = None,
        on_progress: Progress | None = None,
        idempotency_key: str | None = None,
    ) -> M:
        request = _Request(method, path, params, body, file, on_progress, idempotency_key)
        try:
            while True:
                try:
                    answer = self._http.request(**request.begin())
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    raise NotRunning(f"{self._http.base_url} does not answer: {error}") from error
                except httpx.TransportError as error:
                    lost: Exception | None = error
                else:
                    lost = _lost_by_a_proxy(answer)
                if lost is not None:
                    if request.left == 0 or (request.writes and not self._may_repeat()):
                        raise AnswerLost(f"{method} {path}: {lost!r}") from lost
                    request.left -= 1
                    time.sleep(_LOST_WAIT_S)
                    continue
                wait_s = request.wait_after(answer)
                if wait_s is None:
                    return _read(answer, model)
                time.sleep(wait_s)
        finally:
            request.close()

    def _may_repeat(self) -> bool:
        if not self._knows_keys:
            try:
                told = self._http.request(**_TELLING)
            except httpx.TransportError:
                return False
            self._knows_keys = _knows_keys(told)
        return self._knows_keys


class AsyncCore:
    """Sends requests, on Trio or asyncio. Use it as a context, or close it."""

    def __init__(
        self, api_key: str | None = None, base_url: str | None = None, *, timeout: float = 70
    ) -> None:
        to = _Settings(api_key, base_url)
        self._http = httpx.AsyncClient(
            base_url=to.url, headers=to.headers, timeout=timeout, trust_env=False
        )
        self._knows_keys = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def _call(
        self,
        method: str,
        path: str,
        model: type[M],
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        file: File | None = None,
        on_progress: Progress | None = None,
        idempotency_key: str | None = None,
    ) -> M:
        request = _Request(method, path, params, body, file, on_progress, idempotency_key)
        try:
            while True:
                try:
                    answer = await self._http.request(**request.begin())
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    raise NotRunning(f"{self._http.base_url} does not answer: {error}") from error
                except httpx.TransportError as error:
                    lost: Exception | None = error
                else:
                    lost = _lost_by_a_proxy(answer)
                if lost is not None:
                    if request.left == 0 or (request.writes and not await self._may_repeat()):
                        raise AnswerLost(f"{method} {path}: {lost!r}") from lost
                    request.left -= 1
                    await anyio.sleep(_LOST_WAIT_S)
                    continue
                wait_s = request.wait_after(answer)
                if wait_s is None:
                    return _read(answer, model)
                await anyio.sleep(wait_s)
        finally:
            request.close()

    async def _may_repeat(self) -> bool:
        if not self._knows_keys:
            try:
                told = await self._http.request(**_TELLING)
            except httpx.TransportError:
                return False
            self._knows_keys = _knows_keys(told)
        return self._knows_keys
