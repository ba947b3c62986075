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
KEY = "/var/lib/reprise/secret.key"
DROP_IN = "/etc/systemd/system/reprise.service.d/test.conf"
PASSWORD = "a studio's password"


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    program("unshare")
    if os.getuid() != 0 or not Path("/lib/systemd/systemd").exists():
        missing("needs root and systemd")
    async with open_machine(tmp_path / "machine-of-its-own") as opened:
        yield opened


async def settle(machine: Machine, sandbox: Sandbox, *more: str, with_proxy: bool = True) -> None:
    """Write the settings with which the service meets our Instagram."""
    shutil.copy(sandbox.ca_file, machine.shared / "ca.pem")
    (machine.shared / "ca.pem").chmod(0o644)
    lines = ["port = 0", 'ca_file = "/shared/ca.pem"', "pace = 0", *more]
    if with_proxy:
        lines.append(f'proxy = "{sandbox.proxy_url}"')
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

    # The key and the proxy may be kept by systemd, sealed or not, instead of in our files.
    await machine.does("install", "-d", "-m", "700", "/etc/credstore.encrypted", "/run/vault")
    # No TPM here, and its disk is memory: neither is taken for safe unless one says so.
    sealed = (
        "--with-key=host",
        "--name=reprise-key",
        "/run/vault/key",
        "/etc/credstore.encrypted/reprise-key",
    )
    await machine.does("cp", "--preserve=mode", KEY, "/run/vault/key")
    await machine.does("systemd-creds", "encrypt", *sealed)
    await machine.put("/run/vault/proxy", f"{sandbox.proxy_url}\n")
    await machine.does("chmod", "600", "/run/vault/proxy")
    await machine.put(DROP_IN, "[Service]\nLoadCredential=reprise-proxy:/run/vault/proxy\n")
    await settle(machine, sandbox, with_proxy=False)
    await machine.does("systemctl", "daemon-reload")
    await machine.does("systemctl", "restart", "reprise")
    await machine.does("rm", KEY)
    await machine.does("systemctl", "restart", "reprise")
    told = {**DATA, "REPRISE_PROXY": sandbox.proxy_url}  # without a pause it asks for a sandbox
    assert "Published" in await machine.does(REPRISE, *sent, **told)
    assert len(sandbox.world.published(person)) == 3
    assert (await machine.run("test", "-e", KEY)).code == 1
    held = f"/proc/{await machine.shows('MainPID')}/environ"
    assert sandbox.proxy_url not in await machine.does("cat", held) + await machine.journal()
    # One that does not fit is said, and nothing is made in its place.
    await machine.does("systemd-creds", "encrypt", *sealed[:2], "/etc/hostname", sealed[3])
    assert (await machine.run("systemctl", "restart", "reprise")).code != 0
    assert await machine.shows("ExecMainStatus") == "2", await machine.journal()
    assert (await machine.run("test", "-e", KEY)).code == 1
    await machine.does("systemd-creds", "encrypt", *sealed)
    await machine.does("systemctl", "restart", "reprise")

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
        await machine.until("ActiveState", "active", "failed")
        # Once it is left alone there is no process: `kill -KILL 0` would end this very test.
        if (killed := await machine.shows("MainPID")) == "0":
            break
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
