"""Who is signed in, and which accounts are connected (contract §4.2)."""

from __future__ import annotations

from quart import Response, request

from api import render, schemas
from api.auth import identify
from api.contract import Auth, Operations
from api.dispatch import Call
from api.errors import ApiError
from api.session_cookie import COOKIE_NAME
from publish.intake import disconnect
from storage import accounts, browser_sessions
from storage.store import Database

operations = Operations("Auth")


@operations.add("GET", "/auth/check", auth=Auth.NONE, returns=schemas.AuthCheck)
async def check_auth(call: Call) -> schemas.AuthCheck:
    """Say whether this request is signed in; `username` is that of the first account."""
    try:
        caller = await identify(request, call.context, Auth.ANY)
    except ApiError:
        caller = None
    if caller is None:
        return schemas.AuthCheck(authenticated=False)
    found = await call.context.store.read(accounts.of_user, caller.user_id)
    return schemas.AuthCheck(authenticated=True, username=found[0].username if found else None)


@operations.add("GET", "/auth/me", returns=schemas.AuthMe)
async def get_me(call: Call) -> schemas.AuthMe:
    """Return the user and the connected accounts; tokens are never returned."""
    found = await call.context.store.read(accounts.of_user, call.user_id)
    return schemas.AuthMe(
        user=schemas.Owner(id=call.user_id), accounts=[render.account(one) for one in found]
    )


@operations.add("POST", "/auth/logout", auth=Auth.NONE, returns=schemas.Success)
async def log_out(call: Call) -> Response:
    """End the browser session on the server and clear its cookie; for keys, do nothing."""
    cookie = request.cookies.get(COOKIE_NAME)
    session_id = call.context.cookies.session_id(cookie) if cookie else None
    if session_id is not None:
        await call.context.store.write(browser_sessions.end, session_id, call.context.now())
    body = schemas.Success().model_dump_json(by_alias=True)
    response = Response(body, 200, content_type="application/json")
    response.delete_cookie(COOKIE_NAME, httponly=True, samesite="Strict")
    return response


@operations.add("DELETE", "/auth/accounts/<id>", returns=schemas.Success, errors=("NOT_FOUND",))
async def disconnect_account(call: Call) -> schemas.Success:
    """Disconnect an account: tokens, session and configuration go, published posts stay."""

    def write(db: Database) -> None:
        disconnect(db, call.path["id"], call.context.now())

    await call.context.store.write(write)
    await call.context.logins.forget_in_memory(call.path["id"])
    return schemas.Success()


@operations.add(
    "POST",
    "/auth/accounts",
    body=schemas.ConnectRequest,
    returns=schemas.InstagramAccount,
    status=201,
)
async def connect_account(call: Call) -> schemas.InstagramAccount:
    """Connect an Instagram account; its logins are given separately."""
    added = await call.context.store.write(
        accounts.add,
        user_id=call.user_id,
        username=call.body.username,
        now=call.context.now(),
    )
    return render.account(added)
