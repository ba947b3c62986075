"""Pages and files beside the operations: sign-in, Swagger UI, the OpenAPI document, media."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

import trio
from quart import Response, request
from quart.helpers import send_file, send_from_directory
from quart_trio import QuartTrio

from api.arrival import arrival_of
from api.auth import check_host, identify
from api.context import ApiContext
from api.contract import Auth
from api.dispatch import error_answer
from api.errors import ApiError
from api.files import opened
from api.session_cookie import COOKIE_NAME
from ground.refusal import ErrorCode
from operations.scopes import Scope
from operations.shown import FILES_PATH
from publish.media_links import PATH as MEDIA_PATH
from serving.answer import Answer
from serving.docs_page import docs_page
from storage import browser_sessions, media_files
from storage.files import picture_path

_STYLE = "body{font:18px system-ui;max-width:32em;margin:4em auto;padding:0 1em}"
_SIGNED_IN = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Reprise</title>
<meta http-equiv="refresh" content="0; url=/">
<style>{_STYLE}</style><h1>You are signed in</h1>
<p>This browser may now use Reprise. <a href="/">Go on</a>, or have a look at
<a href="/api/docs">the API</a>.</p></html>
"""
_NOT_SIGNED_IN = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Reprise</title>
<h1>Open this link in a browser to sign in</h1></html>
"""
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HTML = "text/html; charset=utf-8"
# What browsers and messengers send with a page that nobody has opened.
_FETCHED_AHEAD = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
# Messengers draw previews with a plain GET; by name alone they differ. Cubot makes telephones.
_PREVIEWERS = re.compile(
    r"(?<!cu)bot|preview|facebookexternalhit|iframely|embedly|vkshare|unfurl|crawler|spider"
    r"|pagerenderer|^(?:whatsapp|viber|pinterest)/",
    re.IGNORECASE,
)
# Each tells addresses of files, and no address can be guessed.
_SHOWING_FILES = (Scope.MEDIA_READ, Scope.POSTS_READ, Scope.REPOSTS_READ)
_DOCS_FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")


def add_pages(
    app: QuartTrio, context: ApiContext, document: Callable[[], bytes], document_path: str
) -> None:
    """Add the pages to the app; `document` writes the OpenAPI document when somebody asks."""

    @app.before_request
    async def only_our_own_name() -> Response | None:
        try:
            check_host(request, context)
        except ApiError as error:
            return as_response(error_answer(error, context, request))
        return None

    @app.get("/login")
    async def login() -> Response:
        return await _sign_in(context, request.args.get("code", ""), is_visit=_is_visit())

    @app.get(document_path)
    async def openapi() -> Response:
        # In a thread, because the first time takes a third of a second.
        written = await trio.to_thread.run_sync(document)
        return Response(written, content_type="application/json")

    @app.get("/api/docs")
    async def docs() -> Response:
        page = docs_page("Reprise API", document_path)
        return Response(page.body, headers=page.headers)

    @app.get("/api/docs/<name>")
    async def docs_file(name: str) -> Response:
        if name not in _DOCS_FILES:
            raise ApiError(ErrorCode.NOT_FOUND, "There is nothing at this path")
        response = await opened(send_from_directory(_swagger_ui(), name))
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    _add_media_links(app, context)

    @app.get(f"{FILES_PATH}/<path:path>")
    async def uploads(path: str) -> Response:
        caller = await identify(request, context, Auth.ANY)
        assert caller is not None
        caller.require_one(_SHOWING_FILES)
        picture = picture_path(path)
        mime = await context.store.read(
            media_files.mime_type_at, caller.user_id, picture or path, caller.accounts
        )
        if mime is None:
            raise ApiError(ErrorCode.NOT_FOUND, "There is no such file")
        if picture is not None:
            await context.library.make_small(picture)
            mime = "image/webp"
        response = await opened(send_from_directory(context.folder.root, path, mimetype=mime))
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return response


def _add_media_links(app: QuartTrio, context: ApiContext) -> None:
    @app.get(f"{MEDIA_PATH}/<token>")
    async def linked(token: str) -> Response:
        found = await context.links.find(token)
        if found is None:
            raise ApiError(ErrorCode.NOT_FOUND, "There is nothing at this path")
        response = await opened(send_file(found.path, mimetype=found.mime_type, conditional=True))
        response.headers["Cache-Control"] = "private, no-store"
        response.timeout = None  # a large video on a slow line takes what it takes
        return response


def as_response(answer: Answer) -> Response:
    """Return an answer as Quart sends it."""
    response = Response(answer.body, answer.status, answer.headers)
    if not isinstance(answer.body, bytes):
        response.timeout = None
    return response


def _is_visit() -> bool:
    """Whether a person opens the page: no link preview, no prefetching, nothing within a page."""
    said = request.headers
    return (
        request.method == "GET"
        and not any(name in said for name in _FETCHED_AHEAD)
        and said.get("Sec-Fetch-Dest", "document") == "document"
        and not _PREVIEWERS.search(said.get("User-Agent", ""))
    )


async def _sign_in(context: ApiContext, code: str, *, is_visit: bool) -> Response:
    """Exchange the code for a session where a person asks; others only learn that it is good."""
    arrival = arrival_of(request, context.door)
    context.guesses.check(arrival)
    fresh = await context.store.read(browser_sessions.is_fresh, code, context.house.clock.now())
    session = None
    if fresh and is_visit:
        session = await context.store.write(
            browser_sessions.redeem_code,
            code,
            context.house.clock.now(),
            request.headers.get("User-Agent"),
        )
    if not fresh or (is_visit and session is None):
        context.guesses.wrong(arrival, "login link")
        raise ApiError(
            ErrorCode.TOKEN_INVALID, "The login link is used or too old: `reprise login-link`"
        )
    if session is None:
        return Response(_NOT_SIGNED_IN, content_type=_HTML)
    response = Response(_SIGNED_IN, content_type=_HTML)
    response.headers["Content-Security-Policy"] = _PAGE_POLICY
    if context.cookies.session_id(request.cookies.get(COOKIE_NAME, "")) is not None:
        # Of an earlier release, and ours: signing out would leave it.
        response.delete_cookie(COOKIE_NAME, httponly=True, samesite="Strict")
    response.set_cookie(
        context.cookies.name,
        context.cookies.sign(session),
        max_age=browser_sessions.SESSION_LIFETIME,
        secure=arrival.scheme == "https",
        httponly=True,
        samesite="Strict",
    )
    return response


def _swagger_ui() -> Path:
    # Found without importing it: the package is Flask code, only its files are wanted.
    spec = importlib.util.find_spec("flask_swagger_ui")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "dist"
