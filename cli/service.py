"""`reprise service …`: the daemon as a service of systemd or launchd."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cli.failure import Failed
from cli.output import json_option, print_json, say
from daemon import data_dir
from daemon.settings import TABLE, load_settings
from install import service as installation
from install.service import NotInstalled, Report, Target

F = TypeVar("F", bound=Callable[..., Any])
_SYSTEM_DATA = Path("/var/lib/reprise")


def _where(function: F) -> F:
    """Add the options that say which service is meant."""
    for option in (
        json_option,
        click.option(
            "--root",
            type=click.Path(file_okay=False, path_type=Path, resolve_path=True),
            help="Write below this directory and start nothing, as for an image of a system.",
        ),
        click.option("--system", is_flag=True, help="The whole machine's, not this user's."),
    ):
        function = option(function)
    return function


@click.group()
def service() -> None:
    """Run Reprise as a service: it starts by itself and is watched over."""


@service.command("install")
@_where
def install(system: bool, root: Path | None, as_json: bool) -> None:
    """Install the service, switch it on and start it. Doing it again is harmless.

    \b
    Examples:  reprise service install
               sudo /opt/reprise/bin/reprise service install --system
    """
    target = _target(system, root)
    _need_rights(system, root, "install")
    report = _carried_out(installation.install, target)
    notes = _notes(target, system, root)
    if as_json:
        print_json({"file": str(target.file), **_as_json(report), "notes": notes})
        return
    _show(report, notes)


@service.command("uninstall")
@_where
def uninstall(system: bool, root: Path | None, as_json: bool) -> None:
    """Stop the service and remove it. Accounts, posts and settings stay.

    \b
    Example:  reprise service uninstall
    """
    target = _target(system, root)
    _need_rights(system, root, "uninstall")
    report = _carried_out(installation.uninstall, target)
    data = _SYSTEM_DATA if system else load_settings().data_dir
    notes = [] if root else [f"The data stay in {data}"]
    if as_json:
        print_json({"file": str(target.file), **_as_json(report), "notes": notes})
        return
    _show(report, notes)


@service.command("status")
@_where
def status(system: bool, root: Path | None, as_json: bool) -> None:
    """Show whether the service is installed, what its manager says, and which daemon runs.

    \b
    Example:  reprise service status --json
    """
    target = _target(system, root)
    told = installation.seen(target) if target.is_installed else {}
    found = None if root else data_dir.running(_SYSTEM_DATA if system else load_settings().data_dir)
    shown = {
        "manager": target.manager,
        "file": str(target.file),
        "installed": target.is_installed,
        "upToDate": target.is_current,
        "enabled": _enabled(target, told),
        "state": told.get("ActiveState") or told.get("state"),
        "doing": told.get("StatusText") or None,
        "daemon": {"pid": found.pid, "url": found.url} if found else None,
    }
    if as_json:
        print_json(shown)
        return
    if not target.is_installed:
        say(f"Not installed ({target.file} does not exist): `reprise service install`")
    else:
        state = shown["state"] or f"{target.manager} does not tell its state"
        say(f"Installed as {target.file}: {state}")
        if not target.is_current:
            say("The file is not what this Reprise would write: `reprise service install`")
    if shown["doing"]:
        say(f"{shown['doing']}")
    running = f"process {found.pid}, {found.url}" if found else "no daemon found"
    say(f"Running: {running}")


def _target(system: bool, root: Path | None) -> Target:
    try:
        if sys.platform == "darwin":
            if system:
                raise Failed("launchd runs Reprise as an agent of its user: leave --system out")
            return installation.launchd(root=root)
        if not sys.platform.startswith("linux"):
            raise Failed(f"There is no service for {sys.platform}; keep `reprise run` running")
        return installation.systemd(system=system, root=root)
    except NotInstalled as refused:
        raise Failed(str(refused)) from None


def _need_rights(system: bool, root: Path | None, what: str) -> None:
    if system and root is None and os.geteuid() != 0:
        command = " ".join(installation.own_command())
        raise Failed(f"Only root may do that: sudo {command} service {what} --system")


def _carried_out(work: Callable[[Target], Report], target: Target) -> Report:
    try:
        return work(target)
    except NotInstalled as refused:
        raise Failed(str(refused)) from None


def _as_json(report: Report) -> dict[str, Any]:
    return {"done": report.done, "byHand": report.by_hand, "reason": report.reason or None}


def _show(report: Report, notes: list[str]) -> None:
    for line in report.done:
        say(line[0].upper() + line[1:])
    if report.by_hand:
        say(f"The rest is to be run by hand ({report.reason}):")
        for command in report.by_hand:
            say(f"  {command}")
    for note in notes:
        say(note)


def _notes(target: Target, system: bool, root: Path | None) -> list[str]:
    if root is not None:
        return []
    notes = []
    known = {setting.variable for setting in TABLE}
    if ours := sorted(name for name in os.environ if name in known):
        where = "/etc/reprise/config.toml" if system else "config.toml"
        notes.append(f"{', '.join(ours)}: set in this shell only; put it into {where}")
    if target.manager == "systemd" and not system:
        user = os.environ.get("USER", "")
        if not (Path("/var/lib/systemd/linger") / user).is_file():
            notes.append("It ends when you log out, unless you run: loginctl enable-linger")
    return notes


def _enabled(target: Target, told: dict[str, str]) -> bool | None:
    if target.link is not None:
        return target.link.exists()
    return told["UnitFileState"] == "enabled" if "UnitFileState" in told else None


COMMANDS = (service,)
