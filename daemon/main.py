"""The daemon on one page: what there is, who works with whom, and in which order it ends."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import trio

from accounts.keeper import StoredLogins
from accounts.logins import LoginDesk
from api.app import build_app
from api.context import ApiContext
from api.listen import open_sockets, serve
from api.rate_limits import RateLimits
from api.session_cookie import SessionCookies
from daemon import data_dir
from daemon.clock import utc_now
from daemon.settings import Settings
from daemon.supervisor import Policy, Service, Supervisor
from daemon.upkeep import Upkeep
from instagram import app_version
from instagram.gateway import PrivateGateway
from instagram.loop import open_instagram_loop
from instagram.trust import load_trust
from publish.delivery import Deliverer
from publish.library import MediaLibrary
from publish.private_route import PrivateStoryRoute
from publish.removal import Remover
from publish.scheduler import Scheduler
from repost.engine import RepostEngine
from repost.journey import Journey
from storage import secrets as stored_secrets
from storage import users
from storage.errors import Unusable
from storage.files import MediaFolder
from storage.store import Database, Store, open_store
from storage.users import User
from storage.vault import Vault, load_vault

logger = logging.getLogger(__name__)

GRACE_S = 20.0
# How long after a lost answer its effect may still show. Nothing to wait for in a sandbox.
SETTLE_S = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What daemon and command line share: the store and the way to Instagram."""

    settings: Settings
    store: Store
    vault: Vault
    owner: User
    gateway: PrivateGateway
    logins: LoginDesk
    now: Callable[[], datetime]


@asynccontextmanager
async def open_core(
    settings: Settings, now: Callable[[], datetime] = utc_now
) -> AsyncIterator[Core]:
    """Open store, vault and gateway; raises `Unusable` when the directory does not let us."""
    _ignore_proxies_of_the_environment()
    vault = load_vault(settings.data_dir)
    try:
        trust = await trio.to_thread.run_sync(load_trust, settings.ca_file, settings.data_dir)
    except OSError as error:  # ssl.SSLError is one
        raise Unusable(f"REPRISE_CA_FILE {settings.ca_file} cannot be used: {error}") from None
    async with (
        open_store(settings.database) as store,
        open_instagram_loop(),
        trio.open_nursery() as background,
    ):
        gateway = PrivateGateway(
            background,
            keeper=StoredLogins(store, vault, now),
            trust=trust,
            proxy=settings.proxy,
            pace=settings.pace,
        )
        try:
            yield Core(
                settings=settings,
                store=store,
                vault=vault,
                owner=await store.write(users.ensure_owner, now()),
                gateway=gateway,
                logins=LoginDesk(store, vault, gateway, now),
                now=now,
            )
        finally:
            with trio.move_on_after(10, shield=True):
                await gateway.close()
            background.cancel_scope.cancel()


async def run_daemon(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; `on_ready` hears the API's address.

    Raises `Unusable` when it cannot start, and a group with `ServiceCrashed` when it cannot
    go on.
    """
    data_dir.prepare(settings.data_dir)
    with data_dir.held(settings.data_dir) as announce:
        sockets = _listen(settings)
        url = _url_of(settings, sockets)
        async with open_core(settings) as core:
            stop = trio.Event()
            supervisor, drain = await compose(core, sockets, stop)

            def ready() -> None:
                announce(url)
                on_ready(url)
                logger.info("ready url=%s data_dir=%s", url, settings.data_dir)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(_stop_on_signal, stop, name="signals")
                await supervisor.run(on_ready=ready, stop=stop, drain=drain, grace_s=GRACE_S)
                nursery.cancel_scope.cancel()
        logger.info("stopped")


async def compose(
    core: Core, sockets: list[socket.socket], stop: trio.Event
) -> tuple[Supervisor, Callable[[], None]]:
    """Build every service; returns them supervised, and what begins their orderly end."""
    store, now, pace = core.store, core.now, core.settings.pace
    folder = MediaFolder(core.settings.media_dir)
    await trio.to_thread.run_sync(folder.clear_incoming)
    upkeep = Upkeep(store, now, core.gateway.newest_app_version)
    route = PrivateStoryRoute(core.gateway, folder, pace=pace)
    deliverer = Deliverer(store, route, now, settle_s=SETTLE_S if pace else 0.0)
    # Publishing wakes reposting and the other way round, so one of them hears of it late.
    scheduler = Scheduler(store, deliverer, now, on_worked=lambda account: engine.wake(account))
    journey = Journey(store, folder, now, pace=pace, wake_publisher=scheduler.wake)
    engine = RepostEngine(store, core.gateway, journey, now, pace=pace)
    context = ApiContext(
        store=store,
        vault=core.vault,
        logins=core.logins,
        engine=engine,
        scheduler=scheduler,
        library=MediaLibrary(store, folder, now),
        remover=Remover(store, core.gateway, now),
        folder=folder,
        limits=RateLimits(
            core.settings.rate_limit_rpm, core.settings.rate_limit_rph, trio.current_time
        ),
        cookies=await store.write(session_cookies, core.vault),
        now=now,
        uptime_s=_uptime(),
        services=lambda: supervisor.states(),
        record_key_use=upkeep.record_key_use,
        user_id=core.owner.id,
        hosts=frozenset({"localhost", "127.0.0.1", "::1", core.settings.host.lower()}),
        pace=pace,
        max_upload_bytes=core.settings.max_file_size_mb * 1024 * 1024,
        app_version=app_version.CURRENT,
        development=core.settings.env == "development",
    )
    api = partial(serve, build_app(context), sockets, shutdown=stop, grace_s=GRACE_S / 2)
    supervisor = Supervisor(
        [
            Service("upkeep", upkeep.run, Policy.RESTART),
            Service("publish", scheduler.run, Policy.FATAL),
            Service("repost", engine.run, Policy.RESTART),
            Service("api", api, Policy.FATAL),
        ]
    )
    return supervisor, scheduler.drain


def session_cookies(db: Database, vault: Vault) -> SessionCookies:
    """Return the signer of session cookies; its secret is made on first use."""
    fresh = secrets.token_urlsafe(32)
    return SessionCookies(stored_secrets.daemon_secret(db, vault, "session_cookie", fresh))


def _listen(settings: Settings) -> list[socket.socket]:
    try:
        return open_sockets(settings.host, settings.port)
    except OSError as error:
        raise Unusable(
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
            "another program uses the port, or set REPRISE_HOST and REPRISE_PORT"
        ) from None


def _url_of(settings: Settings, sockets: list[socket.socket]) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{sockets[0].getsockname()[1]}"


def _uptime() -> Callable[[], float]:
    started = trio.current_time()
    return lambda: trio.current_time() - started


async def _stop_on_signal(stop: trio.Event) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            logger.info("stopping signal=%s", signal.Signals(number).name)
            stop.set()


def _ignore_proxies_of_the_environment() -> None:
    # Half of aiograpi's traffic would take them and half would not: two addresses for one
    # device. REPRISE_PROXY is for all of it.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        for variable in (name, name.lower()):
            if os.environ.pop(variable, None):
                logger.warning("%s is ignored; set REPRISE_PROXY instead", variable)
