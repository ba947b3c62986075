"""Pages for a browser: the one-time login link that sets the session cookie."""

from __future__ import annotations

from quart import Response, request
from quart_trio import QuartTrio

from api.auth import check_host
from api.context import ApiContext
from api.dispatch import error_response
from api.errors import ApiError
from api.session_cookie import COOKIE_NAME
from storage import browser_sessions

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Reprise</title>
<style>body{font:18px system-ui;max-width:32em;margin:4em auto;padding:0 1em}</style>
<h1>You are signed in</h1><p>This browser may now use Reprise at <code>/api/v1</code>.</p></html>
"""


def add_pages(app: QuartTrio, context: ApiContext) -> None:
    """Add the pages to the app."""

    @app.get("/login")
    async def login() -> Response:
        try:
            check_host(request, context)
            return await _sign_in(context, request.args.get("code", ""))
        except Exception as error:  # noqa: BLE001 - answered with the envelope like all else
            return error_response(error, context)


async def _sign_in(context: ApiContext, code: str) -> Response:
    session = await context.store.write(browser_sessions.redeem_code, code, context.now())
    if session is None:
        raise ApiError("TOKEN_INVALID", "The login link is used or too old: `reprise login-link`")
    response = Response(_PAGE, content_type="text/html; charset=utf-8")
    response.set_cookie(
        COOKIE_NAME,
        context.cookies.sign(session),
        max_age=browser_sessions.SESSION_LIFETIME,
        httponly=True,
        samesite="Strict",
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
