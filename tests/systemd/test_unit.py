"""The unit under a real systemd, from `service install` to `service uninstall`."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from sandbox import Sandbox
from sandbox.world.sample_media import make_photo, make_video
from tests.support.tools import missing, program
from tests.systemd.machine import REPRISE, Machine, open_machine

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
DATA = {"REPRISE_DATA_DIR": "/var/lib/reprise", "REPRISE_CONFIG": "/etc/reprise/config.toml"}
CONFIG = "/etc/reprise/config.toml"
DROP_IN = "/etc/systemd/system/reprise.service.d/test.conf"
PASSWORD = "a studio's password"


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    program("unshare")
    if os.getuid() != 0 or not Path("/lib/systemd/systemd").exists():
        missing("needs root and systemd")
    async with open_machine(tmp_path / "machine-of-its-own") as opened:
        yield opened


async def settle(machine: Machine, sandbox: Sandbox, *more: str) -> None:
    """Write the settings with which the service meets our Instagram."""
    shutil.copy(sandbox.ca_file, machine.shared / "ca.pem")
    (machine.shared / "ca.pem").chmod(0o644)
    lines = [
        "port = 0",
        f'proxy = "{sandbox.proxy_url}"',
        'ca_file = "/shared/ca.pem"',
        "pace = 0",
        *more,
    ]
    await machine.put(CONFIG, "\n".join(lines) + "\n")


async def test_from_install_to_uninstall(machine: Machine, sandbox: Sandbox) -> None:
    await settle(machine, sandbox)

    async def reprise(*words: str, stdin: str = "") -> str:
        return await machine.does(REPRISE, *words, stdin=stdin, **DATA)

    # Installed, switched on, and ready: systemd waited for READY=1.
    said = await reprise("service", "install", "--system")
    assert await machine.shows("ActiveState") == "active", said + await machine.journal()
    assert await machine.shows("UnitFileState") == "enabled"
    assert "account" in await machine.shows("StatusText")
    assert await machine.shows("DynamicUser") == "yes"

    # Under every rule of the unit a photo and a video go out.
    person = sandbox.world.add_person("studio", password=PASSWORD)
    await reprise("account", "add", "--username", "studio")
    login = ("account", "login", "--username", "studio", "--password-stdin")
    await reprise(*login, stdin=f"{PASSWORD}\n")
    make_photo(machine.shared / "photo.jpg", 540, 960, seed=1)
    make_video(machine.shared / "video.mp4", 320, 568, seconds=3, fps=10, seed=1)
    for name in ("photo.jpg", "video.mp4"):
        sent = ("publish", f"/shared/{name}", "--username", "studio", "--story", "--wait")
        assert "Published" in await reprise(*sent)
    assert len(sandbox.world.published(person)) == 2

    # The journal has levels and fields, and no secret.
    entries = await machine.entries()
    assert {entry["PRIORITY"] for entry in entries} <= set("34567")
    assert any("studio" in str(entry) or "ACCOUNT" in entry for entry in entries)
    assert PASSWORD not in str(entries)

    # A reload reads the settings again, in the same process.
    before = await machine.shows("MainPID")
    await settle(machine, sandbox, 'log_level = "debug"')
    await machine.does("systemctl", "reload", "reprise")
    assert await machine.shows("MainPID") == before
    assert await machine.shows("ActiveState") == "active"

    # A loop that is stuck is noticed by the watchdog, and the daemon started again.
    await machine.put(DROP_IN, "[Service]\nWatchdogSec=4\nRestartSec=100ms\n")
    await machine.does("systemctl", "daemon-reload")
    await machine.does("systemctl", "restart", "reprise")
    stuck = await machine.shows("MainPID")
    await machine.does("kill", "-STOP", stuck)
    await machine.until("NRestarts", "1")
    await machine.until("ActiveState", "active")
    assert await machine.shows("MainPID") != stuck

    # One that fails again and again is left alone after five starts.
    for _ in range(6):
        if await machine.shows("ActiveState") == "failed":
            break
        await machine.until("ActiveState", "active", "failed")
        killed = await machine.shows("MainPID")
        await machine.run("kill", "-KILL", killed)
        with trio.move_on_after(60):
            while await machine.shows("MainPID") == killed:
                await trio.sleep(0.1)
    await machine.until("ActiveState", "failed")
    assert await machine.shows("Result") in ("start-limit-hit", "signal")

    # Settings that cannot be used are no reason to start again.
    await machine.does("systemctl", "reset-failed", "reprise")
    await settle(machine, sandbox, 'port_number = "none"')
    assert (await machine.run("systemctl", "start", "reprise")).code != 0
    assert await machine.shows("NRestarts") == "0"
    assert await machine.shows("ExecMainStatus") == "2"
    await settle(machine, sandbox)

    await reprise("service", "uninstall", "--system")
    assert await machine.shows("LoadState") == "not-found"
    assert (await machine.run("test", "-e", "/etc/systemd/system/reprise.service")).code == 1
    await machine.does("test", "-e", "/var/lib/reprise/reprise.db")
