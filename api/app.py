"""The HTTP app: a Quart-Trio app made of the declared operations. Pure; serving is elsewhere."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import metadata
from typing import Any

import orjson
from quart import Request, Response, request
from quart.routing import QuartRule
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter, BuildError
from werkzeug.wrappers import Response as WerkzeugResponse

from api import request_id
from api.arrival import stays_encrypted
from api.beside import Door, Mounted, Pages, wants_page
from api.context import ApiContext
from api.contract import Operation
from api.dispatch import admitted_here, answer_outside, run_operation
from api.files import FileResponse
from api.guards import GUARDS, guarded
from api.openapi import document
from api.pages import add_pages, as_response
from api.plain import Asked, PlainRequest
from api.routes import browser, events, health, table, uploads
from api.routes.system import add_system_endpoints
from operations.actor import Actor
from serving.answer import Answer
from serving.body import BoundedRequest

logger = logging.getLogger(__name__)
BASE_PATH = "/api/v1"
DOCUMENT_PATH = f"{BASE_PATH}/openapi.json"
# Where another application answers, if the composition has one (`OperationsApp.beside`).
BESIDE = "/mcp"
Beside = Callable[[Any, Any, Any], Awaitable[None]]
_READING = ("GET", "HEAD", "OPTIONS")
# A client may send any word as its method; each that is counted by name is kept for ever.
_METHODS = frozenset((*_READING, "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"))
_LOGGED_PATH = 200
_ENCRYPTED = {"Strict-Transport-Security": "max-age=31536000"}
_DECLARED = (
    health.operations,
    table.health_rows,
    browser.operations,
    table.account_rows,
    uploads.operations,
    table.media_rows,
    table.post_rows,
    table.schedule_rows,
    table.cloud_rows,
    table.repost_rows,
    table.stop_rows,
    table.login_rows,
    table.key_rows,
    table.browser_rows,
    table.machine_rows,
    events.operations,
    table.webhook_rows,
    table.notify_rows,
)


def operations() -> Iterable[Operation]:
    """Return every operation of `/api/v1`."""
    for declared in _DECLARED:
        yield from declared.all


@cache
def openapi_document() -> bytes:
    """Return the OpenAPI document of `/api/v1` as JSON."""
    version = metadata.version("reprise")
    return orjson.dumps(document(operations(), version=version, base_path=BASE_PATH))


class _MatchedRule(QuartRule):
    """A rule that addresses are matched against, and from which none is ever built.

    Werkzeug compiles two functions for the building, which takes longer than all else at a start.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        del append_unknown
        return _built_from_no_operation


def _built_from_no_operation(*_: object, **__: object) -> tuple[str, str]:
    raise BuildError("operation", {}, None)


