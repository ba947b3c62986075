"""The store side of the official API: tokens, what holds them up, and their renewal in time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from accounts.connecting import GraphAccess
from accounts.keeper import StoredLogins, opened_for
from ground.clock import Clock
from ground.hold import Hold
from ground.shortage import is_shortage
from instagram import errors
from instagram.fields import is_token, numeric
from instagram.graph.gateway import GraphGateway
from instagram.graph.http import HOSTS, GraphHttp, GraphLogin, LoginMethod
from storage import accounts, allowances, secrets, troubles
from storage.accounts import Account
from storage.allowances import Allowance
from storage.errors import NotFound, Unavailable
from storage.secrets import AccountSecret
from storage.store import Database, Store
from storage.troubles import TroubleKind
from storage.vault import Vault

logger = logging.getLogger(__name__)

# A token lives 60 days, and can be renewed when it is a day old.
REFRESH_BEFORE = timedelta(days=20)
LIFETIME = timedelta(days=60)
SYNC_EVERY = timedelta(days=1)
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
        trouble = await self._store.read(troubles.active, account_id, self._clock.now(), HOLDING)
        return None if trouble is None else trouble.hold

    async def token_refused(self, account_id: str, token: str) -> None:
        """Note that a token is worthless, unless it was replaced in the meantime."""
        await self._store.write(_expire, self._vault, account_id, token, self._clock.now())

    async def report(self, account_id: str, error: errors.InstagramError) -> None:
        await self._logins.report(account_id, error)


@dataclass(frozen=True, slots=True)
class FacebookApp:
    """The credentials with which tokens of Facebook Login are exchanged."""

    id: str
    secret: str


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
    ) -> None:
        self._store = store
        self._vault = vault
        self._http = http
        self._gateway = gateway
        self._clock = clock
        self._app = app

    async def look_after_all(self) -> None:
        """Do what is due for every account with a token; one's failure is not another's."""
        for account in await self._store.read(accounts.with_token):
            try:
                await self._look_after(account)
            except errors.InstagramError as error:
                logger.warning("token care account=%s reason=%s", account.id, error.reason)
            except NotFound:
                continue  # it was disconnected meanwhile
            except Unavailable:
                raise  # the database's trouble is everybody's
            except Exception as error:
                if is_shortage(error):
                    raise  # as the machine's is
                logger.exception("token care broke account=%s", account.id)

    async def check(self, access: GraphAccess, ig_user_id: str) -> None:
        """Raise `TokenExpired` when Meta refuses a token; silent when it cannot be asked."""
        login = GraphLogin(
            ig_user_id=ig_user_id or "me", token=access.token, login_method=access.login_method
        )
        path = "me" if access.login_method == "instagram" else login.ig_user_id
        try:
            await self._http.call(login, "profile", "GET", path, {"fields": "username"})
        except errors.Refused as refused:
            raise errors.TokenExpired(refused.reason) from refused
        except (errors.Unreachable, errors.RateLimited):
            logger.warning("token not checked: Meta cannot be asked now")

    async def sync(self, account: Account) -> None:
        """Fill an account's record from its profile, and note what it may publish.

        Raises `InstagramError`s.
        """
        api = self._gateway.account(account.id)
        profile = asdict(await api.profile())
        known: dict[str, Any] = {name: value for name, value in profile.items() if value}
        known.pop("username", None)  # the name it was connected by stays its name here
        if account.login_method == "instagram" and account.ig_user_id:
            known.pop("ig_user_id", None)
        await self._store.write(
            accounts.change, account.id, last_synced_at=self._clock.now(), **known
        )
        try:
            _, total = await api.quota()
            allowance = Allowance(total=total)
        except errors.Refused as refused:
            allowance = Allowance(refusal=refused.reason)
        await self._store.write(allowances.note, account.id, allowance, self._clock.now())

    async def _look_after(self, account: Account) -> None:
        now = self._clock.now()
        held = await self._store.read(troubles.active, account.id, now, HOLDING)
        if held is not None:
            return  # nothing is asked under a challenge or a block, a renewal neither
        with opened_for(account.id):
            login = await self._store.read(login_of, self._vault, account.id, now)
        if login is None:
            return
        expires = account.token_expires_at
        sync_is_due = account.last_synced_at is None or now - account.last_synced_at >= SYNC_EVERY
        # Of a token whose end was never told, the renewal tells it.
        is_unknown = expires is None and account.login_method == "instagram" and sync_is_due
        if is_unknown or (expires is not None and expires - now < REFRESH_BEFORE):
            await self._refresh(account, login)
        if sync_is_due:
            await self.sync(account)

    async def _refresh(self, account: Account, login: GraphLogin) -> None:
        if login.login_method == "instagram":
            path = "refresh_access_token"
            parameters = {"grant_type": "ig_refresh_token", "access_token": login.token}
        elif self._app is not None:
            path = f"{self._http.version}/oauth/access_token"
            parameters = {
                "grant_type": "fb_exchange_token",
                "client_id": self._app.id,
                "client_secret": self._app.secret,
                "fb_exchange_token": login.token,
            }
        else:
            logger.warning(
                "token of account=%s cannot be renewed without REPRISE_FACEBOOK_APP_ID "
                "and REPRISE_FACEBOOK_APP_SECRET",
                account.id,
            )
            return
        try:
            answer = await self._http.exchange(HOSTS[login.login_method], path, parameters)
        except errors.TokenExpired:
            await self._store.write(
                _expire, self._vault, account.id, login.token, self._clock.now()
            )
            raise
        except errors.Refused as young:
            # A token that is not a day old yet; the next look is in time.
            logger.info("token not renewed account=%s reason=%s", account.id, young.reason)
            return
        await self._store.write(_keep, self._vault, account.id, answer, self._clock.now())
        logger.info("token renewed account=%s", account.id)


def login_of(
    db: Database, vault: Vault, account_id: str, now: datetime | None
) -> GraphLogin | None:
    """Return an account's valid token with what belongs to it, or None; without `now` any token."""
    token = secrets.get(db, vault, account_id, AccountSecret.ACCESS_TOKEN)
    if token is None:
        return None  # also when the account was disconnected
    account = accounts.get(db, account_id)
    expires = account.token_expires_at
    if now is not None and expires is not None and expires <= now:
        return None
    return GraphLogin(
        ig_user_id=account.ig_user_id or "me",
        token=token,
        login_method=cast("LoginMethod", account.login_method),
    )


def _expire(db: Database, vault: Vault, account_id: str, token: str, now: datetime) -> None:
    login = login_of(db, vault, account_id, now)
    if login is not None and login.token == token:
        accounts.change(db, account_id, token_expires_at=now)
        logger.warning("graph token refused account=%s; reconnect it", account_id)


def _keep(
    db: Database, vault: Vault, account_id: str, answer: Mapping[str, Any], now: datetime
) -> None:
    token, seconds = answer.get("access_token"), numeric(answer.get("expires_in"))
    if not is_token(token):
        return
    lifetime = timedelta(seconds=seconds) if seconds and seconds > 0 else LIFETIME
    secrets.put(db, vault, account_id, AccountSecret.ACCESS_TOKEN, token)
    accounts.change(db, account_id, token_expires_at=now + lifetime)
