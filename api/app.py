"""The HTTP app: a Quart-Trio app made of the declared operations. Pure; serving is elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from quart import Response
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from api.context import ApiContext
from api.contract import Operation
from api.dispatch import error_response, run_operation
from api.routes import accounts, browser, health, private_api, story_repost

BASE_PATH = "/api/v1"
MAX_BODY_BYTES = 1024 * 1024


def operations() -> Iterable[Operation]:
    """Return every operation of `/api/v1`."""
    for module in (health, accounts, story_repost, private_api):
        yield from module.operations.all


def build_app(context: ApiContext) -> QuartTrio:
    """Return the app that answers for `context`; several may live in one process."""
    app = QuartTrio("reprise", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.url_map.strict_slashes = False
    for operation in operations():
        _add(app, context, operation)
    browser.add_pages(app, context)

    @app.errorhandler(HTTPException)
    async def outside_operations(error: HTTPException) -> Response:
        response = error_response(error, context)
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    async def unexpected(error: Exception) -> Response:
        return error_response(error, context)

    return app


def _add(app: QuartTrio, context: ApiContext, operation: Operation) -> None:
    async def view(**path: str) -> Response:
        return await partial(run_operation, operation, context)(path)

    app.add_url_rule(
        BASE_PATH + operation.path,
        endpoint=f"{operation.method} {operation.path}",
        view_func=view,
        methods=[operation.method],
        provide_automatic_options=False,
    )
