"""A token of the official API by logging in at Instagram, for whoever has an app there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from accounts import token_logins
from accounts.connecting import GraphAccess
from ground.refusal import ErrorCode, Refusal
from instagram import errors
from instagram.graph.login_app import LoginApp
from operations import models, shown
from operations.accounts import connect_account
from operations.operation import Ask, act, read
from operations.scopes import Scope
from storage import accounts
from storage.store import Database


@read(models.TokenApp, scope=Scope.ACCOUNTS_WRITE)
def get_token_app(db: Database, ask: Ask[None]) -> models.TokenApp:
    """Return the app at Meta with which tokens are obtained; its secret is never returned
    (additive)."""
    app = token_logins.kept_app(db, ask.house.vault, ask.user_id)
    return models.TokenApp(app=None if app is None else app.id)


@act(
    models.TokenLogin,
    scope=Scope.ACCOUNTS_WRITE,
    takes=models.TokenLoginRequest,
    refuses=[ErrorCode.MISSING_PARAM],
)
async def begin_token_login(ask: Ask[models.TokenLoginRequest]) -> models.TokenLogin:
    """Return where to log in at Instagram for a token (additive).

    The app is kept, sealed, so that it is given once. Whoever has begun has to end it, within a
    quarter of an hour and once, from the same browser or with the same key.
    """
    asked, house = ask.given, ask.house
    app = await house.store.read(token_logins.kept_app, house.vault, ask.user_id)
    if asked.app and asked.app_secret:
        app = LoginApp(asked.app, asked.app_secret)
    elif app is None or asked.app not in (None, app.id):
        raise Refusal(ErrorCode.MISSING_PARAM, "Give the app's id together with its secret")

    chosen = app
    url = house.token_logins.begin(ask.actor.caller, chosen, asked.redirect_url, ask.now)
    answer = models.TokenLogin(url=url, until=ask.now + token_logins.LASTS)

    def keep(db: Database) -> models.TokenLogin:
        token_logins.keep_app(db, house.vault, ask.user_id, chosen)
        return ask.done(db, answer)

    return await house.store.write(keep)


@act(
    models.InstagramAccount,
    scope=Scope.ACCOUNTS_WRITE,
    takes=models.TokenLoginAnswer,
    refuses=[
        ErrorCode.INVALID_CODE,
        ErrorCode.INVALID_STATUS,
        ErrorCode.TOKEN_EXPIRED,
        ErrorCode.SERVICE_UNAVAILABLE,
    ],
)
async def finish_token_login(ask: Ask[models.TokenLoginAnswer]) -> models.InstagramAccount:
    """Give the account that Instagram's answer is for its token (additive).

    One that is not connected yet is connected. `code` and `state` are those of the address to
    which Instagram has sent the browser.
    """
    house = ask.house
    begun = house.token_logins.end(ask.actor.caller, ask.given.state, ask.now)
    if begun is None:
        raise Refusal(
            ErrorCode.INVALID_CODE,
            "That is no answer to a login which was begun here in the last quarter of an hour: "
            "begin it anew",
        )
    code = ask.given.code.removesuffix("#_")
    try:
        token, lasts = await house.tokens.obtain(begun.app, code, begun.redirect)
    except errors.Refused as refused:
        raise Refusal(ErrorCode.INVALID_CODE, f"{refused.reason}: begin it anew") from None
    told = await house.tokens.check(GraphAccess(token=token), "")
    if told is None:
        raise Refusal(
            ErrorCode.SERVICE_UNAVAILABLE, "Instagram does not say whose token it is: begin it anew"
        )
    given = models.ConnectRequest(
        username=told.username, ig_user_id=told.ig_user_id, access_token=token
    )
    connect: Ask[Any] = ask
    connected: models.InstagramAccount = await connect_account.run(replace(connect, given=given))
    if lasts is None:
        return connected
    await house.store.write(accounts.change, connected.id, token_expires_at=ask.now + lasts)
    account = await house.store.read(accounts.get, connected.id)
    return await ask.amended(shown.account(account))
