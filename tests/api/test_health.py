"""Health and the app version (contract §4.1): open to everybody, and honest."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import trio

from daemon import supervisor
from daemon.upkeep import Upkeep
from instagram.private import app_version
from publish.scheduler import Scheduler
from repost.engine import RepostEngine
from sandbox.wire.faults import Fault, Status
from storage import facts
from storage.store import Store
from tests.support.limits import DEADLOCK_S
from tests.support.posting import API
from tests.support.served import Answer, Served, serve_studio
from tests.support.studio import Studio

HEALTH, VERSION = f"{API}/health", f"{API}/health/ig-version"


async def health(served: Served) -> Answer:
    return await served.call("GET", HEALTH, key=None)


async def until_looked_up(store: Store) -> None:
    """Wait for the look-up in the background."""
    with trio.fail_after(DEADLOCK_S):
        while await store.read(facts.find, facts.NEWEST_APP_VERSION) is None:
            await trio.sleep(0.02)


async def test_health_needs_no_key_and_names_every_service(served: Served) -> None:
    answer = await health(served)
    assert (answer.status, answer.body["status"]) == (200, "healthy")
    assert answer.body["services"] == {
        "database": "connected",
        "upkeep": "running",
        "publish": "running",
        "repost": "running",
        "api": "running",
        "local": "running",
        "trial": "running",
        "agents": "running",
        "webhooks": "running",
        "notices": "running",
        "cloud": "running",
    }
    later = (await health(served)).body
    assert later["uptime"] > answer.body["uptime"] >= 0
    assert later["timestamp"] >= answer.body["timestamp"]
    # Whatever else is wrong with the caller.
    assert (await served.call("GET", HEALTH, key="nonsense")).status == 200


@pytest.mark.logs_errors
async def test_a_service_that_is_being_restarted_makes_it_degraded(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(self: Upkeep, *, task_status: trio.TaskStatus[None]) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Upkeep, "run", crash)
    monkeypatch.setattr(supervisor, "FIRST_BACKOFF_S", 600.0)
    async with serve_studio(studio) as served:
        answer = await health(served)
        assert (answer.status, answer.body["status"]) == (200, "degraded")
        assert answer.body["services"]["upkeep"] == "backoff"
        assert answer.body["services"]["publish"] == "running"
        assert (await served.call("GET", f"{API}/auth/me")).status == 200


async def test_a_database_file_that_is_gone_is_503(served: Served) -> None:
    path = served.studio.core.store.path
    aside = path.with_name("moved.db")
    path.rename(aside)
    answer = await health(served)
    assert answer.status == 503
    assert set(answer.body) == {"error", "code", "status"}
    assert (answer.body["code"], answer.body["status"]) == ("SERVICE_UNAVAILABLE", 503)
    aside.rename(path)
    assert (await health(served)).body["status"] == "healthy"


async def test_a_closed_database_is_503_everywhere(studio: Studio) -> None:
    async with serve_studio(studio) as served:
        await until_looked_up(studio.core.store)  # so that nothing is written meanwhile
        studio.core.store.close()
        for path, key in ((HEALTH, None), (f"{API}/auth/me", ""), (f"{API}/posts", "")):
            answer = await served.call("GET", path, key=key)
            assert (answer.status, answer.body["code"]) == (503, "SERVICE_UNAVAILABLE")


async def test_the_newest_version_is_null_until_it_was_looked_up(studio: Studio) -> None:
    lookup = studio.sandbox.faults.add(
        Fault(host="raw.githubusercontent.com", kind=Status(500), times=None)
    )
    async with serve_studio(studio) as served:
        await studio.sandbox.ledger.wait_until(lambda: lookup.hits > 0)
        assert (await served.call("GET", VERSION)).body == {
            "currentVersion": app_version.CURRENT,
            "latestVersion": None,
            "isOutdated": False,
            "lastCheckedAt": None,
        }


@pytest.mark.parametrize(
    ("newest", "outdated"),
    [("999.0.0.0.1", True), (app_version.CURRENT, False), ("9.99.99.99.99", False)],
)
async def test_versions_are_compared_by_their_numbers(
    studio: Studio, newest: str, outdated: bool
) -> None:
    studio.sandbox.world.newest_app_version = newest
    async with serve_studio(studio) as served:
        await until_looked_up(studio.core.store)
        body = (await served.call("GET", VERSION)).body
        assert (body["latestVersion"], body["isOutdated"]) == (newest, outdated)
        assert body["lastCheckedAt"].endswith("Z")
        refused = await served.call("GET", VERSION, key=None)
        assert (refused.status, refused.body["code"]) == (401, "AUTH_REQUIRED")


async def test_a_damaged_table_is_503_and_never_500(served: Served) -> None:
    store = served.studio.core.store
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        (size,) = db.execute("PRAGMA page_size").fetchone()
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'posts'").fetchone()
        with store.path.open("r+b") as file:
            file.seek((root - 1) * size)
            file.write(b"\xff" * size)
        db.execute("PRAGMA user_version = 7")  # so that no page that was read is trusted
    draft = {"accountId": served.studio.account.id, "mediaType": "IMAGE"}
    for method, path, body in (("GET", HEALTH, None), ("POST", f"{API}/posts/draft", draft)):
        answer = await served.call(method, path, body)
        assert answer.status == 503, (path, answer.body)
        assert answer.body["code"] == "SERVICE_UNAVAILABLE"
        assert "damaged" in answer.body["error"]
        assert "reprise doctor" in answer.body["error"]
    ready = await served.call("GET", "/ready", key=None)
    assert ready.status == 503
    assert "damaged" in ready.body["checks"]["storage"]
    for path in ("/health", "/metrics"):
        assert (await served.call("GET", path, key=None)).status in (200, 503)


async def test_a_media_folder_that_is_gone_is_told(served: Served) -> None:
    root = served.studio.folder.root
    root.rename(root.with_name("elsewhere"))
    answer = await health(served)
    assert (answer.status, answer.body["status"]) == (200, "degraded")
    assert "No such file" in answer.body["services"]["storage"]
    assert (await served.call("GET", "/ready", key=None)).status == 503
    root.with_name("elsewhere").rename(root)
    assert (await health(served)).body["status"] == "healthy"


async def test_what_keeps_services_from_their_work_is_told(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RepostEngine, "trouble", lambda _: "accounts whose turns fail: 2")
    monkeypatch.setattr(Scheduler, "trouble", lambda _: "paused: no room")
    async with serve_studio(studio) as served:
        body = (await health(served)).body
        ready = await served.call("GET", "/ready", key=None)
    assert (body["status"], ready.status, ready.body["status"]) == ("degraded", 503, "not ready")
    for told in (body["services"], ready.body["checks"]):
        assert told["repost"] == "accounts whose turns fail: 2"
        assert told["publish"] == "paused: no room"
