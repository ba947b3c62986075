"""`reprise service`: what it writes, what it tells the manager, and what it leaves to a person."""

from __future__ import annotations

import os
import plistlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import main
from install import service as installation
from install import units
from install.service import NotInstalled
from tests.support.process import Finished, environment

# A manager that writes down what it is told; it knows a service that was started.
MANAGER = """#!/bin/sh
echo "$(basename $0) $*" >> {folder}/told
case "$*" in
  *show*) [ -e {folder}/active ] && printf 'ActiveState=active\\nStatusText=3 accounts\\nUnitFileState=enabled\\n' || echo ActiveState=inactive ;;
  *start*|*bootstrap*) touch {folder}/active ;;
  *disable*|*bootout*) rm -f {folder}/active ;;
  *print*) [ -e {folder}/active ] && printf 'gui/0/local.reprise = {{\\n\\tstate = running\\n}}\\n' ;;
esac
"""  # noqa: E501


class Machine:
    """A home and a manager of its own, for commands in this process."""

    def __init__(
        self,
        directory: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        *managers: str,
    ) -> None:
        self.directory = directory
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.home = directory / "home"
        self.home.mkdir()
        programs = directory / "bin"
        programs.mkdir()
        for name in managers:
            (programs / name).write_text(MANAGER.format(folder=directory))
            (programs / name).chmod(0o755)
        path = f"{programs}:/usr/bin:/bin" if managers else str(programs)
        for name, value in (
            environment(directory) | {"HOME": str(self.home), "PATH": path}
        ).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)

    def service(self, *words: str) -> Finished:
        """Run `reprise service WORDS`."""
        self._monkeypatch.setattr(sys, "argv", ["reprise", "service", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = self._capsys.readouterr()
        return Finished(code, said.out, said.err)

    def told(self) -> list[str]:
        """What the manager was told since the last time, without questions."""
        file = self.directory / "told"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line for line in lines if "show" not in line and "print" not in line]


Make = Callable[..., Machine]


@pytest.fixture
def made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Make:
    def make(*managers: str) -> Machine:
        return Machine(tmp_path, monkeypatch, capsys, *managers)

    return make


def test_installing_twice_and_removing_under_systemd(made: Make) -> None:
    machine = made("systemctl")
    unit = machine.home / ".config" / "systemd" / "user" / units.UNIT
    first = machine.service("install", "--json")
    assert (first.code, first.json["byHand"]) == (0, [])
    assert "ExecStart=" in unit.read_text()
    assert machine.told() == [
        "systemctl --user daemon-reload",
        "systemctl --user enable reprise.service",
        "systemctl --user start reprise.service",
    ]
    again = machine.service("install")
    assert again.out.splitlines()[:2] == [f"{unit} is up to date", "It is running already"]
    assert machine.told() == []
    unit.write_text("[Service]\nExecStart=/of/an/older/reprise run\n")
    assert machine.service("status", "--json").json["upToDate"] is False
    assert machine.service("install").code == 0
    assert machine.told()[-1] == "systemctl --user restart reprise.service"
    shown = machine.service("status", "--json").json
    assert (shown["state"], shown["doing"], shown["enabled"]) == ("active", "3 accounts", True)

    assert machine.service("uninstall").code == 0
    assert not unit.exists()
    assert machine.told() == [
        "systemctl --user disable --now reprise.service",
        "systemctl --user daemon-reload",
    ]
    assert "nothing to remove" in machine.service("uninstall").out
    assert machine.service("status", "--json").json["installed"] is False


def test_without_a_manager_it_says_what_to_run_by_hand(made: Make) -> None:
    machine = made()
    done = machine.service("install")
    assert done.code == 0
    assert "systemctl is not on this machine" in done.out
    assert "  systemctl --user enable reprise.service" in done.out.splitlines()
    assert "REPRISE_DATA_DIR, REPRISE_PORT: set in this shell only" in done.out


@pytest.mark.parametrize(
    ("options", "folder", "wants"),
    [
        (["--system"], "etc/systemd/system", "multi-user.target.wants"),
        ([], "{home}/.config/systemd/user", "default.target.wants"),
    ],
    ids=["system", "user"],
)
def test_in_a_throw_away_root(
    made: Make, tmp_path: Path, options: list[str], folder: str, wants: str
) -> None:
    machine, root = made("systemctl"), tmp_path / "root"
    place = root / folder.format(home=str(machine.home)[1:])
    where = (*options, "--root", str(root))
    for _ in range(2):
        assert machine.service("install", *where).code == 0
        link = place / wants / units.UNIT
        assert link.resolve() == place / units.UNIT
    shown = machine.service("status", *where, "--json").json
    assert (shown["installed"], shown["upToDate"], shown["enabled"]) == (True, True, True)
    assert machine.service("uninstall", *where).code == 0
    assert [path for path in root.rglob("*") if not path.is_dir()] == []
    assert machine.told() == [], "nothing of this machine may be touched"


def test_without_rights_it_says_which_command_has_them(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "executable", "/opt/reprise/bin/python")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    done = made("systemctl").service("install", "--system")
    assert (done.code, done.out) == (1, "")
    assert (
        "Only root may do that: sudo /opt/reprise/bin/python -m daemon service install" in done.err
    )


def test_a_place_that_cannot_be_written_is_one_line(made: Make, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    machine = made()
    done = machine.service("install", "--root", str(tmp_path / "file" / "below"))
    assert (done.code, done.out) == (1, "")
    (line,) = done.err.splitlines()
    assert "cannot be written" in line


def test_a_service_of_the_machine_cannot_live_in_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/home/you/.pyenv")
    with pytest.raises(NotInstalled, match=r"/home/you/\.pyenv is in a home directory"):
        installation.systemd(system=True, root=None)


def test_a_mac_gets_an_agent_that_is_begun_renewed_and_ended(made: Make) -> None:
    machine = made("launchctl")
    target = installation.launchd(root=None)
    report = installation.install(target)
    assert report.by_hand == []
    assert [line.split()[:2] for line in machine.told()] == [["launchctl", "bootstrap"]]
    agent = plistlib.loads(target.file.read_bytes())
    assert agent["ProgramArguments"][0] == installation.own_command()[0]
    logs = Path(agent["StandardErrorPath"]).parent
    assert logs.stat().st_mode & 0o777 == 0o700
    assert installation.install(target).done[-1] == "it is running already"
    target.file.write_bytes(b"older")
    installation.install(target)
    assert [line.split()[1] for line in machine.told()] == ["bootout", "bootstrap"]
    installation.uninstall(target)
    assert [line.split()[1] for line in machine.told()] == ["bootout"]
    assert not target.file.exists()
