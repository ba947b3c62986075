"""What daemon and command line share: the store, the vault, and the ways to Instagram."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import trio

from accounts.client_options import OptionsDesk
from accounts.keeper import StoredLogins
from accounts.logins import LoginDesk
from accounts.tokens import StoredTokens, TokenCare
from daemon.settings import Settings
from ground import shortage
from ground.clock import Ahead, Clock, since_boot, utc_now
from instagram.graph.gateway import GraphGateway
from instagram.graph.http import FacebookApp, GraphHttp
from instagram.hour import InstagramsClock
from instagram.private.gateway import PrivateGateway
from instagram.private.loop import open_instagram_loop
from instagram.trust import load_trust, system_trust
from repost import rails
from storage import secrets as stored_secrets
from storage import users
from storage.errors import Unusable
from storage.store import Store, open_store
from storage.users import User
from storage.vault import Vault, load_vault

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What daemon and command line share: the store and the way to Instagram."""

    settings: Settings
    store: Store
    vault: Vault
    owner: User
    gateway: PrivateGateway
    graph: GraphGateway
    logins: LoginDesk
    options: OptionsDesk
    tokens: TokenCare
    clock: Clock
    hour: InstagramsClock


@asynccontextmanager
async def open_core(
    settings: Settings,
    now: Callable[[], datetime] = utc_now,
    passed: Callable[[], float] = since_boot,
    *,
    online: bool = True,
    ahead: Ahead | None = None,
) -> AsyncIterator[Core]:
    """Open store, vault and gateways; raises `Unusable` when the directory does not let us.

    Without `online` nobody asks Instagram anything, and what that takes is not opened. `ahead` is
    the clock instead, where a sandbox's page may let time pass.
    """
    _ignore_proxies_of_the_environment()
    clock = Clock(now, passed=passed, pace=settings.pace)
    if ahead is not None:
        clock = replace(clock, now=ahead.now, passed=ahead.passed, move_on=ahead.move_on)
    try:
        load = partial(load_trust, settings.ca_file, settings.data_dir)
        trust = await trio.to_thread.run_sync(load if online else system_trust)
    except OSError as error:  # ssl.SSLError is one
        if shortage.is_shortage(error):
            raise
        raise Unusable(f"REPRISE_CA_FILE {settings.ca_file} cannot be used: {error}") from None
    async with open_store(settings.database) as store:
        vault = await _fitting_vault(store, settings)
        loop = open_instagram_loop() if online else nullcontext()
        async with loop, trio.open_nursery() as background:
            keeper = StoredLogins(store, vault, clock)
            hour = InstagramsClock(clock)
            gateway = PrivateGateway(
                background,
                keeper=keeper,
                trust=trust,
                proxy=settings.proxy,
                clock=clock,
                hour=hour,
            )
            http = GraphHttp(trust, settings.proxy, settings.graph_version, hour)
            graph = GraphGateway(http, StoredTokens(store, vault, clock, keeper))
            try:
                yield Core(
                    settings=settings,
                    store=store,
                    vault=vault,
                    owner=await store.write(users.ensure_owner, clock.now()),
                    gateway=gateway,
                    graph=graph,
                    logins=LoginDesk(store, vault, gateway, clock),
                    options=OptionsDesk(store, vault, gateway, clock),
                    tokens=TokenCare(
                        store, vault, http, graph, clock, _facebook_app(settings), rails.is_asleep
                    ),
                    clock=clock,
                    hour=hour,
                )
            finally:
                with trio.move_on_after(10, shield=True):
                    await gateway.close()
                    await graph.close()
                background.cancel_scope.cancel()


async def _fitting_vault(store: Store, settings: Settings) -> Vault:
    may_create = not await store.read(stored_secrets.any_sealed)
    vault = load_vault(settings.data_dir, may_create=may_create)
    await store.read(stored_secrets.check_key, vault)
    await store.write(stored_secrets.bind, vault)
    return vault


def _facebook_app(settings: Settings) -> FacebookApp | None:
    if settings.facebook_app_id is None or settings.facebook_app_secret is None:
        return None
    return FacebookApp(settings.facebook_app_id, settings.facebook_app_secret)


def _ignore_proxies_of_the_environment() -> None:
    # Half of aiograpi's traffic would take them and half would not: two addresses for one
    # device. REPRISE_PROXY is for all of it.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        for variable in (name, name.lower()):
            if os.environ.pop(variable, None):
                logger.warning("%s is ignored; set REPRISE_PROXY instead", variable)
