"""The units and the agent: what is checked in is what is written, and managers take it."""

from __future__ import annotations

import plistlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from install import units
from sandbox import Sandbox
from sandbox.world.sample_media import make_video
from tests.support.clock import TestClock
from tests.support.confined import allowed_calls, directives
from tests.support.connected import connect
from tests.support.process import ROOT, running
from tests.support.tools import missing, program

SYSTEM_UNIT = ROOT / "systemd" / "system" / units.UNIT
# launchd.plist(5), of what a LaunchAgent may say.
PLIST_KEYS: dict[str, type] = {
    "Label": str, "ProgramArguments": list, "EnvironmentVariables": dict, "RunAtLoad": bool,
    "KeepAlive": dict, "ThrottleInterval": int, "ExitTimeOut": int, "StandardOutPath": str,
    "StandardErrorPath": str, "Umask": int,
}  # fmt: skip


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    tool = program("systemd-analyze")
    env = {"XDG_RUNTIME_DIR": "/tmp", "PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0"}
    return subprocess.run([tool, *arguments], capture_output=True, text=True, env=env)


@pytest.mark.parametrize("path", units.checked_in())
def test_the_files_that_are_checked_in_are_those_that_are_written(path: str) -> None:
    assert (ROOT / path).read_bytes() == units.checked_in()[path], "run `make docs`"
    assert (ROOT / path).parents[0 if "launchd" in path else 1].joinpath("README.md").exists()


@pytest.mark.parametrize(("write", "scope"), [("system_unit", ()), ("user_unit", ("--user",))])
def test_systemd_takes_the_units_without_a_warning(
    tmp_path: Path, write: str, scope: tuple[str, ...]
) -> None:
    unit = tmp_path / units.UNIT
    command = [sys.executable, "-m", "a module with % and $ in its name"]
    unit.write_text(getattr(units, write)(command))
    checked = analyze("verify", "--man=no", *scope, str(unit))
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_system_unit_is_exposed_as_little_as_it_says() -> None:
    told = analyze("security", "--offline=true", "--no-pager", str(SYSTEM_UNIT)).stdout
    found = re.search(r"Overall exposure level for reprise.service: ([\d.]+)", told)
    assert found, told
    assert float(found[1]) <= 2.0


@pytest.mark.acceptance
async def test_a_daemon_works_under_the_system_units_rules(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    program("systemd-analyze")  # tells what the groups of system calls are
    if not Path("/usr/lib/x86_64-linux-gnu/libseccomp.so.2").exists():
        missing("needs libseccomp")
    account = await connect(sandbox, clock, tmp_path)
    # Not 9:16, so that the child process that encodes has to work too.
    make_video(tmp_path / "wide.mp4", 320, 180, seconds=3, fps=10, seed=1)
    confined = (sys.executable, "-m", "tests.support.confined", str(SYSTEM_UNIT))
    async with running(account.env, tmp_path / "log", under=confined) as daemon:
        for file in (None, tmp_path / "wide.mp4"):
            post = await account.story(daemon, file)
            await account.until_published(daemon, post)
        assert await daemon.stop() == 0
    assert account.live == 2
    log = (tmp_path / "log").read_text()
    assert "not permitted" not in log
    assert "Traceback" not in log


def test_the_rules_leave_out_what_a_daemon_never_needs() -> None:
    program("systemd-analyze")
    allowed = allowed_calls(directives(SYSTEM_UNIT)["SystemCallFilter"])
    assert {"execve", "openat", "setpriority"} <= allowed
    assert not allowed & {"mount", "ptrace", "bpf", "kexec_load", "chown", "sched_setaffinity"}


def test_the_units_have_credentials_a_state_directory_limits_and_a_watchdog() -> None:
    system = directives(SYSTEM_UNIT)
    assert system["Type"] == ["notify"]
    assert system["LoadCredentialEncrypted"][0] == "reprise-key"
    assert system["StateDirectory"] == ["reprise"]
    assert (system["Restart"], system["StartLimitBurst"]) == (["on-failure"], ["5"])
    assert system["WatchdogSec"] == ["3min"]
    user = directives(ROOT / "systemd" / "user" / units.UNIT)
    # The same data as the user's commands: systemd's directory would be another.
    assert "StateDirectory" not in user
    assert "DynamicUser" not in user


def test_launchds_agent_says_only_what_launchd_knows() -> None:
    agent = plistlib.loads((ROOT / "launchd" / units.AGENT).read_bytes())
    assert {key: type(value) for key, value in agent.items()} == PLIST_KEYS
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["ProgramArguments"][1:] == ["run"]
    assert f"{agent['Label']}.plist" == units.AGENT
    assert agent["ExitTimeOut"] > 20
    for path in (agent["StandardErrorPath"], agent["EnvironmentVariables"]["REPRISE_LOG_FILE"]):
        assert path.startswith("/Users/you/Library/Logs/Reprise/")
