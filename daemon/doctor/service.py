"""The service manager's side: installed, started, and alive when nobody is logged in."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from daemon.doctor.finding import Finding, ok, problem, warning
from daemon.doctor.site import Site, in_thread
from install import service as installation
from install.service import NotInstalled, Target

_LINGER = Path("/var/lib/systemd/linger")


async def service(_: Site) -> list[Finding]:
    """Installed as a service, it is started, and still is when nobody is logged in."""
    return [await in_thread(_service)]


def _service() -> Finding:
    for is_system in (False, True):
        target = _target(system=is_system)
        if target is not None and target.is_installed:
            return _installed(target, "--system" if is_system else "--user")
    return ok("not installed: it runs as long as somebody runs it (`reprise service install`)")


def _target(*, system: bool) -> Target | None:
    try:
        if sys.platform == "darwin":
            return None if system else installation.launchd(root=None)
        return installation.systemd(system=system, root=None)
    except NotInstalled:
        return None


def _installed(target: Target, scope: str) -> Finding:
    told = installation.seen(target)
    state = told.get("ActiveState") or told.get("state")
    again = "reprise service install" + (" --system" if scope == "--system" else "")
    if state is None:
        return warning(f"installed, but {target.manager} does not tell its state")
    if state not in ("active", "running"):
        return problem(f"installed, but {state}", again)
    if told.get("UnitFileState", "enabled") != "enabled":
        return warning("running, but it does not start with the machine", again)
    if not target.is_current:
        return warning(f"{target.file} is not what this Reprise would write", again)
    if scope == "--user" and _LINGER.is_dir() and not (_LINGER / getpass.getuser()).exists():
        mend = f"loginctl enable-linger {getpass.getuser()}"
        return warning("running, but systemd ends it when you log out", mend)
    return ok("installed and running")
