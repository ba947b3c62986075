"""The daemon as a service of this machine: where its file goes, and what the manager is told.

`reprise service` installs, removes and looks; all it needs to know is in a `Target`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from install import units

Command = tuple[str, ...]
_HOMES = ("/home", "/root", "/run/user")


class NotInstalled(Exception):
    """The service could not be installed or removed; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One manager's place for the service; `link` is what switches it on at the next start.

    The commands are empty where only files are written. `renew` follows a changed file.
    """

    manager: str
    file: Path
    content: bytes
    link: Path | None = None
    folders: tuple[Path, ...] = ()
    begin: tuple[Command, ...] = ()
    renew: tuple[Command, ...] = ()
    end: tuple[Command, ...] = ()
    forget: tuple[Command, ...] = ()
    look: Command = ()

    @property
    def is_installed(self) -> bool:
        return self.file.exists()

    @property
    def is_current(self) -> bool:
        """Whether the file is what this Reprise would write."""
        return self.is_installed and self.file.read_bytes() == self.content


@dataclass(frozen=True, slots=True)
class Report:
    """What was done, and the commands that are left to a person, with the reason."""

    done: list[str]
    by_hand: list[str]
    reason: str = ""


def own_command() -> Command:
    """Return how this installation is started."""
    script = Path(sys.executable).with_name("reprise")
    return (str(script),) if script.exists() else (sys.executable, "-m", "daemon")


def systemd(*, system: bool, root: Path | None) -> Target:
    """Return systemd's place; raises `NotInstalled` when this installation cannot be there."""
    command = own_command()
    if system:
        if root is None:
            _refuse_homes(command)
        folder, wants = Path("/etc/systemd/system"), "multi-user.target.wants"
        content = units.system_unit(command)
    else:
        config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        folder, wants = Path(config) / "systemd" / "user", "default.target.wants"
        content = units.user_unit(command)
    if root is not None:
        folder = root / folder.relative_to("/")
        link = folder / wants / units.UNIT
        return Target(
            manager="systemd", file=folder / units.UNIT, content=content.encode(), link=link
        )
    ctl = ("systemctl",) if system else ("systemctl", "--user")
    enable, unit = (*ctl, "enable", units.UNIT), units.UNIT
    reload = (*ctl, "daemon-reload")
    return Target(
        manager="systemd",
        file=folder / unit,
        content=content.encode(),
        begin=(reload, enable, (*ctl, "start", unit)),
        renew=(reload, enable, (*ctl, "restart", unit)),
        end=((*ctl, "disable", "--now", unit),),
        forget=(reload,),
        look=(*ctl, "show", "--property", "ActiveState,SubState,UnitFileState,StatusText", unit),
    )


def launchd(*, root: Path | None) -> Target:
    """Return launchd's place: an agent of this user."""
    home, domain = Path.home(), f"gui/{os.getuid()}"
    logs = home / "Library" / "Logs" / "Reprise"
    content = units.launch_agent(own_command(), logs)
    file = home / "Library" / "LaunchAgents" / units.AGENT
    if root is not None:
        return Target(manager="launchd", file=root / file.relative_to("/"), content=content)
    service = f"{domain}/{units.LABEL}"
    bootstrap = ("launchctl", "bootstrap", domain, str(file))
    out = ("launchctl", "bootout", service)
    return Target(
        manager="launchd",
        file=file,
        content=content,
        folders=(logs,),
        begin=(bootstrap,),
        renew=(out, bootstrap),
        end=(out,),
        look=("launchctl", "print", service),
    )


def install(target: Target) -> Report:
    """Write the service's file and have the manager start it; doing it twice changes nothing."""
    done = []
    existed, changed = target.is_installed, not target.is_current
    try:
        for folder in target.folders:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if changed:
            _write(target.file, target.content)
            done.append(f"wrote {target.file}")
        else:
            done.append(f"{target.file} is up to date")
        if target.link is not None and not target.link.is_symlink():
            target.link.parent.mkdir(parents=True, exist_ok=True)
            target.link.symlink_to(Path("..") / target.file.name)
            done.append(f"enabled it in {target.link.parent}")
    except OSError as error:
        raise NotInstalled(f"{error.filename} cannot be written ({error.strerror})") from None
    if not changed and _is_active(target):
        return Report([*done, "it is running already"], [])
    return _tell(target.renew if changed and existed else target.begin, done)


def uninstall(target: Target) -> Report:
    """Have the manager end the service and forget it; data and settings stay."""
    if not target.is_installed:
        return Report([f"{target.file} does not exist: nothing to remove"], [])
    # What the manager cannot be told now it finds out when the file is gone.
    done = _tell(target.end, []).done
    try:
        target.file.unlink()
        if target.link is not None:
            target.link.unlink(missing_ok=True)
    except OSError as error:
        raise NotInstalled(f"{target.file} cannot be removed ({error.strerror})") from None
    return _tell(target.forget, [*done, f"removed {target.file}"])


def seen(target: Target) -> dict[str, str]:
    """Return what the manager tells about the service; empty where it cannot be asked."""
    answer = _run(target.look) if target.look else None
    if answer is None or answer.returncode:
        return {}
    pairs = (line.strip().partition("=") for line in answer.stdout.splitlines())
    return {name.strip(): value.strip() for name, is_pair, value in pairs if is_pair}


def _is_active(target: Target) -> bool:
    told = seen(target)
    return told.get("ActiveState") == "active" or told.get("state") == "running"


def _tell(commands: Sequence[Command], done: list[str]) -> Report:
    """Run the manager's commands; from the first that fails on they are left to a person."""
    for number, command in enumerate(commands):
        answer = _run(command)
        if answer is None or answer.returncode:
            left = [" ".join(each) for each in commands[number:]]
            problem = f"{command[0]} is not on this machine"
            if answer is not None:
                problem = answer.stderr.strip() or f"it ended with {answer.returncode}"
            return Report(done, left, problem)
        done = [*done, f"ran `{' '.join(command)}`"]
    return Report(done, [])


def _run(command: Command) -> subprocess.CompletedProcess[str] | None:
    if shutil.which(command[0]) is None:
        return None
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_bytes(content)
    fresh.chmod(0o644)
    fresh.replace(file)


def _refuse_homes(command: Command) -> None:
    for path in (command[0], sys.base_prefix):
        if any(Path(path).is_relative_to(home) for home in _HOMES):
            raise NotInstalled(
                f"{path} is in a home directory, where a service of the machine cannot look. "
                "Install Reprise and its Python elsewhere, such as in /opt/reprise, or leave "
                "--system out"
            )
