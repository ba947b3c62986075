"""The daemon on one page: what there is, who works with whom, and in which order it ends."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial

import trio

from accounts.sessions import SessionDesk
from agents.mount import Mount
from api.app import build_app
from api.context import ApiContext
from api.encryption import Encryption
from api.guesses import Guesses
from api.listen import open_sockets, serve
from api.proof import answers
from api.rate_limits import RateLimits
from api.session_cookie import session_cookies
from api.system import SystemInfo
from api.visitors import Visitors
from cloud.probing import Probe
from daemon import build_info, data_dir, logs
from daemon.activity import StatusLine
from daemon.core import Core, open_core
from daemon.house import engine_of, house_of
from daemon.lifecycle import heed_signals, keep_told
from daemon.metrics import Metrics
from daemon.notify import Notifier
from daemon.outside import (
    change,
    door_of,
    encryption_of,
    is_for_this_machine,
    url_of,
    what_is_missing,
)
from daemon.publishing import Publishing, build_publishing
from daemon.reload import Reloader
from daemon.session_face import session_face
from daemon.settings import Settings, load_settings
from daemon.simulated import simulation_of
from daemon.starting import patiently
from daemon.supervisor import Policy, Service, Supervisor
from daemon.upkeep import Upkeep
from ground.clock import Ahead, Clock
from ground.shortage import is_shortage
from local.serve import open_socket
from local.serve import serve as serve_locally
from notices.people import People
from notices.watch import Watch
from operations.accounts import get_me
from operations.actor import Actor
from operations.browser import create_login_code
from operations.by_address import AddressFetcher
from operations.house import House
from operations.models import LoginCodeRequest
from operations.webhook_messages import message_for, wanted
from repost.retention import Retention
from storage import events
from storage.errors import Unavailable, Unusable
from storage.files import MediaFolder
from storage.webhooks import ReceiverKind
from web.face import WebFace
from webhooks.outbox import Outbox
from webhooks.programs import Programs
from webhooks.targets import Reach, Targets

logger = logging.getLogger(__name__)

GRACE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The daemon put together: `drain` begins its orderly end, `apply` takes changed settings."""

    supervisor: Supervisor
    drain: Callable[[], None]
    status: StatusLine
    apply: Callable[[Settings], None]
    house: House


async def run_daemon(
    settings: Settings,
    *,
    on_ready: Callable[[str], None],
    load: Callable[[], Settings] = load_settings,
    greet: Callable[[str, bool], None] | None = None,
) -> None:
    """Run until SIGTERM or SIGINT; `on_ready` hears the API's address, SIGHUP calls `load`.

    `greet` hears a link that signs the owner's browser in, and whether there is no account yet.

    Raises `Unusable` when it cannot start, and a group with `ServiceCrashed` when it cannot
    go on. What passes is waited for: see `daemon.starting`.
    """
    notifier = Notifier.of()
    if (missing := what_is_missing(settings)) is not None:
        raise Unusable(missing)
    encryption = encryption_of(settings)

    async def run(is_ready: Callable[[], None]) -> None:
        def ready(url: str) -> None:
            is_ready()
            on_ready(url)

        await _run(settings, ready, load, greet, notifier, encryption)

    await patiently(run, notifier)


async def _run(
    settings: Settings,
    on_ready: Callable[[str], None],
    load: Callable[[], Settings],
    greet: Callable[[str, bool], None] | None,
    notifier: Notifier,
    encryption: Encryption | None,
) -> None:
    data_dir.prepare(settings.data_dir)
    with data_dir.held(settings.data_dir) as announce, ExitStack() as opened:
        sockets = _listen(settings)
        url = url_of(settings, sockets[0].getsockname()[1])
        own = open_socket(settings.data_dir)
        for one in (*sockets, own):  # a start that did not succeed keeps none of them
            opened.callback(one.close)
        async with open_core(settings, ahead=Ahead()) as core:
            stop = trio.Event()
            daemon = await compose(core, sockets, stop, notifier, own, encryption)
            reloader = Reloader(settings, load, daemon.apply)

            def ready() -> None:
                announce(url)
                on_ready(url)
                notifier.ready()
                logger.info("ready url=%s data_dir=%s", url, settings.data_dir)
                nursery.start_soon(_tell, core, "STARTED")
                if greet is not None:
                    nursery.start_soon(_greet, daemon.house, core.owner.id, url, greet)
                nursery.start_soon(keep_told, notifier, daemon.supervisor, daemon.status, stop)

            async with trio.open_nursery() as nursery:
                await nursery.start(heed_signals, stop, notifier, reloader.reload, name="signals")
                await daemon.supervisor.run(
                    on_ready=ready, stop=stop, drain=daemon.drain, grace_s=GRACE_S
                )
                await _tell(core, "STOPPED")
                nursery.cancel_scope.cancel()
        logger.info("stopped")


