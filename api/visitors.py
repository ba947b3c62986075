"""The door of REST, for faces that share its address or its keys: who calls, counted once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import Headers, MultiDict

from api.arrival import arrival_of
from api.auth import check_host, check_origin, identify
from api.context import ApiContext
from api.contract import Auth
from api.dispatch import error_answer
from api.errors import ApiError
from ground.refusal import ErrorCode, Refusal
from operations.actor import Actor
from operations.holder import holder_of
from serving.answer import Answer

Send = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Visitors:
    """Lets callers in by the rules of the API: its names, its keys, its limits."""

    context: ApiContext

    async def admit(self, scope: dict[str, Any], send: Send) -> Actor | None:
        """Return who calls with a key; None where they were answered why not."""
        visit = _Visit(scope)
        try:
            check_host(visit, self.context)
            check_origin(visit, self.context)
            # As the caller knows it: what they are told to ask next is an address of theirs.
            scope["scheme"] = arrival_of(visit, self.context.door).scheme
            if "Authorization" not in visit.headers:
                raise ApiError(ErrorCode.AUTH_REQUIRED, "Send `Authorization: Bearer vg_live_…`")
            actor = await identify(visit, self.context, Auth.ANY)
            assert actor is not None
            self._count(actor)
        except (ApiError, Refusal) as refused:
            answer = error_answer(refused, self.context, visit)
            if answer.status == 401:
                answer.headers["WWW-Authenticate"] = "Bearer"
            await _send(answer, send)
            return None
        return actor

    async def by_key(self, key: str, *, counts: bool = True) -> Actor:
        """Return who holds a key; raises `Refusal`. One that `counts` is a request of its limit."""
        actor = await holder_of(self.context.house, key, "api")
        assert actor.key_id is not None
        self.context.record_key_use(actor.key_id)
        if counts:
            self._count(actor)
        return actor

    def _count(self, actor: Actor) -> None:
        assert actor.key_id is not None
        verdict = self.context.limits.take(actor.key_id)
        if not verdict.allowed:
            wait_s = verdict.retry_after_s
            raise Refusal(ErrorCode.RATE_LIMITED, "Rate limited", retry_after_s=wait_s)


class _Visit:
    """A request to another application than the API, as the door sees it."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope: Mapping[str, Any] = scope
        self.method: str = scope["method"]
        self.scheme: str = scope["scheme"]
        self.path: str = scope["path"]
        self.http_version: str = scope["http_version"]
        sent = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        self.headers = Headers(sent)
        self.cookies: Mapping[str, str] = {}
        self.args: MultiDict[str, str] = MultiDict()


async def _send(answer: Answer, send: Send) -> None:
    assert isinstance(answer.body, bytes)
    headers = {"Cache-Control": "no-store", **answer.headers}
    headers["Content-Length"] = str(len(answer.body))
    told = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": told})
    await send({"type": "http.response.body", "body": answer.body})