class OperationsApp(QuartTrio):
    """A Quart app that answers operations itself.

    Quart's contexts, signals and hooks would cost more than an operation does. It has the pages,
    and every request that is none of the operations.
    """

    url_rule_class = _MatchedRule  # type: ignore[assignment]  # Flask's own type is narrower
    request_class = BoundedRequest
    response_class = FileResponse

    def __init__(
        self, context: ApiContext, chosen: Sequence[Operation], mounted: Mounted | None = None
    ) -> None:
        super().__init__("reprise", static_folder=None)
        self.beside: Beside | None = None
        self._context = context
        self._mounted = mounted
        self._operations = {f"{each.method} {each.path}": each for each in chosen}
        # Somebody has to hear when the client of one of these leaves (`api.exchange`).
        self.streams = frozenset(BASE_PATH + each.path for each in chosen if each.stream)
        self.url_map.strict_slashes = False
        self.url_map.merge_slashes = False  # its redirect would be no envelope
        self.url_map.converters["default"] = _segment(chosen)
        for endpoint, each in self._operations.items():
            rule = _MatchedRule(BASE_PATH + each.path, endpoint=endpoint, methods=[each.method])
            self.url_map.add(rule)
        self._paths = self.url_map.bind("localhost")
        self._plain_paths: dict[
            tuple[str, str], tuple[str, Operation | None, Mapping[str, str]]
        ] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or let the application beside answer it; either way it is counted."""
        path = scope.get("path", "")
        if self.beside is None or not (path == BESIDE or path.startswith(f"{BESIDE}/")):
            await super().__call__(scope, receive, send)
            return
        began = time.perf_counter()

        async def told(message: Any) -> None:
            if message["type"] == "http.response.start":
                # Its route alone is logged: below it are links that let somebody in.
                self._seen(scope["method"], BESIDE, BESIDE, message["status"], began)
                message = {**message, "headers": guarded(message.get("headers", ()))}
            await send(message)

        await self.beside(scope, receive, told)

    async def handle_request(self, request: Request) -> Response | WerkzeugResponse:
        """Answer a request, under an id; it is counted, and logged where it may change something.

        Pages are logged by their route alone: a path may hold a signed link.
        """
        began = time.perf_counter()
        known_as = request_id.begin(request.headers.get(request_id.HEADER))
        route, operation, path = self._found(request)
        response: Response | WerkzeugResponse
        if self._is_mounted(request.path):
            response = as_response(await self._answer_mounted(request, known_as))
        elif operation is None:
            response = await super().handle_request(request)
        else:
            response = as_response(await run_operation(operation, self._context, request, path))
        response.headers[request_id.HEADER] = known_as
        for header, value in self._guards(request).items():
            response.headers.setdefault(header, value)
        shown = route if operation is None else request.path
        self._seen(request.method, route, shown, response.status_code, began)
        return response

    async def answer_plain(self, request: PlainRequest) -> Answer | None:
        """Answer a plain request as `handle_request` would; None where it is no operation's."""
        began = time.perf_counter()
        route, operation, path = self._found(request)
        is_mounted = self._is_mounted(request.path)
        if is_mounted and not (self._mounted and self._mounted.is_plain(request.path)):
            return None
        if not is_mounted and (operation is None or operation.stream):
            return None
        known_as = request_id.begin(request.headers.get(request_id.HEADER))
        if operation is None:
            answer = await self._answer_mounted(request, known_as)
        else:
            answer = await run_operation(operation, self._context, request, path)
        answer.headers = {**self._guards(request), request_id.HEADER: known_as, **answer.headers}
        self._seen(request.method, route, request.path, answer.status, began)
        request_id.end()
        return answer

    def _guards(self, request: Asked) -> Mapping[str, str]:
        return GUARDS | _ENCRYPTED if stays_encrypted(request, self._context.door) else GUARDS

    def _is_mounted(self, path: str) -> bool:
        if self._mounted is None:
            return False
        prefix = self._mounted.prefix
        return path == prefix or path.startswith(f"{prefix}/")

    async def _answer_mounted(self, request: Asked, known_as: str) -> Answer:
        assert self._mounted is not None
        headers: dict[str, str] = {}

        async def admit(with_key: bool) -> Actor | None:
            return await admitted_here(request, self._context, headers, with_key=with_key)

        answer = await self._mounted.answer(request, admit, known_as)
        answer.headers.update(headers)
        return answer

    def _found(self, request: Asked) -> tuple[str, Operation | None, Mapping[str, str]]:
        """Return the route of a request, its operation and the variables of its path."""
        if self._mounted is not None and self._is_mounted(request.path):
            return self._mounted.route(request.path), None, {}
        if (known := self._plain_paths.get((request.method, request.path))) is not None:
            return known
        try:
            rule, path = self._paths.match(request.path, request.method, return_rule=True)
        except HTTPException:
            return "none", None, {}
        found = rule.rule, self._operations.get(rule.endpoint), path
        if not path:  # so there are no more of them than rules
            self._plain_paths[request.method, request.path] = found
        return found

    def _seen(self, method: str, route: str, shown: str, status: int, began: float) -> None:
        took_s = time.perf_counter() - began
        method = method if method in _METHODS else "other"
        self._context.system.on_answered(method, route, status, took_s)
        logger.log(
            logging.DEBUG if method in _READING else logging.INFO,
            "request method=%s path=%s status=%d ms=%.1f",
            method,
            shown[:_LOGGED_PATH],
            status,
            took_s * 1000,
        )


def build_app(
    context: ApiContext, beside: Pages | None = None, mounted: Mounted | None = None
) -> OperationsApp:
    """Return the app that answers for `context`; several may live in one process.

    With pages `beside` it, what is refused to a person is told by one of them. Another face that
    is `mounted` answers all below its prefix.
    """
    app = OperationsApp(context, list(operations()), mounted)
    add_pages(app, context, openapi_document, DOCUMENT_PATH)
    add_system_endpoints(app, context)
    if beside is not None:
        beside.mount(app, Door(context))
        app.streams |= beside.streams

    @app.errorhandler(Exception)
    async def outside_operations(error: Exception) -> Response:
        answer = await answer_outside(error, context, request, BASE_PATH)
        if beside is not None and wants_page(request):
            assert isinstance(answer.body, bytes)
            told = orjson.loads(answer.body)
            return beside.refused(told["code"], told["error"], answer.status)
        response = as_response(answer)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    return app


def _segment(chosen: Iterable[Operation]) -> type[BaseConverter]:
    """Return what an id in a path may be: anything but a word that is in a path itself.

    Otherwise `GET /posts/draft` would ask for a post of that name, and `Allow` would say so.
    """
    words = {word for operation in chosen for word in operation.path.split("/") if "<" not in word}
    taken = "|".join(re.escape(word) for word in sorted(words) if word)
    return type("Segment", (BaseConverter,), {"regex": rf"(?!(?:{taken})$)[^/]+"})
