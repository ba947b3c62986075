"""The answers of the app's Bloks screens: small programs with data hidden in nested JSON."""

from __future__ import annotations

import json

from sandbox.private.accounts import user_json
from sandbox.wire.message import JsonObject, Response
from sandbox.world.session import Session

TWO_FACTOR_SCREEN = "com.bloks.www.two_step_verification.entrypoint"
PROFILE_CODE_ENTRY = "com.bloks.www.ap.two_step_verification.entrypoint_async"
PROFILE_CODE_SCREEN = "com.bloks.www.ap.two_step_verification.code_entry"
PROFILE_CODE_SUBMIT = "com.bloks.www.ap.two_step_verification.code_entry_async"


def screen(
    *, action: str = "", data: list[JsonObject] | None = None, beside: JsonObject | None = None
) -> Response:
    """A screen that runs a program, or that carries named data, with plain facts beside it."""
    payload: JsonObject = {"action": action, "data": data or []}
    return Response.ok({"layout": {"bloks_payload": payload}, **(beside or {})})


def named_data(key: str, value: str) -> Response:
    """A screen that hands over one named value."""
    return screen(data=[{"id": "0", "type": "gs", "data": {"key": key, "initial": value}}])


def logged_in(session: Session) -> Response:
    """A screen that logs the app in: the answer of the old login as JSON in JSON in a program."""
    headers = {
        "IG-Set-Authorization": session.bearer,
        "ig-set-ig-u-rur": f"RVA,{session.person.pk},1893456000:01f7sandbox",
        "x-ig-set-www-claim": f"hmac.sandbox{session.person.pk}",
    }
    login = {"logged_in_user": user_json(session.person), "status": "ok"}
    embedded = json.dumps(
        {"login_response": json.dumps(login), "headers": json.dumps(headers), "cookies": ""}
    )
    return screen(action=f"(bk.action.caa.HandleLoginResponse {json.dumps(embedded)} (bk.Null))")


def next_screen(
    app: str, context_name: str, context: str, beside: JsonObject | None = None
) -> Response:
    """A screen that leads to another one, with the token that has to be brought there."""
    parameters = f'(f4i (dkc "{context_name}") (dkc {json.dumps(context)}))'
    static = f'(f4i (dkc "server_params") (dkc {parameters}))'
    return screen(action=f'(bk.action.bloks.OpenScreen "{app}" {static})', beside=beside)


def dialog(title: str, text: str) -> Response:
    """A screen that says something and does nothing."""
    return screen(action=f"(bk.action.bloks.ShowDialog {json.dumps(title)} {json.dumps(text)})")


def fallback() -> Response:
    """A screen that sends the app back to the old login."""
    return screen(
        data=[{"id": "0", "type": "gs", "data": {"initial": "CAA_LOGIN_FALLBACK:legacy_login"}}]
    )
