"""What the daemon asks of its Worker, over HTTP with the Worker's own token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import ssl
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import trio
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import TypeAdapter

from cloud import worker_words
from ground.file_body import FileBody

_LIMIT_S = 30.0
_UPLOAD_LIMIT_S = 600.0
_IS_STRANGE = (
    "it was given another token than this machine has: `reprise cloud upgrade` gives it this one"
)
_LINK_S = 86_400
# A smaller one is sent again as a whole where that breaks off.
IN_PARTS_ABOVE = 32 * 1024 * 1024
_BEGINNINGS = 3
# What was sent is not there any more, or another request about it was faster.
_BEGINS_AGAIN = ("UPLOAD_GONE", "PARTS_MISSING")


class WorkerUnreachable(Exception):
    """The Worker did not answer, or something else did: whatever was asked may have happened."""


class WorkerRefused(Exception):
    """The Worker said no: `code` is its word for it, `job` what it holds, if that is the matter."""

    def __init__(self, status: int, said: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(said.get("error") or status)
        self.job = worker_words.job_of(said)
        # Of an account, what was told there last
        self.revision = worker_words.read(worker_words.REVISION, said.get("revision"))
        words = _IS_STRANGE if status == 401 else said.get("message") or self.code
        super().__init__(f"The Worker refuses: {words}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A job as it is handed over. `due_ms` counts from 1970; `body` is what the Worker sends."""

    post_id: str
    account: str
    epoch: int
    due_ms: int
    body: Mapping[str, Any]


