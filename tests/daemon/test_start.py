"""Starting and ending the daemon as a process: one line and exit 2, or ready and exit 0."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import trio

from sandbox import Sandbox
from sandbox.wire.faults import Fault, Hang
from tests.support.limits import DEADLOCK_S
from tests.support.manager import open_manager
from tests.support.process import environment, reprise, running


async def refused(tmp_path: Path, **more: str) -> str:
    """Start the daemon, which must refuse with one line; return the line."""
    done = await reprise("run", env=environment(tmp_path, None, **more))
    assert done.code == 2, done.err
    lines = done.err.strip().splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("reprise: ")
    return lines[0]


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = await refused(tmp_path, REPRISE_PORT=str(port))
    assert f"Cannot listen on 127.0.0.1:{port}" in line


async def test_a_data_directory_that_cannot_be_made(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    line = await refused(tmp_path, REPRISE_DATA_DIR=str(blocker / "data"))
    assert "cannot be written" in line
    assert "REPRISE_DATA_DIR" in line


async def test_an_unknown_setting(tmp_path: Path) -> None:
    assert "REPRISE_PROT is no setting" in await refused(tmp_path, REPRISE_PROT="1")


async def test_a_ca_file_that_is_missing_or_no_certificate(tmp_path: Path) -> None:
    assert "REPRISE_CA_FILE" in await refused(tmp_path, REPRISE_CA_FILE=str(tmp_path / "no.pem"))
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    assert "REPRISE_CA_FILE" in await refused(tmp_path, REPRISE_CA_FILE=str(nonsense))


async def test_a_key_that_does_not_fit(tmp_path: Path) -> None:
    env = environment(tmp_path)
    async with running(env, tmp_path / "log") as daemon:
        assert await daemon.stop() == 0
    (tmp_path / "data" / "secret.key").write_text("no key")
    assert "secret.key" in await refused(tmp_path)


async def test_a_second_daemon_on_the_same_directory(tmp_path: Path) -> None:
    async with (
        running(environment(tmp_path), tmp_path / "log") as first,
        open_manager(tmp_path) as manager,
    ):
        line = await refused(tmp_path, **manager.environment)
        assert manager.heard == [], "it said that it is ready"
        assert "Another Reprise uses" in line
        assert first.url in line
        assert await first.stop() == 0
    async with running(environment(tmp_path), tmp_path / "log") as again:
        assert await again.stop(signal.SIGINT) == 0


async def test_after_a_crash_the_directory_is_free(tmp_path: Path) -> None:
    async with running(environment(tmp_path), tmp_path / "log") as daemon:
        assert await daemon.stop(signal.SIGKILL) == -signal.SIGKILL
    async with running(environment(tmp_path), tmp_path / "log") as again:
        assert await again.stop() == 0


async def test_everything_it_writes_is_private(tmp_path: Path) -> None:
    async with running(environment(tmp_path), tmp_path / "log") as daemon:
        await daemon.stop()
    data = tmp_path / "data"
    assert data.stat().st_mode & 0o777 == 0o700
    for path in data.rglob("*"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert path.stat().st_mode & 0o777 == wanted, path


async def test_sigterm_ends_a_daemon_that_waits_for_instagram(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    env = environment(tmp_path, sandbox)
    sandbox.world.add_person("studio", password="secret")
    sandbox.faults.add(Fault(path="qe/sync", kind=Hang()))
    async with running(env, tmp_path / "log") as daemon, trio.open_nursery() as nursery:
        await reprise("account", "add", "--username", "studio", env=env)

        async def log_in() -> None:
            done = await reprise(
                "account", "login", "--username", "studio", "--password-stdin",
                env=env, stdin="secret\n",
            )  # fmt: skip
            assert done.code == 1

        nursery.start_soon(log_in)
        await sandbox.ledger.wait_for("/api/v1/qe/sync")
        with trio.fail_after(DEADLOCK_S):
            assert await daemon.stop() == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
