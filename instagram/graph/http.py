"""Requests to Meta's official API: one at a time in form, bounded in time, errors as ours."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import httpx
import trio

from ground.file_body import FileBody
from instagram import errors
from instagram.fields import is_plain_path, is_token
from instagram.graph.errors import translate_answer
from instagram.hour import InstagramsClock, told_by
from instagram.repair import readable
from instagram.trust import Trust

logger = logging.getLogger(__name__)
LoginMethod = Literal["instagram", "facebook"]
HOSTS: Mapping[LoginMethod, str] = {
    "instagram": "graph.instagram.com",
    "facebook": "graph.facebook.com",
}
_META = (".facebook.com", ".instagram.com")
LIMIT_S = 60.0
# Meta may fetch a Page's media before it answers, and takes its time with it.
SLOW_LIMIT_S = 180.0
_SLOWEST_BYTES_PER_S = 50_000
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphLogin:
    """What a request in the name of an account needs."""

    ig_user_id: str
    token: str = field(repr=False)
    login_method: LoginMethod
    # Whether Meta was never asked whose the token is.
    unproven: bool = False

    @property
    def host(self) -> str:
        return HOSTS[self.login_method]

    @property
    def checked_token(self) -> str:
        """The token, fit for a header; raises `TokenExpired` for what can be none."""
        if not is_token(self.token):
            raise errors.TokenExpired("The Graph token is none that Meta gives out: paste it anew")
        return self.token


@dataclass(frozen=True, slots=True)
class FacebookApp:
    """The credentials with which tokens of Facebook Login are exchanged."""

    id: str
    secret: str = field(repr=False)


class GraphHttp:
    """The daemon's client for the official API; shared by all accounts."""

    def __init__(
        self, trust: Trust, proxy: str | None, version: str, hour: InstagramsClock | None = None
    ) -> None:
        """`hour` hears what time each answer tells."""
        self.version = version
        self._hour = hour
        self.requests: Counter[tuple[str, str]] = Counter()  # by what was asked and its result
        # Meta's own time, as its last answer told it.
        self.their_time: datetime | None = None
        self._client = httpx.AsyncClient(
            proxy=proxy,
            verify=trust.context,
            trust_env=False,
            timeout=30,
            follow_redirects=False,
            event_hooks={"response": [self._note_time]},
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def call(
        self,
        login: GraphLogin,
        what: str,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        *,
        writes: bool = False,
        limit_s: float | None = None,
    ) -> dict[str, Any]:
        """Send one request and return its JSON object; raises `InstagramError`s.

        `writes` marks an effect that must not be repeated unasked. The token travels in a
        header, never in an address.
        """
        if path.startswith("/") or not is_plain_path(path):
            raise errors.Gone("Instagram has nothing under an id that is none")
        url = f"https://{login.host}/{self.version}/{path}"
        sent = "data" if method == "POST" else "params"
        headers = {"Authorization": f"Bearer {login.checked_token}"}
        async with self._noted(what, limit_s or LIMIT_S, writes=writes):
            answer = await self._client.request(
                method,
                url,
                headers=headers,
                **{sent: dict(parameters or {})},  # type: ignore[arg-type]
            )
            return _object(answer, writes=writes)

    async def exchange(self, login: GraphLogin, app: FacebookApp | None) -> dict[str, Any]:
        """Renew a token. Meta wants it among the parameters here.

        Raises `Refused` where that takes an app and there is none.
        """
        if login.login_method == "instagram":
            path = "refresh_access_token"
            parameters = {"grant_type": "ig_refresh_token", "access_token": login.checked_token}
        elif app is None:
            raise errors.Refused(
                "Its renewal needs REPRISE_FACEBOOK_APP_ID and REPRISE_FACEBOOK_APP_SECRET"
            )
        else:
            path = f"{self.version}/oauth/access_token"
            parameters = {
                "grant_type": "fb_exchange_token",
                "client_id": app.id,
                "client_secret": app.secret,
                "fb_exchange_token": login.checked_token,
            }
        async with self._noted("refresh_token", LIMIT_S, writes=False):
            answer = await self._client.get(f"https://{login.host}/{path}", params=parameters)
            return _object(answer, writes=False)

    async def for_app(
        self, what: str, method: str, url: str, parameters: Mapping[str, str]
    ) -> dict[str, Any]:
        """Send one request in an app's name, for a login; Meta wants its secret among them.

        Raises `Refused` in the words of Instagram's login, and `InstagramError`s.
        """
        sent = "data" if method == "POST" else "params"
        async with self._noted(what, LIMIT_S, writes=False):
            answer = await self._client.request(method, url, **{sent: dict(parameters)})  # type: ignore[arg-type]
            if (refused := _refused_login(answer)) is not None:
                raise refused
            return _object(answer, writes=False)

    async def upload_offset(self, login: GraphLogin, uri: str) -> int:
        """Return how many bytes of a resumable upload have arrived."""
        _check_upload(uri)
        async with self._noted("upload_offset", LIMIT_S, writes=False):
            headers = {"Authorization": f"OAuth {login.checked_token}"}
            answer = await self._client.get(uri, headers=headers)
            offset = _object(answer, writes=False).get("offset")
        if not isinstance(offset, int) or offset < 0:
            raise errors.Unreachable("Instagram does not tell how much of the video has arrived")
        return offset

    async def upload(self, login: GraphLogin, uri: str, file: Path, size: int, offset: int) -> None:
        """Send the rest of a file from `offset`; a broken transfer is resumed by the caller."""
        _check_upload(uri)
        headers = {
            "Authorization": f"OAuth {login.checked_token}",
            "offset": str(offset),
            "file_size": str(size),
            "Content-Length": str(size - offset),
        }
        limit_s = LIMIT_S + (size - offset) / _SLOWEST_BYTES_PER_S
        async with self._noted("upload", limit_s, writes=False):
            body = FileBody(file, offset)
            try:
                answer = await self._client.post(uri, headers=headers, content=body)
            except FileNotFoundError as gone:
                raise errors.FileGone("The media of this post was deleted") from gone
            _object(answer, writes=False)

    async def _note_time(self, answer: httpx.Response) -> None:
        date = answer.headers.get("date")
        self.their_time = told_by(date)
        if self._hour is not None:
            self._hour.hear(date)

    @asynccontextmanager
    async def _noted(self, what: str, limit_s: float, *, writes: bool) -> AsyncIterator[None]:
        try:
            async with self._bounded(limit_s, writes=writes):
                yield
        except errors.InstagramError as error:
            self.requests[what, type(error).__name__] += 1
            logger.warning("graph call=%s error=%s", what, error)
            raise
        self.requests[what, "ok"] += 1

    @asynccontextmanager
    async def _bounded(self, limit_s: float, *, writes: bool) -> AsyncIterator[None]:
        try:
            with trio.fail_after(limit_s):
                yield
        except errors.InstagramError as answered:
            # Whatever was answered: refusals have come with posts that were live.
            answered.maybe_applied = writes
            raise
        except trio.TooSlowError:
            reason = f"Instagram did not answer within {limit_s:.0f} s"
            raise errors.Unreachable(reason, maybe_applied=writes) from None
        except _NOT_SENT as unsent:
            raise errors.Unreachable("Instagram or the proxy to it cannot be reached") from unsent
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as lost:
            reason = f"No usable answer from Instagram ({type(lost).__name__})"
            raise errors.Unreachable(reason, maybe_applied=writes) from lost


def _object(answer: httpx.Response, *, writes: bool) -> dict[str, Any]:
    answer = readable(answer)
    if answer.status_code != 200:
        raise translate_answer(answer, writes=writes)
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise errors.Unreachable(
            "Instagram answered in a form that is not known", maybe_applied=writes
        )
    if "error" in body:
        raise translate_answer(answer, writes=writes)
    return body


def _refused_login(answer: httpx.Response) -> errors.Refused | None:
    """Return what Instagram's login refuses with, which has an envelope of its own."""
    if answer.status_code != 400:
        return None
    try:
        said = readable(answer).json().get("error_message")
    except (ValueError, AttributeError):
        return None
    return errors.Refused(f"Instagram says: {said[:200]}") if isinstance(said, str) else None


def _check_upload(uri: str) -> None:
    # The address comes with an answer, and the token goes with the request.
    try:
        parts = httpx.URL(uri)
    except httpx.InvalidURL:
        parts = httpx.URL()
    if parts.scheme != "https" or not f".{parts.host}".endswith(_META):
        raise errors.Unreachable("Instagram names an address for the upload that is not Meta's")