class WorkerClient:
    """One deployed Worker. Every method raises `WorkerUnreachable` and `WorkerRefused` only."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        # The Worker's own time in seconds, as its last answer told it; ours may be wrong.
        self.their_time: float | None = None

    @staticmethod
    def client(url: str, token: str, token_before: str | None = None) -> httpx.AsyncClient:
        """Return a client of the Worker at `url`; it follows no redirect and uses no proxy.

        `token_before` is what it may still know instead of `token`, which is being changed.
        """
        return httpx.AsyncClient(
            base_url=url,
            auth=_Bearer(token, token_before),
            timeout=_LIMIT_S,
            trust_env=False,
            verify=_trust(),
        )

    @property
    def knows_newest_token(self) -> bool:
        """Whether the last answer was to a token that replaces another."""
        bearer = self._client.auth
        return isinstance(bearer, _Bearer) and bearer.is_change_known

    async def set_account(
        self, account: str, *, revision: int, sealed: str, expires_ms: int | None, base: str,
        spacing_ms: int, grace_ms: int, published_ms: int | None = None,
        lifted_ms: int | None = None,
    ) -> None:  # fmt: skip
        """Tell an account's token and rules; what is of an older `revision` is refused.

        What was held there before `lifted_ms` goes on.
        """
        body = {
            "revision": revision,
            "sealed": sealed,
            "expiresAt": expires_ms,
            "base": base,
            "spacingMs": spacing_ms,
            "graceMs": grace_ms,
            "publishedAt": published_ms,
            "liftedAt": lifted_ms,
        }
        await self._call("PUT", f"/v1/accounts/{account}", body)

    async def forget_account(self, account: str, revision: int) -> None:
        """Have an account's token forgotten: nothing can go out of it any more."""
        await self._call("DELETE", f"/v1/accounts/{account}?revision={revision}")

    async def put_medium(self, key: str, path: Path, mime_type: str) -> None:
        """Upload a file under a key; the Worker compares its bytes with their digest.

        A large one goes in parts, and asking again sends only those that are not there yet.
        """
        size = (await trio.Path(path).stat()).st_size
        medium = _Medium(key, path, mime_type, size, await _sha256(path))
        if size <= IN_PARTS_ABOVE:
            headers = {"content-type": mime_type, **_lengths(size, medium.sha256)}
            await self._call("PUT", f"/v1/media/{key}", content=FileBody(path), headers=headers)
            return
        for _try in range(_BEGINNINGS):
            try:
                await self._put_in_parts(medium)
                return
            except WorkerRefused as refused:
                if refused.code not in _BEGINS_AGAIN:
                    raise
        raise WorkerUnreachable("The Worker lost what was sent of a file, again and again")

    async def _put_in_parts(self, medium: _Medium) -> None:
        about = {"size": medium.size, "sha256": medium.sha256, "type": medium.mime_type}
        begun = await self._call(
            "POST", f"/v1/media/{medium.key}/upload", about, shape=worker_words.UPLOAD
        )
        if begun["isWhole"]:
            return
        query = httpx.QueryParams({"upload": begun["upload"]})
        part, have = begun["part"], set(begun["have"])
        for number in range(1, -(-medium.size // part) + 1):
            if number in have:
                continue
            first = (number - 1) * part
            size = min(part, medium.size - first)
            await self._call(
                "PUT",
                f"/v1/media/{medium.key}/parts/{number}?{query}",
                content=FileBody(medium.path, first, size),
                headers=_lengths(size, await _sha256(medium.path, first, size)),
            )
        await self._call("POST", f"/v1/media/{medium.key}/complete?{query}")

    async def put_job(self, asked: Asked, *, activate: bool) -> Mapping[str, Any]:
        body = {
            "account": asked.account,
            "epoch": asked.epoch,
            "due": asked.due_ms,
            "body": asked.body,
            "activate": activate,
        }
        return await self._job("PUT", f"/v1/jobs/{asked.post_id}", body)

    async def activate(self, post_id: str, account: str, epoch: int) -> Mapping[str, Any]:
        body = {"account": account, "epoch": epoch}
        return await self._job("POST", f"/v1/jobs/{post_id}/activate", body)

    async def recall(self, post_id: str, account: str, epoch: int) -> Mapping[str, Any]:
        """Take a job back: an answer means that nothing up to this epoch will ever go out."""
        body = {"account": account, "epoch": epoch}
        return await self._job("POST", f"/v1/jobs/{post_id}/recall", body)

    async def job(self, post_id: str, account: str) -> Mapping[str, Any]:
        return await self._job("GET", f"/v1/jobs/{post_id}?account={account}")

    async def changes(self, account: str, since: int) -> Mapping[str, Any]:
        """Return `jobs` that changed after `since`, and the newest `seq`.

        `born` is another one where the Worker's data began anew.
        """
        path = f"/v1/changes?account={account}&since={since}"
        return await self._call("GET", path, shape=worker_words.CHANGES)

    async def diagnostics(self) -> Mapping[str, Any]:
        return await self._call("GET", "/v1/diagnostics", shape=worker_words.DIAGNOSTICS)

    async def keys(self, prefix: str, cursor: str) -> Mapping[str, Any]:
        """Return a page of the names in KV; its `cursor` leads to the next one."""
        named = {"prefix": prefix, "cursor": cursor}
        query = str(httpx.QueryParams({name: value for name, value in named.items() if value}))
        return await self._call("GET", f"/v1/kv?{query}", shape=worker_words.KEYS)

    async def _job(self, method: str, path: str, body: Any = None) -> Mapping[str, Any]:
        job: Mapping[str, Any]
        job = (await self._call(method, path, body, shape=worker_words.HELD_JOB))["job"]
        return job

    async def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        shape: TypeAdapter[Any] = worker_words.ANY,
        **request: Any,
    ) -> Mapping[str, Any]:
        limit_s = _UPLOAD_LIMIT_S if "content" in request else _LIMIT_S
        try:
            answer = await self._client.request(method, path, json=body, timeout=limit_s, **request)
            said = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise WorkerUnreachable(
                f"The Worker does not answer ({type(error).__name__})"
            ) from None
        except ValueError:
            raise WorkerUnreachable(
                f"What answers is not the Worker: {answer.status_code}"
            ) from None
        self._note_time(answer)
        if answer.status_code >= 500 or not isinstance(said, dict):
            raise WorkerUnreachable(f"The Worker answers {answer.status_code}")
        if not answer.is_success:
            raise WorkerRefused(answer.status_code, said)
        understood: Mapping[str, Any] | None = worker_words.read(shape, said)
        if understood is None:
            raise WorkerUnreachable("The Worker answers in a form that is not known")
        return understood

    def _note_time(self, answer: httpx.Response) -> None:
        with suppress(ValueError, OverflowError):
            told = parsedate_to_datetime(answer.headers.get("date", ""))
            self.their_time = told.timestamp() if told.tzinfo else None


def sealed(key: str, token: str, account: str) -> str:
    """Seal a token for the Worker: AES-256-GCM under its key, bound to the account."""
    nonce = os.urandom(12)
    box = AESGCM(base64.b64decode(key)).encrypt(nonce, token.encode(), account.encode())
    return base64.b64encode(nonce + box).decode()


def medium_url(url: str, media_key: str, key: str, now: float | None = None) -> str:
    """Return an address at the Worker under which anybody can fetch a medium for a day.

    It is the Worker that ends it: `now` is its time, where that is known.
    """
    until = int(time.time() if now is None else now) + _LINK_S
    signature = hmac.new(media_key.encode(), f"{key}|{until}".encode(), hashlib.sha256).hexdigest()
    return f"{url}/m/{key}?e={until}&s={signature}"


@cache
def _trust() -> ssl.SSLContext:
    """Return what every client trusts: reading it anew costs more than a request."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True)
class _Medium:
    key: str
    path: Path
    mime_type: str
    size: int
    sha256: str


def _lengths(size: int, digest: str) -> dict[str, str]:
    return {"content-length": str(size), "x-sha256": digest}


async def _sha256(path: Path, first: int = 0, size: int | None = None) -> str:
    return await trio.to_thread.run_sync(_digest, path, first, size)


def _digest(path: Path, first: int, size: int | None) -> str:
    with path.open("rb") as file:
        if size is None:
            return hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(first)
        return hashlib.sha256(file.read(size)).hexdigest()


class _Bearer(httpx.Auth):
    """Sends the token, and the one before it where that one is not known yet."""

    def __init__(self, token: str, before: str | None) -> None:
        self._token, self._before = token, before
        self.is_change_known = False

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._token}"
        answer = yield request
        if self._before is None:
            return
        self.is_change_known = answer.status_code != 401
        if not self.is_change_known:
            request.headers["authorization"] = f"Bearer {self._before}"
            yield request
