"""New long-lived tokens for old ones: refreshing with Instagram Login, exchanging with Facebook."""

from __future__ import annotations

from sandbox.graph.auth import check_may_read, check_token, refused
from sandbox.graph.failures import GraphRefusal
from sandbox.wire.call import Call
from sandbox.wire.message import Response
from sandbox.world.graph_account import DAY_S, TOKEN_LIFETIME_S, GraphAccount

_PERMISSIONS = "permissions"


async def refresh(call: Call, account: GraphAccount) -> Response:
    """`GET /refresh_access_token`: 60 more days for a token that is at least 24 hours old."""
    _check_grant(call, "ig_refresh_token")
    check_may_read(account)
    if call.world.now() - account.issued_at < DAY_S:
        raise GraphRefusal("token_too_young")
    return _new_token(account, {_PERMISSIONS: ",".join(sorted(account.scopes))})


async def exchange(call: Call) -> Response:
    """`GET /oauth/access_token`: a long-lived token for a user's, if the app's secret is known."""
    try:
        return _exchanged(call)
    except GraphRefusal as refusal:
        return refused(refusal)


def _exchanged(call: Call) -> Response:
    _check_grant(call, "fb_exchange_token")
    app_id, secret = (str(call.params.get(name, "")) for name in ("client_id", "client_secret"))
    if not call.world.graph.knows_app(app_id):
        raise GraphRefusal("app_unknown")
    if not call.world.graph.is_app(app_id, secret):
        raise GraphRefusal("app_secret_wrong")
    token = str(call.params.get("fb_exchange_token", ""))
    account = check_token(call, token)
    if token == account.page_token:
        raise GraphRefusal("invalid_parameter", "(#100) This is no user's token")
    return _new_token(account, {})


def _check_grant(call: Call, grant: str) -> None:
    if call.params.get("grant_type") != grant:
        raise GraphRefusal("invalid_parameter", f"(#100) grant_type has to be {grant}")


def _new_token(account: GraphAccount, more: dict[str, str]) -> Response:
    account.replace_token()
    return Response.json(
        200,
        {
            "access_token": account.token,
            "token_type": "bearer",
            "expires_in": int(TOKEN_LIFETIME_S),
            **more,
        },
    )
