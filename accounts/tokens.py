"""The store side of the official API: tokens, what holds them up, and their renewal in time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import cast

from accounts import identity
from accounts.connecting import GraphAccess
from accounts.keeper import StoredLogins, hold_in, opened_for
from ground.clock import Clock
from ground.hold import Hold
from ground.shortage import is_shortage
from instagram import errors
from instagram.graph.api import profile_of
from instagram.graph.gateway import GraphGateway
from instagram.graph.http import FacebookApp, GraphHttp, GraphLogin, LoginMethod
from instagram.graph.login import obtain
from instagram.graph.login_app import LoginApp
from instagram.graph.objects import TOKEN_LIFETIME, Profile
from storage import accounts, allowances, secrets
from storage.accounts import Account
from storage.allowances import Allowance
from storage.errors import NotFound, Unavailable
from storage.secrets import AccountSecret
from storage.store import Database, Store
from storage.troubles import TroubleKind
from storage.vault import Vault
from storage.wrong_clock import is_recent

logger = logging.getLogger(__name__)

# A token lives 60 days, and can be renewed when it is a day old.
REFRESH_BEFORE = timedelta(days=20)
LIFETIME = TOKEN_LIFETIME
SYNC_EVERY = timedelta(days=1)
FIRST_RETRY = timedelta(hours=1)
# A Private API login that waits for a person is no reason to hold the official API back.
HOLDING = (TroubleKind.CHALLENGE, TroubleKind.BLOCK, TroubleKind.RATE)


class StoredTokens:
    """`instagram.private.keeper.TokenKeeper` on the store."""

    def __init__(self, store: Store, vault: Vault, clock: Clock, logins: StoredLogins) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._logins = logins

    async def graph_login(
        self, account_id: str, *, even_refused: bool = False
    ) -> GraphLogin | None:
        now = None if even_refused else self._clock.now()
        with opened_for(account_id):
            return await self._store.read(login_of, self._vault, account_id, now)

    async def graph_hold(self, account_id: str) -> Hold | None:
        return await hold_in(self._store, account_id, self._clock.now(), HOLDING)

    async def token_told(self, account_id: str, token: str, told: Profile) -> None:
        now = self._clock.now()
        await self._store.write(_keep_told, self._vault, account_id, token, told, now)

    async def token_refused(self, account_id: str, token: str) -> None:
        """Note that a token is worthless, unless it was replaced in the meantime."""
        await self._store.write(_expire, self._vault, account_id, token, self._clock.now())

    async def report(self, account_id: str, error: errors.InstagramError) -> None:
        await self._logins.report(account_id, error)


class TokenCare:
    """Renews tokens well before they expire, and keeps the accounts' profiles current."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        http: GraphHttp,
        gateway: GraphGateway,
        clock: Clock,
        app: FacebookApp | None,
        is_asleep: Callable[[Database, str, datetime], bool],
    ) -> None:
        """`is_asleep` says whether an account is in its sleep window."""
        self._store = store
        self._vault = vault
        self._http = http
        self._gateway = gateway
        self._clock = clock
        self._app = app
        self._is_asleep = is_asleep
        # Of accounts whose last look failed: how often in a row, and when that was.
        self._failed: dict[str, tuple[int, datetime]] = {}

    async def look_after_all(self) -> None:
        """Do what is due for every account with a token; one's failure is not another's.

        An account that fails is asked again after an hour, then two, at last once a day.
        """
        for account in await self._store.read(accounts.with_token):
            if self._waits(account.id):
                continue
            try:
                await self._look_after(account)
            except (NotFound, errors.AccountOnHold):
                continue  # disconnected meanwhile; or nothing was sent
            except Unavailable:
                raise  # the database's trouble is everybody's
            except errors.InstagramError as error:
                logger.warning("token care account=%s reason=%s", account.id, error.reason)
            except Exception as error:
                if is_shortage(error):
                    raise  # as the machine's is
                logger.exception("token care broke account=%s", account.id)
            else:
                self._failed.pop(account.id, None)
                continue
            count, _ = self._failed.get(account.id, (0, None))
            self._failed[account.id] = (count + 1, self._clock.now())

    async def obtain(self, app: LoginApp, code: str, redirect: str) -> tuple[str, timedelta | None]:
        """Return a token for the code of a login; raises `Refused` and `InstagramError`s."""
        return await obtain(self._http, app, code, redirect)

    async def check(self, access: GraphAccess, ig_user_id: str) -> Profile | None:
        """Return whose token it is; None when Meta cannot be asked or does not tell.

        Raises `TokenExpired` when Meta refuses it.
        """
        login = GraphLogin(
            ig_user_id=ig_user_id or "me", token=access.token, login_method=access.login_method
        )
        try:
            told = await profile_of(self._http, login)
        except errors.Refused as refused:
            raise errors.TokenExpired(refused.reason) from refused
        except (errors.Unreachable, errors.RateLimited):
            logger.warning("token not checked: Meta cannot be asked now")
            return None
        return told if told.username and told.numbers else None

    async def sync(self, account: Account) -> None:
        """Fill an account's record from its profile, and note what it may publish.

        A new name on Instagram is followed; a token that turns out to be another account's is
        not used any more. Raises `InstagramError`s.
        """
        api = self._gateway.account(account.id)
        await api.profile()
        try:
            _, total = await api.quota()
            allowance = Allowance(total=total)
        except errors.Refused as refused:
            allowance = Allowance(refusal=refused.reason)
        await self._store.write(allowances.note, account.id, allowance, self._clock.now())
        if account.login_method == "facebook":
            await self._note_page(account.id)

    async def _note_page(self, account_id: str) -> None:
        """Note the Facebook Page to which posts may be copied, or that there is none."""
        page_id, name = None, None
        try:
            page = await self._gateway.account(account_id).page()
            page_id, name = page.id, page.name or None
        except (errors.Unreachable, errors.Gone, errors.Unexplained):
            return  # not told
        except errors.Refused as refused:
            logger.info("no page account=%s reason=%s", account_id, refused.reason)
        await self._store.write(_keep_page, account_id, page_id, name)

    def _waits(self, account_id: str) -> bool:
        count, at = self._failed.get(account_id, (0, self._clock.now()))
        wait = min(FIRST_RETRY * 2 ** min(count - 1, 10), SYNC_EVERY) if count else timedelta(0)
        return is_recent(at, self._clock.now(), wait)

    async def _look_after(self, account: Account) -> None:
        now = self._clock.now()
        if await self._store.read(self._is_asleep, account.id, now):
            return
        with opened_for(account.id):
            login = await self._store.read(login_of, self._vault, account.id, now)
        expires, synced = account.token_expires_at, account.last_synced_at
        if login is None:
            return  # there is none, or Meta has refused it, or it is somebody else's
        sync_is_due = synced is None or not is_recent(synced, now, SYNC_EVERY)
        # Of a token whose end was never told, the renewal tells it. One that ends later than any
        # can was noted by a clock that was wrong.
        is_unknown = expires is None and account.login_method == "instagram" and sync_is_due
        ends = expires is not None and not REFRESH_BEFORE <= expires - now <= LIFETIME + SYNC_EVERY
        if is_unknown or ends:
            sync_is_due |= await self._refresh(account, login)
        if sync_is_due:
            await self.sync(account)

    async def _refresh(self, account: Account, login: GraphLogin) -> bool:
        try:
            renewed = await self._gateway.account(account.id).renewed_token(login, self._app)
        except errors.Refused as refused:
            # A token that is not a day old yet, or no app to renew it: the next look is in time.
            logger.info("token not renewed account=%s reason=%s", account.id, refused.reason)
            return False
        await self._store.write(
            _keep, self._vault, account.id, login.token, renewed, self._clock.now()
        )
        logger.info("token renewed account=%s", account.id)
        return True  # whose the new one is, is looked at at once


