"""The official API: is each account's token good, for how long, and how much may still go out?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import trio

from accounts.tokens import HOLDING, login_of
from daemon.doctor.finding import Finding, ok, problem, warning
from daemon.doctor.site import Site, in_thread
from ground.hold import Hold
from instagram.errors import InstagramError, TokenExpired
from instagram.graph.api import GraphApi
from instagram.graph.http import GraphHttp, GraphLogin
from instagram.graph.objects import Profile
from storage import accounts, holds
from storage.accounts import Account
from storage.store import Database

_SOON = timedelta(days=7)
_ANSWER_S = 8.0


@dataclass(frozen=True, slots=True)
class Known:
    """What the database tells of an account's token."""

    account: Account
    login: GraphLogin | None
    is_held: bool


@dataclass(frozen=True, slots=True)
class LookOnly:
    """A `TokenKeeper` for one account that keeps nothing: a look changes nothing."""

    login: GraphLogin

    async def graph_login(
        self, account_id: str, *, even_refused: bool = False
    ) -> GraphLogin | None:
        return self.login

    async def graph_hold(self, account_id: str) -> Hold | None:
        return None

    async def token_told(self, account_id: str, token: str, told: Profile) -> None:
        pass

    async def token_refused(self, account_id: str, token: str) -> None:
        pass

    async def report(self, account_id: str, error: InstagramError) -> None:
        pass


async def tokens(site: Site) -> list[Finding]:
    """Each token is there, is accepted by Meta, and leaves room to publish."""
    found = await in_thread(site.read, lambda db: _known(site, db)) or []
    if site.trust is None:
        return []
    http = GraphHttp(site.trust, site.settings.proxy, site.settings.graph_version)
    lines: dict[str, Finding] = {}

    async def examine(known: Known) -> None:
        name = known.account.username
        lines[name] = warning(f"@{name}: Meta did not answer in time")
        with trio.move_on_after(_ANSWER_S):
            lines[name] = await _examined(site, http, known)

    try:
        async with trio.open_nursery() as nursery:
            for known in found:
                nursery.start_soon(examine, known, name="check token")
    finally:
        await http.close()
    return list(lines.values()) or [ok("no account uses the official API")]


def _known(site: Site, db: Database) -> list[Known]:
    vault = site.vault()
    if vault is None:
        return []
    now = site.clock.now()
    return [
        Known(
            account,
            login_of(db, vault, account.id, now),
            holds.active(db, account.id, now, HOLDING) is not None,
        )
        for account in accounts.with_token(db)
    ]


async def _examined(site: Site, http: GraphHttp, known: Known) -> Finding:
    account, login = known.account, known.login
    name = f"@{account.username}"
    mend = f"reprise account add --username {account.username} --access-token-stdin"
    if account.login_method == "facebook":
        mend += f" --login-method facebook --ig-user-id {account.ig_user_id}"
    if login is None or account.token_should_have_ended(site.clock.now()):
        return problem(f"{name}: the token has expired", mend)
    if known.is_held:
        return warning(f"{name}: not asked, because the account is paused")
    try:
        used, total = await GraphApi(
            account.id, http, LookOnly(replace(login, unproven=False))
        ).quota()
    except TokenExpired as error:
        return problem(f"{name}: Meta refuses the token: {error.reason}", mend)
    except InstagramError as error:
        return warning(f"{name}: not asked: {error.reason}")
    room = f"{used} of {total} posts in 24 h"
    if used >= total:
        return warning(f"{name}: Instagram's limit is reached, {room}", "wait; posts go out later")
    expires = account.token_expires_at
    if expires is None:
        return ok(f"{name}: the token is good; {room}")
    days = (expires - site.clock.now()).days
    if expires - site.clock.now() < _SOON:
        return warning(f"{name}: the token ends in {days} days and was not renewed; {room}", mend)
    return ok(f"{name}: the token is good for {days} days; {room}")
