"""Health and the app version (contract §4.1): open to everybody, and honest."""

from __future__ import annotations

import pytest
import trio

from daemon import supervisor
from daemon.upkeep import Upkeep
from instagram.private import app_version
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