async def _greet(house: House, owner_id: str, url: str, greet: Callable[[str, bool], None]) -> None:
    owner = Actor(owner_id, "daemon", holds_machine=True)
    with suppress(Unavailable):  # then `reprise login-link` makes one, later
        made = await house.perform(create_login_code, owner, LoginCodeRequest())
        known = (await house.perform(get_me, owner)).accounts
        greet(f"{url}/login?code={made.code}", not known)


async def _tell(core: Core, state: str) -> None:
    with suppress(Unavailable):  # whoever waits for the database has other news
        await core.store.write(events.record_of_daemon, state, core.clock.now())


async def compose(
    core: Core,
    sockets: list[socket.socket],
    stop: trio.Event,
    notifier: Notifier,
    own: socket.socket,
    encryption: Encryption | None = None,
) -> Composed:
    """Build every service, supervised; `own` is the socket for this machine's owner."""
    settings, store, clock = core.settings, core.store, core.clock
    folder = MediaFolder(settings.media_dir, least_free=settings.min_free_mb << 20)
    await trio.to_thread.run_sync(folder.clear_incoming)
    publishing = await build_publishing(core, folder)
    status = StatusLine(store, notifier, clock)
    metrics = Metrics(store, core.gateway.requests, core.graph.requests)
    scheduler = publishing.scheduler(core, on_begun=metrics.lateness.observe)
    engine = engine_of(core, folder)
    house = house_of(core, publishing, engine)
    upkeep = _upkeep(core, folder, publishing.probe, house.sessions)
    supervisor = Supervisor(on_change=status.changed)
    context = await _api_context(core, house, supervisor, metrics, upkeep, sockets)
    sessions = session_face(core, house, context.system, supervisor.states)
    app = build_app(context, WebFace(house, simulation=simulation_of(core)), sessions)
    visitors = Visitors(context)
    app.beside = agents = _agents(core, house, visitors, sockets)
    end = partial(partial, shutdown=stop, grace_s=GRACE_S / 2)
    api = end(serve, app, sockets, on_shutdown=house.feed.end, at_once=app.answer_plain)
    proof = partial(answers, sockets[0], is_encrypted=encryption is not None)
    local = end(serve_locally, house, core.owner.id, own, visitors.by_key)
    supervisor.add(
        Service("upkeep", upkeep.run, Policy.RESTART),
        Service("publish", scheduler.run, Policy.FATAL, scheduler.proof, scheduler.trouble),
        Service("repost", engine.run, Policy.RESTART, engine.proof, engine.trouble),
        Service("api", partial(api, encryption=encryption), Policy.FATAL, proof),
        Service("local", local, Policy.RESTART),
        Service("trial", house.trial.run, Policy.RESTART),
        Service("agents", partial(agents.run, shutdown=stop), Policy.RESTART),
        *_outward(core, sockets, publishing),
    )
    return Composed(
        supervisor=supervisor,
        drain=scheduler.drain,
        status=status,
        apply=partial(_apply, context, encryption),
        house=house,
    )


def _outward(
    core: Core, sockets: list[socket.socket], publishing: Publishing
) -> tuple[Service, ...]:
    """Return what deals with others than Instagram."""
    exchange = publishing.exchange
    return (
        Service("webhooks", _outbox(core, sockets).run, Policy.RESTART),
        Service("notices", _watch(core).run, Policy.RESTART),
        # Without a proof: an upload may take minutes.
        Service("cloud", exchange.run, Policy.RESTART, trouble=exchange.trouble),
    )


