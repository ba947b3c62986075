"""Which accounts are connected, connecting and disconnecting them (contract §4.2)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from accounts.connecting import GraphAccess, connect, is_known
from cloud.wishes import unconfirmed
from ground.refusal import ErrorCode, Refusal
from instagram.errors import InstagramError
from operations import models, shown
from operations.operation import Ask, act, read
from operations.resources import Resource
from operations.scopes import InsufficientScope, Scope
from publish.intake import disconnect
from storage import accounts, handovers
from storage.accounts import Account
from storage.handovers import Owner
from storage.store import Database

if TYPE_CHECKING:
    from operations.house import House


@read(models.AuthMe, scope=Scope.ACCOUNTS_READ)
def get_me(db: Database, ask: Ask[None]) -> models.AuthMe:
    """Return the user and the connected accounts; tokens are never returned."""
    every = accounts.of_user(db, ask.user_id)
    found = [account for account in every if ask.actor.may_see(account.id)]
    return models.AuthMe(
        user=models.Owner(id=ask.user_id), accounts=[shown.account(one) for one in found]
    )


@act(
    models.Success,
    scope=Scope.ACCOUNTS_WRITE,
    on=Resource.ACCOUNT,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS, ErrorCode.WORKER_UNREACHABLE],
)
async def disconnect_account(ask: Ask[None]) -> models.Success:
    """Disconnect an account: tokens, session and configuration go, published posts stay.

    What the cloud owns of it is taken back first: while it does not answer, nothing is
    disconnected.
    """

    def write(db: Database) -> models.Success:
        disconnect(db, ask.id, ask.now)
        return ask.done(db, models.Success())

    async with out_of_the_cloud(ask.house, [ask.id]):
        done = await ask.house.store.write(write)
    await ask.house.logins.forget_in_memory(ask.id)
    return done


@contextlib.asynccontextmanager
async def out_of_the_cloud(house: House, account_ids: Sequence[str]) -> AsyncIterator[None]:
    """Have nothing of these accounts in the cloud meanwhile, and no token of theirs.

    Raises `Refusal` where something is going out there now, or that is not confirmed.
    """
    async with house.recalls.at_home(lambda db: handovers.away_of(db, account_ids)) as left:
        if any(row.owner is Owner.CLOUD for row in left):
            raise Refusal(
                ErrorCode.INVALID_STATUS, "A post is going out in the cloud; try again soon"
            )
        if left:
            raise unconfirmed("it did not answer for every post")
        for account_id in account_ids:
            await house.exchange.forget_account(account_id)
        yield


@act(
    models.InstagramAccount,
    scope=Scope.ACCOUNTS_WRITE,
    takes=models.ConnectRequest,
    refuses=[ErrorCode.MISSING_PARAM, ErrorCode.INVALID_STATUS, ErrorCode.TOKEN_EXPIRED],
)
async def connect_account(ask: Ask[models.ConnectRequest]) -> models.InstagramAccount:
    """Connect an Instagram account, or give a connected one a new token of the official API.

    A token that Meta does not accept, or that is another account's, is refused; one of an account
    that has a new name on Instagram gives it that name here too. A Private API login is given
    separately.
    """
    house, asked = ask.house, ask.given
    await house.store.read(_check_limits, ask)
    access = told = None
    if asked.access_token is not None:
        access = GraphAccess(token=asked.access_token, login_method=asked.login_method)
        if asked.login_method == "facebook" and not asked.ig_user_id:
            raise Refusal(ErrorCode.MISSING_PARAM, "`igUserId` is required with Facebook Login")
        known = await house.store.write(_known, ask, access)
        if known is not None:
            return known
        told = await house.tokens.check(access, asked.ig_user_id)

    def write(db: Database) -> Account:
        account = connect(
            db,
            house.vault,
            user_id=ask.user_id,
            username=asked.username,
            ig_user_id=asked.ig_user_id,
            access=access,
            now=ask.now,
            told=told,
        )
        ask.done(db, shown.account(account))
        return account

    account = await house.store.write(write)
    if access is not None:
        with contextlib.suppress(InstagramError):  # upkeep tries it again
            await house.tokens.sync(account)
    return shown.account(await house.store.read(accounts.get, account.id))


def _known(
    db: Database, ask: Ask[models.ConnectRequest], access: GraphAccess
) -> models.InstagramAccount | None:
    account = is_known(db, ask.house.vault, ask.user_id, ask.given.username, access, ask.now)
    if account is None or ask.given.ig_user_id not in ("", account.ig_user_id):
        return None
    return ask.done(db, shown.account(account))


def _check_limits(db: Database, ask: Ask[models.ConnectRequest]) -> None:
    known = accounts.by_username(db, ask.given.username)
    within = known is not None and ask.actor.may_see(known.id)
    if ask.actor.accounts is not None and not within:
        raise InsufficientScope(
            "This key or session is limited to other accounts", Scope.ACCOUNTS_WRITE
        )
