"""Who is signed in, and which accounts are connected (contract §4.2)."""

from __future__ import annotations

import contextlib

from quart import Response

from accounts.connecting import GraphAccess, connect
from api.contract import Auth, Operations
from api.dispatch import Call
from api.errors import ApiError
from api.session_cookie import COOKIE_NAME
from instagram.errors import InstagramError
from operations import models as schemas
from operations import shown as render
from publish.intake import disconnect
from storage import accounts, browser_sessions
from storage.accounts import Account
from storage.store import Database

operations = Operations("Auth")


@operations.add("GET", "/auth/check", auth=Auth.OPTIONAL, returns=schemas.AuthCheck)
async def check_auth(call: Call) -> schemas.AuthCheck:
    """Say whether this request is signed in; `username` is that of the first account."""
    if call.caller is None:
        return schemas.AuthCheck(authenticated=False)
    found = await call.context.store.read(accounts.of_user, call.user_id)
    return schemas.AuthCheck(authenticated=True, username=found[0].username if found else None)


@operations.add("GET", "/auth/me", returns=schemas.AuthMe)
async def get_me(call: Call) -> schemas.AuthMe:
    """Return the user and the connected accounts; tokens are never returned."""
    found = await call.context.store.read(accounts.of_user, call.user_id)
    return schemas.AuthMe(
        user=schemas.Owner(id=call.user_id), accounts=[render.account(one) for one in found]
    )


@operations.add("POST", "/auth/logout", auth=Auth.OPTIONAL, returns=schemas.Success)
async def log_out(call: Call) -> Response:
    """End the browser session on the server and clear its cookie; for keys, do nothing."""
    body = schemas.Success().model_dump_json(by_alias=True)
    response = Response(body, 200, content_type="application/json")
    caller = call.caller
    if caller is not None and caller.session_id is not None:
        await call.context.store.write(browser_sessions.end, caller.session_id, call.context.now())
    if caller is None or caller.key_id is None:
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
    errors=("MISSING_PARAM", "INVALID_STATUS", "TOKEN_EXPIRED"),
)
async def connect_account(call: Call) -> schemas.InstagramAccount:
    """Connect an Instagram account, or give a connected one a new token of the official API.

    A token that Meta does not accept is refused; a Private API login is given separately.
    """
    context, body = call.context, call.body
    access = None
    if body.access_token is not None:
        access = GraphAccess(token=body.access_token, login_method=body.login_method)
        if body.login_method == "facebook" and not body.ig_user_id:
            raise ApiError("MISSING_PARAM", "`igUserId` is required with Facebook Login")
        await context.tokens.check(access, body.ig_user_id)

    def write(db: Database) -> Account:
        return connect(
            db,
            context.vault,
            user_id=call.user_id,
            username=body.username,
            ig_user_id=body.ig_user_id,
            access=access,
            now=context.now(),
        )

    account = await context.store.write(write)
    if access is not None:
        with contextlib.suppress(InstagramError):  # upkeep tries it again
            await context.tokens.sync(account)
    return render.account(await context.store.read(accounts.get, account.id))
