"""Starting and ending the daemon as a process: one line and exit 2, or ready and exit 0."""

from __future__ import annotations

import errno
import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from daemon import data_dir
from daemon.notify import Notifier
from daemon.starting import AGAIN_S, LONGEST_S, patiently
from install.units import system_unit
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Hang
from storage import opening
from storage.errors import Unavailable, Unusable
from storage.store import open_store
from tests.support.disks import filled
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


@pytest.mark.acceptance
async def test_a_start_on_a_full_disk_waits_until_there_is_room(
    tmp_path: Path, tiny_disk: Path
) -> None:
    """A manager gives a service up that ends a few times after its start."""
    env = environment(tmp_path, REPRISE_DATA_DIR=str(tiny_disk / "data"), REPRISE_MIN_FREE_MB="0")
    log = tmp_path / "log"
    log.touch()
    full = ExitStack()
    full.enter_context(filled(tiny_disk))

    async def make_room() -> None:
        while "the start waits" not in log.read_text():
            await trio.sleep(0.05)
        full.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(make_room)
        async with running(env, log) as daemon:
            assert await daemon.stop() == 0


class Starts:
    """What becomes of each start: an error before it is ready, or one after."""

    def __init__(self, *ends: Exception | None, begins: int = 0) -> None:
        self._ends = list(ends)
        self._begins = begins
        self.count = 0

    async def run(self, is_ready: Callable[[], None]) -> None:
        self.count += 1
        if self.count == self._begins:
            is_ready()
        if (end := self._ends.pop(0) if len(self._ends) > 1 else self._ends[0]) is not None:
            raise ExceptionGroup("of a nursery", [end])


LOCKED = Unavailable("it is locked")


async def test_what_passes_is_waited_for_at_a_start(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    starts = Starts(LOCKED, LOCKED, OSError(errno.EMFILE, "too many"), None)
    await patiently(starts.run, Notifier(None))
    assert (starts.count, trio.current_time()) == (4, 3 * AGAIN_S)
    assert caplog.text.count("the start waits") == 2  # once for each reason


@pytest.mark.parametrize(
    ("starts", "count", "ends_as"),
    [
        pytest.param(Starts(Unusable("a wrong key")), 1, ExceptionGroup, id="for good"),
        pytest.param(Starts(LOCKED, LOCKED, begins=2), 2, ExceptionGroup, id="once it was ready"),
        pytest.param(Starts(LOCKED), LONGEST_S / AGAIN_S + 2, Unavailable, id="for long"),
    ],
)
async def test_what_does_not_pass_ends_a_start(
    starts: Starts, count: float, ends_as: type[Exception], autojump_clock: MockClock
) -> None:
    with pytest.raises(ends_as):
        await patiently(starts.run, Notifier(None))
    assert starts.count == count


def test_starts_that_wait_are_slower_than_what_a_unit_gives_up() -> None:
    """Else it was given up for good before the trouble was over."""
    unit = system_unit(["reprise", "run"])
    assert "StartLimitIntervalSec=10min\nStartLimitBurst=5" in unit
    assert "TimeoutStartSec=10min" in unit
    assert timedelta(seconds=5 * LONGEST_S) > timedelta(minutes=10) > timedelta(seconds=LONGEST_S)


async def test_a_database_that_is_locked_is_no_reason_to_give_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reprise.db"
    async with open_store(path):
        pass
    monkeypatch.setattr(opening, "connect", partial(opening.connect, timeout_s=0.05))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable, match="locked"):
            async with open_store(path):
                pass
    async with open_store(path):
        pass


def test_a_command_that_holds_the_directory_ends_and_a_daemon_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import of minutes is no reason never to start again."""
    monkeypatch.setattr(data_dir, "PATIENCE_S", 0.05)
    with data_dir.held(tmp_path) as announce:
        for kind in (Unavailable, Unusable):
            with pytest.raises(kind, match="Another Reprise uses"), data_dir.held(tmp_path):
                pass
            announce("http://127.0.0.1:3001")
    with data_dir.held(tmp_path):
        pass
