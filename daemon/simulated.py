"""Whether this daemon lives in a sandbox, and how its page makes something happen there."""

from __future__ import annotations

from urllib.parse import urlsplit

from daemon.core import Core
from web.simulation import Simulation


def simulation_of(core: Core) -> Simulation | None:
    """Return the sandbox that the daemon talks to; None in life.

    Only without pauses, which no real account survives, and through a proxy on this machine: a
    sandbox is told what to do at the address of its proxy.
    """
    if core.settings.pace != 0:
        return None
    proxy = core.settings.proxy or ""
    is_near = urlsplit(proxy).hostname in ("127.0.0.1", "localhost", "::1")
    return Simulation(proxy if is_near else None, core.clock.move_on)
