"""The daemon under a service manager: what it says, when, and what it does when told."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import trio

from daemon import data_dir
from daemon.notify import Notifier
from ground.clock import utc_now
from sandbox import Sandbox
from sandbox.wire.faults import Delay, Fault, Hang
from storage import api_keys, users
from storage.store import open_directly, transaction
from tests.support.clock import TestClock
from tests.support.connected import ConnectedAccount, connect
from tests.support.limits import DEADLOCK_S
from tests.support.manager import Manager, open_manager
from tests.support.process import Daemon, environment, running
from tests.support.tools import program

PUBLISHING = "media/configure_to_story"


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    async with open_manager(tmp_path) as opened:
        yield opened


@pytest.fixture
async def account(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> ConnectedAccount:
    return await connect(sandbox, clock, tmp_path)


@contextmanager
def locked(tmp_path: Path) -> Iterator[None]:
    """Hold the database's write lock, as a copy or a stuck disk would."""
    other = sqlite3.connect(tmp_path / "data" / "reprise.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@pytest.mark.acceptance
async def test_what_it_says_from_its_start_to_its_end_and_a_post_on_its_way_is_finished(
    sandbox: Sandbox, account: ConnectedAccount, tmp_path: Path, manager: Manager
) -> None:
    sandbox.faults.add(Fault(path=PUBLISHING, kind=Delay(1), times=None))
    async with running(account.env | manager.environment, tmp_path / "log") as daemon:
        quiet = await manager.until("STATUS=1 account")
        first = await account.story(daemon)
        busy = await manager.until("STATUS=1 account, publishing 1 post", quiet)
        await account.until_published(daemon, first)
        await manager.until("STATUS=1 account", busy)
        await account.story(daemon)
        busy = await manager.until("STATUS=1 account, publishing 1 post", busy)
        daemon.process.send_signal(signal.SIGTERM)
        await manager.until(lambda message: message.startswith("STOPPING=1"), busy)
        with trio.fail_after(DEADLOCK_S):
            assert await daemon.process.wait() == 0
    assert (tmp_path / "log").read_text().count("published post=") == 2
    assert account.live == 2
    assert manager.heard[0] == "READY=1"
    assert manager.heard[-1].startswith("STOPPING=1"), "nothing is told after the end"


async def test_sighup_puts_settings_into_force_and_names_those_that_wait(
    tmp_path: Path, manager: Manager
) -> None:
    env = environment(tmp_path) | manager.environment
    config, log = tmp_path / "config.toml", tmp_path / "log"
    data_dir.prepare(tmp_path / "data")
    with open_directly(tmp_path / "data" / "reprise.db") as db, transaction(db):
        user = users.ensure_owner(db, utc_now()).id
        _, key = api_keys.create(db, user_id=user, name="test", now=utc_now())

    async def reload(daemon: Daemon, text: str) -> str:
        """Write the settings, send SIGHUP, and return the limit that is in force then."""
        config.write_text(text)
        heard = len(manager.heard)
        daemon.process.send_signal(signal.SIGHUP)
        begun = await manager.until(lambda m: m.startswith("RELOADING=1\nMONOTONIC_USEC="), heard)
        await manager.until("READY=1", begun)
        answer = await daemon.call("GET", "/auth/me", key)
        return str(answer.headers["RateLimit-Limit"])

    async with running(env, log) as daemon:
        assert await reload(daemon, "rate_limit_rpm = 7\nport = 4\n") == "7"
        assert "settings reloaded changed=rate_limit_rpm" in log.read_text()
        assert "settings that need a restart names=port" not in log.read_text(), "env sets it"
        assert await reload(daemon, "rate_limit_rpm = 0\n") == "7"
        assert "settings kept as they were reason=" in log.read_text()
        # What is wrong with a file may be wrong in ways that nobody has thought of.
        assert await reload(daemon, "rate_limit_rpm = " + "[" * 100_000) == "7"
        assert await reload(daemon, 'rate_limit_rpm = 9\nlog_file = "~no-such-user/log"\n') == "7"
        assert await reload(daemon, 'rate_limit_rpm = 8\npace = 2\nlog_level = "error"\n') == "8"
        assert "settings that need a restart names=pace" not in log.read_text(), "it is silent now"
        assert await reload(daemon, "rate_limit_rpm = 8\npace = 2\n") == "8"
        assert "settings that need a restart names=pace" in log.read_text()
        assert await daemon.stop() == 0


async def test_sighup_ends_a_daemon_whose_terminal_was_closed(tmp_path: Path) -> None:
    keyboard, terminal = os.openpty()
    try:
        async with running(environment(tmp_path), tmp_path / "log", stdin=terminal) as daemon:
            assert await daemon.stop(signal.SIGHUP) == 0
    finally:
        os.close(keyboard)
        os.close(terminal)


@pytest.mark.acceptance
async def test_a_stuck_scheduler_is_not_fed_for_and_what_it_sent_goes_out_once(
    sandbox: Sandbox, account: ConnectedAccount, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    sandbox.faults.add(Fault(path=PUBLISHING, kind=Hang(after_effect=True)))

    async def until_logged(line: str, times: int) -> None:
        with trio.fail_after(DEADLOCK_S):
            while log.read_text().count(line) < times:
                await trio.sleep(0.05)

    async with open_manager(tmp_path, watchdog_s=1, abstract=True) as manager:
        async with running(account.env | manager.environment, log) as daemon:
            post = await account.story(daemon)
            await sandbox.ledger.wait_until(lambda: account.live == 1)
            await manager.until("WATCHDOG=1", since=len(manager.heard))
            with locked(tmp_path):
                await until_logged("makes no progress name=publish", 1)
            await manager.until("WATCHDOG=1", since=len(manager.heard))
            await until_logged("service goes on name=publish", 1)
            with locked(tmp_path):
                await until_logged("makes no progress name=publish", 2)
                # The loop and the API are well: only the scheduler is not.
                health = await daemon.call("GET", "/health", account.key)
                assert health.json()["status"] == "healthy"
                fed = manager.heard.count("WATCHDOG=1")
                await trio.sleep(1.2)
                assert manager.heard.count("WATCHDOG=1") == fed, "fed for a stuck scheduler"
                # What systemd does then.
                assert await daemon.stop(signal.SIGABRT) == -signal.SIGABRT
        assert "Current thread" in log.read_text(), "it does not say where it was stuck"
        async with running(account.env | manager.environment, log) as daemon:
            await account.until_published(daemon, post)
            await manager.until("WATCHDOG=1", since=len(manager.heard))
    assert account.live == 1


@pytest.mark.parametrize(
    ("environ", "watchdog"),
    [
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "3000000"}, timedelta(seconds=3)),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"NOTIFY_SOCKET": "/s"}, None),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "3000000"}, None),
        ({"NOTIFY_SOCKET": "", "WATCHDOG_USEC": "3000000"}, None),
    ],
)
def test_it_is_watched_where_it_is_meant_itself_and_its_children_never_are(
    environ: dict[str, str], watchdog: timedelta | None
) -> None:
    heard = bool(environ.get("NOTIFY_SOCKET"))
    notifier = Notifier.of(environ)
    assert notifier.watchdog == watchdog
    assert notifier.is_heard is heard
    assert environ == {}


@pytest.mark.soak
async def test_a_clock_that_jumps_is_noticed_and_one_that_jumps_back_repeats_nothing(
    account: ConnectedAccount, tmp_path: Path
) -> None:
    step = tmp_path / "step"
    step.write_text("-3660")  # behind Instagram's, whose time counts for what is sent
    told = await trio.run_process(
        [program("faketime"), "-f", "+0", "printenv", "LD_PRELOAD"], capture_stdout=True
    )
    shifted = account.env | {
        "LD_PRELOAD": told.stdout.decode().strip(),
        "FAKETIME_TIMESTAMP_FILE": str(step),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    async with running(shifted, tmp_path / "log") as daemon:
        first = await account.story(daemon, after=timedelta(seconds=1))
        assert await account.state(daemon, first) == "SCHEDULED"
        step.write_text("+0")
        with trio.fail_after(DEADLOCK_S):
            await account.until_published(daemon, first)
        step.write_text("-7200")
        second = await account.story(daemon)
        await account.until_published(daemon, second)
        assert account.live == 2
        assert await daemon.stop() == 0
