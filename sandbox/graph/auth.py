"""The Graph API's side of every call: whose token it is, how errors look, and the usage headers."""

from __future__ import annotations

from dataclasses import replace

from sandbox.graph.failures import GraphRefusal, usage_headers
from sandbox.wire.call import Call, GraphHandler
from sandbox.wire.message import JsonObject, Request, Response
from sandbox.world.graph_account import SCOPES, GraphAccount, LoginMethod

INSTAGRAM_HOST = "graph.instagram.com"
FACEBOOK_HOST = "graph.facebook.com"
UPLOAD_HOST = "rupload.facebook.com"
HOSTS: dict[str, LoginMethod] = {
    INSTAGRAM_HOST: "instagram",
    FACEBOOK_HOST: "facebook",
    UPLOAD_HOST: "facebook",
}
_SCHEMES = ("bearer", "oauth")
_PARAMETERS = ("access_token", "fb_exchange_token")


def token_of(request: Request, form: JsonObject) -> str:
    """The access token a request comes with, "" if with none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in _SCHEMES:
        return token.strip()
    for name in _PARAMETERS:
        if given := form.get(name) or request.query.get(name):
            return str(given)
    return ""


def refused(refusal: GraphRefusal) -> Response:
    return refusal.status().response()


async def perform(handler: GraphHandler, call: Call) -> Response:
    """Call the handler with the account of the token, or refuse the token."""
    try:
        account = check_token(call, token_of(call.request, call.form))
    except GraphRefusal as refusal:
        return refused(refusal)
    try:
        response = await handler(call, account)
    except GraphRefusal as refusal:
        response = refused(refusal)
    usage = usage_headers(account.ig_user_id, account.usage_percent)
    return replace(response, headers=(*response.headers, *usage))


def check_token(call: Call, token: str) -> GraphAccount:
    """The account of a token that may be used at this host, now.

    Raises:
        GraphRefusal
    """
    if not token:
        raise GraphRefusal("token_missing")
    account = call.world.graph.account_with(token)
    if account is None or account.login_method != HOSTS[call.request.host]:
        raise GraphRefusal("token_invalid")
    if account.revoked:
        raise GraphRefusal("token_revoked")
    if account.has_expired(token):
        raise GraphRefusal("token_expired")
    return account


def check_may_read(account: GraphAccount) -> None:
    """Whether the account may be looked at.

    Raises:
        GraphRefusal
    """
    check_scope(account, SCOPES[account.login_method].read)


def check_may_publish(account: GraphAccount) -> None:
    """Whether the account may make posts: the permission, and its own state.

    Raises:
        GraphRefusal
    """
    check_scope(account, SCOPES[account.login_method].publish)
    if account.restricted:
        raise GraphRefusal("account_restricted")


def check_scope(account: GraphAccount, scope: str) -> None:
    """Whether the account was connected with this permission.

    Raises:
        GraphRefusal
    """
    if scope not in account.scopes:
        raise GraphRefusal("permission_missing")
