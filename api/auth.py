"""Who calls: bearer keys and browser sessions, and the checks that localhost needs too."""

from __future__ import annotations

from api.arrival import arrival_of, hostname
from api.context import ApiContext
from api.contract import Auth
from api.errors import ApiError
from api.plain import Asked
from api.system import PATHS as SYSTEM_PATHS
from api.system import as_address
from ground.refusal import ErrorCode, Refusal
from operations.actor import Actor
from operations.holder import holder_of, limits_of
from operations.scopes import stored_scopes
from publish.media_links import PATH as MEDIA_PATH
from storage import browser_sessions

_READING = ("GET", "HEAD")
# What browsers say of a page of our own, and of what its user did by hand.
_OWN_FETCHES = {"same-origin", "none"}
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def check_host(request: Asked, context: ApiContext) -> None:
    """Refuse a request for another site: its page could reach us by rebinding its name.

    And one that a proxy passed on which nobody trusts.
    """
    host = hostname(request)
    # Meta comes by our public name, and that leads to the media it fetches and nowhere else.
    if host == context.links.host and request.path.startswith(f"{MEDIA_PATH}/"):
        return
    client = arrival_of(request, context.door).client
    if host not in context.door.hosts and not _by_number(request, host, client, context):
        raise ApiError(
            ErrorCode.FORBIDDEN_ORIGIN,
            "This is not the address of the daemon; REPRISE_ALLOWED_HOSTS gives it others",
        )


def _by_number(request: Asked, host: str, client: str, context: ApiContext) -> bool:
    # Whom the settings let at the system endpoints comes by this machine's address, and that is
    # no name that another site could take.
    by_number = request.path in SYSTEM_PATHS and as_address(host) is not None
    return by_number and context.system.allows(client)


async def identify(request: Asked, context: ApiContext, auth: Auth) -> Actor | None:
    """Return who calls; raises `ApiError` when that has to be known and is not.

    A key decides when both a key and a cookie are sent.
    """
    if auth is Auth.NONE:
        return None
    try:
        return await _caller(request, context)
    except ApiError as refused:
        if auth is Auth.OPTIONAL and refused.status == 401:
            return None
        raise


async def _caller(request: Asked, context: ApiContext) -> Actor:
    if (header := request.headers.get("Authorization")) is not None:
        arrival = arrival_of(request, context.door)
        context.guesses.check(arrival)
        try:
            return await _by_key(header, context)
        except ApiError:
            context.guesses.wrong(arrival, "key")
            raise
    if (cookie := context.cookies.found(request.cookies)) is not None:
        check_origin(request, context)
        return await _by_cookie(cookie[1], context)
    raise ApiError(ErrorCode.AUTH_REQUIRED, "Send `Authorization: Bearer vg_live_…`")


async def _by_key(header: str, context: ApiContext) -> Actor:
    scheme, _, key = header.partition(" ")
    key = key.strip() if scheme.lower() == "bearer" else ""
    try:
        actor = await holder_of(context.house, key, "api")
    except Refusal as refused:
        raise ApiError(refused.code, refused.message) from None
    assert actor.key_id is not None
    context.record_key_use(actor.key_id)
    return actor


async def _by_cookie(cookie: str, context: ApiContext) -> Actor:
    session_id = context.cookies.session_id(cookie)
    session = None
    if session_id is not None:
        session = await context.store.glance(
            browser_sessions.alive, session_id, context.house.clock.now()
        )
    if session is None:
        raise ApiError(ErrorCode.TOKEN_INVALID, "The session has ended; open a new login link")
    return Actor(
        session.user_id,
        "api",
        session_id=session.id,
        scopes=stored_scopes(session.scopes),
        accounts=limits_of(session.account_ids),
    )


def check_origin(request: Asked, context: ApiContext) -> None:
    """Refuse a request of another site's page that would change something."""
    # SameSite=Strict keeps the cookie from other sites' requests, but what else runs on this
    # machine is the same site: only the port tells it apart.
    if request.method in _READING:
        return
    scheme = arrival_of(request, context.door).scheme
    own = {f"{scheme}://{host.lower()}" for host in request.headers.getlist("Host")}
    origins = {_without_default_port(each) for each in request.headers.getlist("Origin")}
    fetched = {each.lower() for each in request.headers.getlist("Sec-Fetch-Site")}
    if not origins <= {_without_default_port(each) for each in own} or not fetched <= _OWN_FETCHES:
        raise ApiError(ErrorCode.FORBIDDEN_ORIGIN, "The request comes from another site")


def _without_default_port(origin: str) -> str:
    scheme, _, rest = origin.partition("://")
    return f"{scheme}://{rest.removesuffix(_DEFAULT_PORTS.get(scheme, ':'))}"
