"""Fixtures for every test: a sandbox whose keys are made once, a clock, and strict logs."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal
from unittest import mock

import anyio._backends._asyncio
import certifi
import pytest
import trio
import trio_asyncio  # noqa: F401 - replaces asyncio.get_running_loop, see below
import trustme
from hypothesis import settings

from instagram import trust
from publish import scheduler
from sandbox import Sandbox, open_sandbox
from tests.support import fresh, leaks, unplugged, warm
from tests.support.clock import TestClock
from tests.support.disks import tiny_disk_at
from tests.support.keys import with_keys
from tests.support.served import Served, serve_studio
from tests.support.studio import Studio, open_studio

# Anyio's pytest plugin has taken the originals before trio-asyncio replaced them, and httpx would
# not find the loop under it. The daemon imports them the other way round.
for _name in ("get_running_loop", "current_task"):
    vars(anyio._backends._asyncio)[_name] = getattr(asyncio, _name)

fresh.install()
unplugged.install()
leaks.install()
warm.install()

# Examples are never timed: speed is measured in bench/, not here.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# They log what the product translates; `daemon.logs` silences them.
_PHASES: tuple[Literal["setup", "call"], ...] = ("setup", "call")
_LIBRARIES = ("aiograpi", "private_request", "public_request", "graphql_request")


# What leans on Python itself: its event loops, processes, signals, SQLite, archives, clocks and
# parsers. The rest is our logic on top of it, which the first Python has judged; all of it is still
# imported on the second, and journeys go each way.
_LEANS_ON_PYTHON = (
    "accounts/test_session_files.py",
    "api/test_connection.py",
    "api/test_listen.py",
    "api/test_schedule_times.py",
    "crash/test_tunnel.py",
    "daemon/test_cli.py",
    "daemon/test_crash.py",
    "daemon/test_logs.py",
    "daemon/test_service_manager.py",
    "daemon/test_settings.py",
    "daemon/test_start.py",
    "daemon/test_supervisor.py",
    "instagram/test_download.py",
    "instagram/test_loop.py",
    "local/",
    "media/test_render_child.py",
    "media/test_video.py",
    "publish/test_graph_route.py::test_a_reel_a_story_and_a_carousel",
    "publish/test_graph_route.py::test_an_answer_that_was_lost",
    "publish/test_private_feed.py::test_a_photo_with_people",
    "publish/test_private_feed.py::test_a_lost_answer",
    "repost/test_journey.py::test_a_mention_is_reposted",
    "repost/test_journey.py::test_a_video_is_reposted",
    "repost/test_journey.py::test_a_download_that_breaks_off",
    "sandbox/test_wire.py",
    "storage/test_backup.py",
    "storage/test_copies.py",
    "storage/test_hostile.py",
    "storage/test_store.py",
    "storage/test_times.py",
    "storage/test_upgrade.py",
    "storage/test_vault.py",
)


# What takes longest comes first, so that the workers, who take file by file, end together.
_LONGEST = (
    "web/test_pages.py",
    "web/test_first_run.py",
    "crash/",
    "api/test_schemathesis.py",
    "web/test_composer.py",
    "web/",
    "cloud/",
    "clients/",
    "quickstart/",
    "newcomer/",
    "api/test_elsewhere.py",
    "accounts/test_bounded.py",
    "repost/test_months.py",
    "session_api/",
    "sdk/",
    "agents/",
    "test_site.py",
    "daemon/",
    "publish/",
    "repost/",
    "media/test_render.py",
    "accounts/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, and mark what CI runs on a second Python."""

    def rank(item: pytest.Item) -> int:
        name = _path_here(item)
        return next((n for n, one in enumerate(_LONGEST) if name.startswith(one)), len(_LONGEST))

    items.sort(key=rank)
    for item in items:
        if f"{_path_here(item)}::{item.name}".startswith(_LEANS_ON_PYTHON):
            item.add_marker(pytest.mark.python)


def _path_here(item: pytest.Item) -> str:
    """The path of a test of this suite; nothing for somebody's own, run with its fixtures."""
    here = Path(__file__).parent
    return str(item.path.relative_to(here)) if item.path.is_relative_to(here) else ""


def pytest_collection_finish() -> None:
    """Let the collector pass over what stays to the end: every module and every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def one_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let one authority stand for the system's 140: each client and daemon would read them all."""
    file = tmp_path_factory.mktemp("roots") / "roots.pem"
    trustme.CA(organization_name="Nobody").cert_pem.write_to_path(file)
    with (
        mock.patch.object(trust, "system_roots", return_value=file),
        mock.patch.object(certifi, "where", return_value=str(file)),
    ):
        yield


@pytest.fixture(scope="session")
def sandbox_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a sandbox's keys, which take long to make."""
    directory = tmp_path_factory.mktemp("sandbox-keys")

    async def make() -> None:
        async with open_sandbox(directory):
            pass

    trio.run(make)
    return directory


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
async def sandbox(sandbox_keys: Path, tmp_path: Path, clock: TestClock) -> AsyncIterator[Sandbox]:
    """A fresh sandbox; a request that Instagram would not know fails the test."""
    directory = with_keys(sandbox_keys, tmp_path / "sandbox")
    async with open_sandbox(directory, clock=clock.seconds) as opened:
        yield opened
        unknown = [(entry.method, entry.host, entry.path) for entry in opened.ledger.unknown]
        assert unknown == []


@pytest.fixture
async def studio(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Studio]:
    """A connected account that is logged in, in a world of its own."""
    async with open_studio(sandbox, clock, tmp_path) as opened:
        yield opened


@pytest.fixture
async def served(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """The same, with every service of the daemon running and its API served."""
    # A clock that was moved on is noticed within a slice: no test waits 30 s for that.
    monkeypatch.setattr(scheduler, "SLICE_S", 0.2)
    async with serve_studio(studio) as running:
        yield running


@pytest.fixture(autouse=True)
def no_secrets_in_the_log() -> Iterator[None]:
    """Fail a test that logs a secret: a password, token, key, session, cookie or seed."""
    leaks.begin()
    yield
    assert leaks.found() == []


@pytest.fixture(autouse=True)
def no_unexpected_errors(
    caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Fail a test that logs an ERROR, unless it is marked as expecting errors."""
    yield
    if request.node.get_closest_marker("logs_errors"):
        return
    found = [
        record.getMessage()
        for when in _PHASES
        for record in caplog.get_records(when)
        if record.levelno >= logging.ERROR and not record.name.startswith(_LIBRARIES)
    ]
    assert found == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB of its own; skips where this machine does not let tests mount one."""
    directory = tmp_path / "disk"
    directory.mkdir()
    with tiny_disk_at(directory):
        yield directory
