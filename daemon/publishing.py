"""The publish engine put together: its routes, and the addresses that Meta fetches from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import trio

from accounts.keeper import StoredLogins
from cloud.against import Against
from cloud.courier import Courier
from cloud.desk import CloudDesk
from cloud.exchange import Exchange
from cloud.gate import Gate, place_of
from cloud.home import Home
from cloud.probing import Probe
from cloud.recalls import Recalls
from daemon.core import Core
from ground.hold import Hold
from publish.advice import Adviser
from publish.asking import Asker
from publish.attempt import Tools
from publish.cross_post import CrossPoster
from publish.delivery import Deliverer
from publish.doubts import Doubts
from publish.graph_route import GraphRoute
from publish.media_links import MediaLinks
from publish.preparation import Preparation
from publish.presence import Presence
from publish.private_route import PrivateFeedRoute
from publish.punctuality import Punctuality
from publish.routes import Routes
from publish.scheduler import Scheduler
from publish.story_route import PrivateStoryRoute
from repost import rails, terms
from repost.clouded import Clouded
from storage import secrets as stored_secrets
from storage.files import MediaFolder
from storage.posts import Post
from storage.store import Database

# How long after a lost answer its effect may still show. Nothing to wait for in a sandbox.
SETTLE_S = 45.0


@dataclass(frozen=True, slots=True)
class Publishing:
    """The engine's parts that others work with."""

    deliverer: Deliverer
    presence: Presence
    doubts: Doubts
    folder: MediaFolder
    links: MediaLinks
    adviser: Adviser
    preparation: Preparation
    cloud: CloudDesk
    probe: Probe
    exchange: Exchange
    recalls: Recalls

    def scheduler(
        self,
        core: Core,
        *,
        on_begun: Callable[[float], None],
    ) -> Scheduler:
        """Return the service that delivers what is due; `on_begun` hears how late it began."""
        return Scheduler(
            core.store,
            self.deliverer,
            core.clock,
            self.presence,
            check_room=self.folder.check_room,
            on_begun=on_begun,
        )


async def build_publishing(
    core: Core,
    folder: MediaFolder,
    *,
    settle_s: float | None = None,
    secret: str | None = None,
) -> Publishing:
    """Build the engine on what daemon and command line share."""
    settings, clock = core.settings, core.clock
    if secret is None:
        secret = await core.store.write(stored_secrets.daemon_key, core.vault, "media_links")
    if settle_s is None:
        settle_s = SETTLE_S if clock.pace else 0.0
    place = await trio.to_thread.run_sync(place_of, settings.database)
    cloud = CloudDesk(
        core.store, core.vault, clock, settings.cloudflare_api, settings.graph_version, place
    )
    links = MediaLinks(
        core.store,
        folder,
        clock,
        secret=secret,
        public_url=settings.public_url,
        behind_proxy=settings.proxy is not None,
        lender=cloud,
    )
    preparation = Preparation(core.store, folder, settings.story_fit)
    timing = _timing_of(core)
    presence = Presence(core.store, clock)
    punctuality = Punctuality(
        missed_for=presence.missed_for, grace=timing.grace, their_time=core.hour.now
    )
    gate = Gate(place, clock, timing.spacing, cloud.contact)
    tools = _tools(core, preparation, links, gate, punctuality, settle_s)
    courier = _courier(core, cloud, preparation, timing)
    recalls = Recalls(courier)
    return Publishing(
        deliverer=_deliverer(core, tools, links, timing),
        presence=presence,
        doubts=Doubts(core.store, tools.routes, tools.asker, clock),
        folder=folder,
        links=links,
        adviser=Adviser(timing.spacing, has_public_url=settings.public_url is not None),
        preparation=preparation,
        cloud=cloud,
        probe=Probe(cloud, core.graph, core.store, clock),
        exchange=Exchange(courier, recalls),
        recalls=recalls,
    )


@dataclass(frozen=True, slots=True)
class _Timing:
    """What daemon and Worker keep alike: the time between posts, and how late one may be."""

    spacing: timedelta
    grace: timedelta


def _timing_of(core: Core) -> _Timing:
    settings = core.settings
    return _Timing(
        spacing=core.clock.paced(timedelta(minutes=settings.post_spacing_minutes)),
        grace=timedelta(minutes=settings.schedule_grace_minutes),
    )


def _tools(
    core: Core,
    preparation: Preparation,
    links: MediaLinks,
    gate: Gate,
    punctuality: Punctuality,
    settle_s: float,
) -> Tools:
    clock = core.clock

    def held(db: Database, post: Post, now: datetime) -> Hold | None:
        return (
            gate.held(db, post, now)
            or rails.post_held(db, post, now, clock.pace)
            or rails.asleep_there(db, post, now, core.hour.now())
        )

    return Tools(
        store=core.store,
        routes=Routes(
            graph=GraphRoute(core.graph, links, clock),
            stories=PrivateStoryRoute(core.gateway, preparation, clock),
            feed=PrivateFeedRoute(core.gateway, preparation, clock),
        ),
        preparation=preparation,
        asker=Asker(core.store, clock, settle_s=settle_s),
        clock=clock,
        stands=terms.stand,
        held=held,
        punctuality=punctuality,
    )


def _deliverer(core: Core, tools: Tools, links: MediaLinks, timing: _Timing) -> Deliverer:
    return Deliverer(
        tools,
        CrossPoster(core.store, core.graph, links, core.clock),
        has_public_url=core.settings.public_url is not None,
        spacing=timing.spacing,
    )


def _courier(core: Core, desk: CloudDesk, preparation: Preparation, timing: _Timing) -> Courier:
    return Courier(
        store=core.store,
        vault=core.vault,
        clock=core.clock,
        desk=desk,
        preparation=preparation,
        reports=Against(StoredLogins(core.store, core.vault, core.clock), core.graph),
        home=Home(
            timing.spacing,
            timing.grace,
            Clouded(core.clock),
            their_time=lambda: desk.contact.worker_at,
        ),
    )
