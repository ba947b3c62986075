"""The HTTP app: a Quart-Trio app made of the declared operations. Pure; serving is elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata

import orjson
from quart import Response
from quart_trio import QuartTrio
from werkzeug.exceptions import MethodNotAllowed

from api.body import BoundedRequest
from api.context import ApiContext
from api.contract import Operation
from api.dispatch import error_response, run_operation
from api.openapi import document
from api.pages import add_pages
from api.routes import (
    accounts,
    api_keys,
    cloudflare,
    health,
    media,
    posts,
    private_api,
    schedule,
    story_repost,
)

BASE_PATH = "/api/v1"
DOCUMENT_PATH = f"{BASE_PATH}/openapi.json"
_MODULES = (
    health,
    accounts,
    media,
    posts,
    schedule,
    cloudflare,
    story_repost,
    private_api,
    api_keys,
)


def operations() -> Iterable[Operation]:
    """Return every operation of `/api/v1`."""
    for module in _MODULES:
        yield from module.operations.all


def openapi_document() -> bytes:
    """Return the OpenAPI document of `/api/v1` as JSON."""
    version = metadata.version("reprise")
    return orjson.dumps(document(operations(), version=version, base_path=BASE_PATH))


def build_app(context: ApiContext) -> QuartTrio:
    """Return the app that answers for `context`; several may live in one process."""
    app = QuartTrio("reprise", static_folder=None)
    app.request_class = BoundedRequest
    app.url_map.strict_slashes = False
    for operation in operations():
        _add(app, context, operation)
    add_pages(app, context, openapi_document(), DOCUMENT_PATH)

    @app.errorhandler(Exception)
    async def outside_operations(error: Exception) -> Response:
        response = error_response(error, context)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    return app


def _add(app: QuartTrio, context: ApiContext, operation: Operation) -> None:
    async def view(**path: str) -> Response:
        return await run_operation(operation, context, path)

    app.add_url_rule(
        BASE_PATH + operation.path,
        endpoint=f"{operation.method} {operation.path}",
        view_func=view,
        methods=[operation.method],
        provide_automatic_options=False,
    )