def login_of(
    db: Database, vault: Vault, account_id: str, now: datetime | None
) -> GraphLogin | None:
    """Return an account's token with what belongs to it, or None where Meta has refused it.

    One that should have ended by our clock is tried: only Meta can tell. Without `now` any token.
    """
    token = secrets.get(db, vault, account_id, AccountSecret.ACCESS_TOKEN)
    if token is None:
        return None  # also when the account was disconnected
    account = accounts.get(db, account_id)
    if now is not None and account.token_is_refused(now):
        return None
    return GraphLogin(
        ig_user_id=account.ig_user_id or "me",
        token=token,
        login_method=cast("LoginMethod", account.login_method),
        unproven=account.token_unproven,
    )


def _expire(db: Database, vault: Vault, account_id: str, token: str, now: datetime) -> None:
    login = login_of(db, vault, account_id, now)
    if login is not None and login.token == token:
        # Ended and unproven: it is never tried again, whatever the clock says later.
        accounts.change(db, account_id, token_expires_at=now, token_unproven=True)
        logger.warning("graph token refused account=%s; reconnect it", account_id)


def _keep(
    db: Database,
    vault: Vault,
    account_id: str,
    old: str,
    renewed: tuple[str, timedelta],
    now: datetime,
) -> None:
    if secrets.get(db, vault, account_id, AccountSecret.ACCESS_TOKEN) != old:
        return  # a person has given another one meanwhile
    token, lifetime = renewed
    secrets.put(db, vault, account_id, AccountSecret.ACCESS_TOKEN, token)
    accounts.change(db, account_id, token_expires_at=now + lifetime)


def _keep_page(db: Database, account_id: str, page_id: str | None, name: str | None) -> None:
    if accounts.find(db, account_id) is not None:  # it may have been disconnected meanwhile
        accounts.change(db, account_id, facebook_page_id=page_id, facebook_page_name=name)


def _keep_told(
    db: Database, vault: Vault, account_id: str, token: str, told: Profile, now: datetime
) -> None:
    if secrets.get(db, vault, account_id, AccountSecret.ACCESS_TOKEN) != token:
        return  # a person has given another one meanwhile
    identity.prove_token(db, account_id, told, now)
    kept = asdict(told)
    for name in ("ig_user_id", "username", "numbers"):
        del kept[name]
    known = {name: value for name, value in kept.items() if value is not None}  # 0 is a number
    accounts.change(db, account_id, last_synced_at=now, **known)
