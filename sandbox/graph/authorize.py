"""Instagram Login: the page on which somebody says yes, and a token for the code it ends with."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from sandbox.graph.auth import check_token, refused
from sandbox.graph.failures import GraphRefusal
from sandbox.wire.call import Call
from sandbox.wire.message import Data, Response
from sandbox.world.login_app import LoginApp
from sandbox.world.world import World

AUTHORIZE_HOST = "www.instagram.com"
EXCHANGE_HOST = "api.instagram.com"
SHORT_LIFETIME_S = 3600.0


async def authorize(call: Call) -> Response:
    """`GET /oauth/authorize`."""
    return login_page(call.request.query, call.world)


def login_page(asked: Mapping[str, str], world: World) -> Response:
    """Return the page; with `allow` or `deny` where the app is told of it.

    Whoever is logged in there is chosen by `allow`, their name.
    """
    app, redirect = _app(asked, world), asked.get("redirect_uri", "")
    if app is None or not app.may_send_to(redirect) or asked.get("response_type") != "code":
        return _page(400, "Invalid Request: Request parameters are invalid: Invalid redirect_uri")
    state = asked.get("state", "")
    if "deny" in asked:
        denied = {"error": "access_denied", "error_description": "The user denied"}
        return _sent_to(redirect, {**denied, "state": state})
    if name := asked.get("allow"):
        scopes = {each for each in asked.get("scope", "").split(",") if each}
        code = app.allow(world.person(name), redirect, scopes)
        return _sent_to(redirect, {"code": code, "state": state}, "#_")
    links = [
        f'<li><a href="?{escape(urlencode({**asked, "allow": person.username}))}">'
        f"Allow as {escape(person.username)}</a></li>"
        for person in world.people
    ]
    deny = escape(urlencode({**asked, "deny": "1"}))
    return _page(200, f'<ul>{"".join(links)}</ul><p><a href="?{deny}">Do not allow</a></p>')


async def redeem(call: Call) -> Response:
    """`POST /oauth/access_token`: a token for an hour for a code, once."""
    form = {name: str(value) for name, value in call.form.items()}
    app = call.world.graph.login_app
    if app is None or form.get("client_id") != app.id:
        return _wrong("Invalid platform app")
    if not app.is_its(form.get("client_secret", "")):
        return _wrong("Error validating client secret.")
    if form.get("grant_type") != "authorization_code":
        return _wrong("Invalid grant_type")
    found = app.redeem(form.get("code", ""), form.get("redirect_uri", ""))
    if found is None:
        return _wrong("This authorization code has been used or does not match the redirect URI")
    person, scopes = found
    account = call.world.graph.connect(person, expires_in=SHORT_LIFETIME_S, scopes=set(scopes))
    told = {
        "access_token": account.token,
        "user_id": account.app_scoped_id,
        "permissions": sorted(scopes),
    }
    return Response.json(200, {"data": [told]} if call.world.graph.wraps_tokens else told)


async def lengthen(call: Call) -> Response:
    """`GET /access_token`: sixty days for the token of an hour."""
    app = call.world.graph.login_app
    try:
        if call.params.get("grant_type") != "ig_exchange_token":
            raise GraphRefusal("invalid_parameter", "(#100) grant_type has to be ig_exchange_token")
        if app is None or not app.is_its(str(call.params.get("client_secret", ""))):
            raise GraphRefusal("app_secret_wrong")
        account = check_token(call, str(call.params.get("access_token", "")))
    except GraphRefusal as refusal:
        return refused(refusal)
    account.replace_token()
    lasts = int((account.expires_at or 0) - account.issued_at)
    return Response.json(
        200, {"access_token": account.token, "token_type": "bearer", "expires_in": lasts}
    )


def _app(asked: Mapping[str, str], world: World) -> LoginApp | None:
    app = world.graph.login_app
    return app if app is not None and asked.get("client_id") == app.id else None


def _wrong(message: str) -> Response:
    said = {"error_type": "OAuthException", "code": 400, "error_message": message}
    return Response.json(400, said)


def _sent_to(redirect: str, query: dict[str, str], end: str = "") -> Response:
    return Response(302, headers=(("location", f"{redirect}?{urlencode(query)}{end}"),))


def _page(status: int, body: str) -> Response:
    page = (
        '<!doctype html><html lang="en"><title>Instagram, simulated</title>'
        f"<h1>Instagram, simulated</h1>{body}"
    )
    return Response(status, Data(page.encode()), (("content-type", "text/html; charset=utf-8"),))
