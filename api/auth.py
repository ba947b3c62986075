"""Who calls: bearer keys and browser sessions, and the checks that localhost needs too."""

from __future__ import annotations

from urllib.parse import urlsplit

from quart import Request

from api.context import ApiContext
from api.contract import Auth, Caller
from api.errors import ApiError
from api.session_cookie import COOKIE_NAME
from storage import api_keys, browser_sessions
from storage.api_keys import KEY_PREFIX

_KEY_LENGTH = len(KEY_PREFIX) + 43


def check_host(request: Request, context: ApiContext) -> None:
    """Refuse a request for another site: its page could reach us by rebinding its name."""
    if _hostname(f"//{request.headers.get('Host', '')}") not in context.hosts:
        raise ApiError("FORBIDDEN_ORIGIN", "This is not the address of the daemon")


async def identify(request: Request, context: ApiContext, auth: Auth) -> Caller | None:
    """Return the caller; raises `ApiError` where the operation may not be called by them.

    A key decides when both a key and a cookie are sent.
    """
    if auth is Auth.NONE:
        return None
    if (header := request.headers.get("Authorization")) is not None:
        caller = await _by_key(header, context)
        if auth is Auth.COOKIE:
            raise ApiError("COOKIE_AUTH_REQUIRED", "Keys may not do this; use the browser session")
        return caller
    if (cookie := request.cookies.get(COOKIE_NAME)) is not None:
        _check_origin(request, context)
        return await _by_cookie(cookie, context)
    raise ApiError("AUTH_REQUIRED", "Send `Authorization: Bearer vg_live_…`")


async def _by_key(header: str, context: ApiContext) -> Caller:
    scheme, _, key = header.partition(" ")
    key = key.strip()
    well_formed = len(key) == _KEY_LENGTH and key.startswith(KEY_PREFIX) and key.isascii()
    if scheme.lower() != "bearer" or not well_formed:
        raise ApiError("AUTH_INVALID_KEY", "The key does not have the form of a key")
    found = await context.store.read(api_keys.by_hash, api_keys.hash_of(key))
    if found is None:
        raise ApiError("AUTH_INVALID_KEY", "The key is unknown or revoked")
    context.record_key_use(found.id)
    return Caller(found.user_id, key_id=found.id)


async def _by_cookie(cookie: str, context: ApiContext) -> Caller:
    session_id = context.cookies.session_id(cookie)
    session = None
    if session_id is not None:
        session = await context.store.read(browser_sessions.alive, session_id, context.now())
    if session is None:
        raise ApiError("TOKEN_INVALID", "The session has ended; open a new login link")
    return Caller(session.user_id, session_id=session.id)


def _check_origin(request: Request, context: ApiContext) -> None:
    # SameSite=Strict keeps the cookie from other sites' requests; this is the second lock.
    origin = request.headers.get("Origin")
    if request.method in ("GET", "HEAD") or origin is None:
        return
    if _hostname(origin) not in context.hosts:
        raise ApiError("FORBIDDEN_ORIGIN", "The request comes from another site")


def _hostname(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