def _upkeep(core: Core, folder: MediaFolder, probe: Probe, sessions: SessionDesk) -> Upkeep:
    settings = core.settings
    retention = Retention(core.store, folder, core.clock, settings.repost_media_days, core.hour.now)
    return Upkeep(
        core.store,
        core.clock,
        core.gateway.newest_app_version,
        core.tokens,
        retention,
        copies=settings.database_copies,
        least_free=settings.min_free_mb << 20,
        probe=probe.ask_if_due,
        end_sessions=sessions.expire,
    )


def _outbox(core: Core, sockets: list[socket.socket]) -> Outbox:
    targets = _targets(core.settings, sockets)
    parts = core.store, core.vault, core.clock, targets
    return Outbox(
        core.store,
        core.clock,
        {
            ReceiverKind.WEBHOOK: Programs(*parts, render=message_for, wanted=wanted),
            ReceiverKind.PERSON: People(*parts),
        },
    )


def _watch(core: Core) -> Watch:
    settings = core.settings
    return Watch(core.store, core.clock, settings.data_dir, least_free=settings.min_free_mb << 20)


def _agents(core: Core, house: House, visitors: Visitors, sockets: list[socket.socket]) -> Mount:
    """Return `/mcp`. What it fetches is public, where the settings say nothing of targets."""
    targets = _targets(core.settings, sockets)
    if core.settings.webhook_targets is None:
        targets = replace(targets, reach=Reach.PUBLIC)
    most = core.settings.max_file_size_mb * 1024 * 1024
    return Mount(house=house, admit=visitors.admit, fetcher=AddressFetcher(targets, most))


async def _api_context(
    core: Core,
    house: House,
    supervisor: Supervisor,
    metrics: Metrics,
    upkeep: Upkeep,
    sockets: list[socket.socket],
) -> ApiContext:
    settings = core.settings
    return ApiContext(
        house=house,
        limits=RateLimits(settings.rate_limit_rpm, settings.rate_limit_rph, core.clock),
        cookies=await core.store.write(session_cookies, core.vault, sockets[0].getsockname()[1]),
        uptime_s=_uptime(core.clock),
        services=supervisor.states,
        troubles=supervisor.troubles,
        system=SystemInfo(
            build=build_info.build(),
            deps=await trio.to_thread.run_sync(build_info.dependencies),
            metrics=lambda: metrics.text(supervisor.states()),
            on_answered=metrics.answered,
            allowed=settings.system_from,
        ),
        record_key_use=upkeep.record_key_use,
        user_id=core.owner.id,
        door=door_of(settings),
        guesses=Guesses(core.clock),
        max_upload_bytes=settings.max_file_size_mb * 1024 * 1024,
        development=settings.env == "development",
    )


def _apply(context: ApiContext, encryption: Encryption | None, settings: Settings) -> None:
    """Take what of changed settings can be taken while the daemon runs."""
    logs.configure(settings)
    context.limits.change(settings.rate_limit_rpm, settings.rate_limit_rph)
    context.system.allowed = settings.system_from
    change(context.door, settings)
    if encryption is not None:
        encryption.read_again()


def _listen(settings: Settings) -> list[socket.socket]:
    try:
        return open_sockets(settings.host, settings.port)
    except OSError as error:
        if is_shortage(error):
            raise
        raise Unusable(
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
            "another program uses the port, or set REPRISE_HOST and REPRISE_PORT"
        ) from None


def _targets(settings: Settings, sockets: list[socket.socket]) -> Targets:
    """Return where webhooks may lead: as set, else no further in than the API is reached from."""
    chosen = settings.webhook_targets
    if chosen is None:
        chosen = Targets(Reach.LOOPBACK if is_for_this_machine(settings) else Reach.PUBLIC)
    return replace(chosen, own_port=sockets[0].getsockname()[1])


def _uptime(clock: Clock) -> Callable[[], float]:
    started = clock.monotonic()
    return lambda: clock.monotonic() - started
