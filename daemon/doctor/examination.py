"""All checks in a table, done at the same time, none of them longer than ten seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from daemon import data_dir
from daemon.doctor import (
    address,
    logins,
    machine,
    network,
    outside,
    running,
    service,
    stored,
    tokens,
    told,
)
from daemon.doctor.finding import Finding, State, warning
from daemon.doctor.site import Site
from daemon.settings import Settings
from ground.clock import Clock
from instagram.trust import Trust, load_trust

LIMIT_S = 10.0
Check = Callable[[Site], Awaitable[list[Finding]]]

# In the order of the report: what explains the others comes first.
LOCAL: dict[str, Check] = {
    "daemon": running.daemon,
    "port": running.port,
    "outside": outside.outside,
    "service": service.service,
    "disk": machine.disk,
    "permissions": machine.permissions,
    "database": stored.database,
    "rows": stored.rows,
    "migrations": stored.migrations,
    "key": stored.key,
    "timezone": machine.timezone,
    "media": machine.media,
    "login": logins.sessions,
    "holds": logins.holds,
    "told": told.receivers,
}
ONLINE: dict[str, Check] = {
    "proxy": network.proxy,
    "meta": network.hosts,
    "clock": network.clock,
    "token": tokens.tokens,
    "public address": address.public_address,
}


async def examine(site: Site, *, offline: bool = False) -> dict[str, list[Finding]]:
    """Do every check at once and return what each found; nothing is changed.

    `offline` leaves out what asks others than this machine. The Private API is asked nothing:
    each request there is seen as the account's own doing.
    """
    checks = LOCAL if offline else LOCAL | ONLINE
    found: dict[str, list[Finding]] = {name: [] for name in checks}

    async def do(name: str, check: Check) -> None:
        with trio.move_on_after(LIMIT_S):
            found[name] = await check(site)
            return
        found[name] = [warning(f"not done within {LIMIT_S:.0f} s")]

    async with trio.open_nursery() as nursery:
        for name, check in checks.items():
            nursery.start_soon(do, name, check, name=f"check {name}")
    return {name: lines for name, lines in found.items() if lines}


def is_well(found: dict[str, list[Finding]]) -> bool:
    """Say whether no check found a problem; a warning is none."""
    return all(line.state is not State.PROBLEM for lines in found.values() for line in lines)


def as_json(found: dict[str, list[Finding]]) -> dict[str, Any]:
    """Return what was found as JSON holds it."""
    return {
        "ok": is_well(found),
        "findings": [
            {"check": name, "state": line.state.value, "text": line.text, "mend": line.mend}
            for name, lines in found.items()
            for line in lines
        ],
    }


@asynccontextmanager
async def visit(settings: Settings, now: Callable[[], datetime]) -> AsyncIterator[Site]:
    """Yield the installation for a visit that leaves no trace in it."""
    with TemporaryDirectory(prefix="reprise-doctor-") as folder:
        yield Site(
            settings=settings,
            daemon=data_dir.running(settings.data_dir),
            trust=await trio.to_thread.run_sync(_trust, settings, Path(folder)),
            clock=Clock(now, pace=settings.pace),
        )


def _trust(settings: Settings, folder: Path) -> Trust | None:
    try:
        return load_trust(settings.ca_file, folder)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        return None
