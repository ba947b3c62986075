"""The operations' house, put together from what daemon and command line share."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from accounts.sessions import SessionDesk
from cloud.home import repost_would_stay_because
from daemon import logs
from daemon.core import Core, open_core
from daemon.publishing import Publishing, build_publishing
from daemon.settings import Settings
from daemon.simulated import simulation_of
from daemon.trial import Trial
from instagram.private import app_version
from moving.arrivals import Arrivals
from operations.feed import Feed
from operations.house import House
from publish.library import MediaLibrary
from publish.removal import Remover
from repost.engine import RepostEngine
from repost.journey import Journey
from storage.files import MediaFolder


def house_of(core: Core, publishing: Publishing, engine: RepostEngine) -> House:
    """Return the house in which operations are done on a store and its ways to Instagram."""
    folder = publishing.folder
    library = MediaLibrary(core.store, folder, core.clock)
    return House(
        store=core.store,
        vault=core.vault,
        clock=core.clock,
        logins=core.logins,
        options=core.options,
        tokens=core.tokens,
        engine=engine,
        library=library,
        remover=Remover(core.store, core.gateway, core.graph, core.clock),
        doubts=publishing.doubts,
        links=publishing.links,
        adviser=publishing.adviser,
        preparation=publishing.preparation,
        folder=folder,
        feed=Feed(core.store.changes),
        cloud=publishing.cloud,
        probe=publishing.probe,
        exchange=publishing.exchange,
        recalls=publishing.recalls,
        sessions=SessionDesk(
            core.store,
            core.vault,
            core.gateway,
            core.logins,
            core.options,
            core.clock,
            core.settings.session_days,
        ),
        trial=Trial(core.settings.data_dir, core.clock, is_offered=simulation_of(core) is None),
        arrivals=Arrivals(core.store, core.vault, library, core.clock),
        app_version=app_version.CURRENT,
        examine=partial(_examined, core),
    )


def engine_of(core: Core, folder: MediaFolder) -> RepostEngine:
    """Return the engine that finds mentions and hands them over."""
    journey = Journey(core.store, folder, core.clock, repost_would_stay_because)
    return RepostEngine(core.store, core.gateway, journey, core.clock)


async def _examined(core: Core) -> dict[str, Any]:
    from daemon.doctor import examination  # when it is asked for: a start needs none of it

    async with examination.visit(core.settings, core.clock.now) as site:
        return examination.as_json(await examination.examine(site, offline=True))


@asynccontextmanager
async def open_house(settings: Settings, *, online: bool) -> AsyncIterator[tuple[House, str]]:
    """Open a data directory's house for a command, with its owner's id; no service runs.

    The caller holds the directory. Only `online` may Instagram be asked, as an `act` may. What is
    to go out goes out when the daemon runs.
    """
    if not logging.getLogger().handlers:
        logs.configure(replace(settings, log_level="error"))
    async with open_core(settings, online=online) as core:
        folder = MediaFolder(settings.media_dir, least_free=settings.min_free_mb << 20)
        # Its links are for nobody: Meta fetches from a running daemon.
        publishing = await build_publishing(core, folder, secret=secrets.token_urlsafe(32))
        yield house_of(core, publishing, engine_of(core, folder)), core.owner.id
