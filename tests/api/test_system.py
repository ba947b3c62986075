"""The system endpoints and request ids: what they tell, to whom, and what they count."""

from __future__ import annotations

import ipaddress
import re
import socket
from contextlib import suppress
from importlib import metadata
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.listen import open_sockets
from api.system import SystemInfo
from daemon import supervisor
from storage import repost_configs
from tests.support import served as serving
from tests.support.limits import DEADLOCK_S
from tests.support.posting import API, photo_id, publish, story, until
from tests.support.served import Served, serve_studio
from tests.support.studio import Studio
from tests.support.tools import missing

SYSTEM = ("/health", "/ready", "/metrics", "/build", "/deps")


async def measured(served: Served) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return the metrics by name and labels."""
    answer = await served.call("GET", "/metrics", key=None)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.body)
        for sample in family.samples
    }


async def test_they_need_no_key_and_say_what_the_guide_says(served: Served) -> None:
    async def get(path: str) -> Any:
        answer = await served.call("GET", path, key=None)
        assert answer.status == 200
        return answer.body

    assert await get("/health") == {"status": "ok"}
    ready = await get("/ready")
    assert ready["status"] == "ready"
    assert ready["checks"] == {
        "storage": "ok", "upkeep": "running", "publish": "running", "repost": "running",
        "api": "running",
        "local": "running",
        "trial": "running",
        "agents": "running",
        "webhooks": "running",
        "notices": "running",
        "cloud": "running",
    }  # fmt: skip
    build = await get("/build")
    assert (build["name"], build["version"]) == ("reprise", metadata.version("reprise"))
    assert (await get("/deps"))["trio"] == metadata.version("trio")
    assert not {"pytest", "ruff"} & set(await get("/deps"))


async def test_not_ready_without_its_database(served: Served) -> None:
    path = served.studio.core.store.path
    path.rename(path.with_name("aside.db"))
    answer = await served.call("GET", "/ready", key=None)
    assert (answer.status, answer.body["status"]) == (503, "not ready")
    assert "moved or replaced" in answer.body["checks"]["storage"]
    assert (await served.call("GET", "/health", key=None)).status == 200
    path.with_name("aside.db").rename(path)
    assert (await served.call("GET", "/ready", key=None)).status == 200


@pytest.mark.logs_errors
async def test_not_ready_while_a_service_is_being_restarted(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("daemon.upkeep.Upkeep.run", crash)
    monkeypatch.setattr(supervisor, "FIRST_BACKOFF_S", 600.0)
    async with serve_studio(studio) as served:
        answer = await served.call("GET", "/ready", key=None)
        assert (answer.status, answer.body["checks"]["upkeep"]) == (503, "backoff")
        assert (await measured(served))["reprise_service_up", (("service", "upkeep"),)] == 0


@pytest.mark.parametrize("path", SYSTEM)
async def test_another_sites_name_is_refused(served: Served, path: str) -> None:
    for host in ("evil.example", "192.0.2.7"):
        answer = await served.call("GET", path, key=None, headers={"Host": host})
        assert (answer.status, answer.body["code"]) == (403, "FORBIDDEN_ORIGIN")


@pytest.mark.parametrize(
    ("address", "allowed", "may"),
    [
        ("127.0.0.1", (), False),
        ("127.0.0.1", ("127.0.0.0/8",), True),
        ("192.168.1.7", (), False),
        ("192.168.1.7", ("192.168.1.0/24",), True),
        ("::ffff:192.168.1.7", ("192.168.1.0/24",), True),
        ("192.168.2.7", ("192.168.1.0/24", "10.0.0.7/32"), False),
        ("fd00::7", ("fd00::/8",), True),
        ("", ("0.0.0.0/0",), False),
    ],
)
def test_others_may_ask_whom_the_settings_allow(
    address: str, allowed: tuple[str, ...], may: bool
) -> None:
    async def nothing() -> bytes:
        return b""

    networks = tuple(ipaddress.ip_network(each) for each in allowed)
    info = SystemInfo({}, {}, nothing, lambda *_: None, networks)
    assert info.allows(address) is may


def own_address() -> str | None:
    """An address of this machine that is not loopback, if it has one."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("192.0.2.1", 9))  # sends nothing
        return str(sock.getsockname()[0])
    return None


@pytest.mark.parametrize("allowed", [False, True])
async def test_another_machine_is_let_in_where_the_settings_say_so(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    address = own_address()
    if address is None:
        missing("needs a network")
    monkeypatch.setattr(serving, "open_sockets", lambda _host, port: open_sockets("0.0.0.0", port))
    if allowed:
        object.__setattr__(
            studio.core.settings, "system_from", (ipaddress.ip_network(f"{address}/32"),)
        )
    async with (
        serve_studio(studio) as served,
        httpx.AsyncClient(trust_env=False, timeout=DEADLOCK_S) as outside,
    ):
        url = served.url.replace("127.0.0.1", address)
        metrics = await outside.get(f"{url}/metrics")
        assert metrics.status_code == (200 if allowed else 403)
        if not allowed:
            assert metrics.json()["code"] == "FORBIDDEN_ORIGIN"
        # Nothing else is opened by that.
        assert (await outside.get(f"{url}{API}/health")).status_code == 403
        by_name = {"Host": "localhost"}
        health = await outside.get(f"{url}/health", headers=by_name)
        assert health.status_code == (200 if allowed else 403)


async def test_what_happens_is_counted(served: Served) -> None:
    post = await publish(served, story(served, await photo_id(served)))
    await until(served, post, "PUBLISHED")
    studio = served.studio
    await studio.core.store.write(
        repost_configs.save,
        user_id=studio.core.owner.id,
        account_id=studio.account.id,
        now=studio.clock.now(),
        auto_disabled_at=studio.clock.now(),
    )
    await measured(served)  # from now on the event loop is watched
    found = await measured(served)
    assert found["reprise_accounts", ()] == 1
    assert found["reprise_jobs", (("status", "COMPLETED"),)] == 1
    assert found["reprise_post_lateness_seconds_count", ()] == 1
    assert 0 <= found["reprise_post_lateness_seconds_sum", ()] < 10
    assert found["reprise_repost_breaker_open", (("account", "studio"),)] == 1
    posted = ("endpoint", "configure"), ("result", "ok")
    assert found["reprise_private_api_requests_total", posted] == 1
    upload = ("method", "POST"), ("route", f"{API}/media/upload"), ("status", "201")
    assert found["reprise_http_request_duration_seconds_count", upload] == 1
    assert found["reprise_service_up", (("service", "publish"),)] == 1
    assert found["reprise_event_loop_busy_seconds_count", ()] > 0
    assert found["process_resident_memory_bytes", ()] > 0


async def test_routes_not_paths_are_counted(served: Served) -> None:
    for number in range(3):
        await served.call("GET", f"{API}/posts/post-{number}")
        await served.call("GET", f"/nothing/{number}")
    found = await measured(served)
    counted = {
        dict(labels)["route"]: value
        for (name, labels), value in found.items()
        if name == "reprise_http_request_duration_seconds_count"
    }
    assert counted[f"{API}/posts/<id>"] == 3
    assert counted["none"] == 3


async def test_a_request_keeps_the_id_that_it_came_with(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    for path in (f"{API}/auth/me", "/health", "/nothing"):
        answer = await served.call("GET", path, headers={"X-Request-ID": "job-7.retry_2"})
        assert answer.headers["X-Request-ID"] == "job-7.retry_2"
    fresh = set()
    for sent in (None, "", "x" * 65, "line break\tin it", "§"):
        headers = {} if sent is None else {"X-Request-ID": sent.encode()}
        answer = await served.call("GET", "/health", headers=headers)
        assert re.fullmatch(r"[0-9a-f]{12}", answer.headers["X-Request-ID"])
        fresh.add(answer.headers["X-Request-ID"])
    assert len(fresh) == 5


async def test_requests_that_change_something_have_a_line_with_their_id(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    body = {"accountId": served.studio.account.id, "mediaType": "IMAGE"}
    await served.call("POST", f"{API}/posts/draft", body, headers={"X-Request-ID": "mine"})
    await served.call("GET", f"{API}/posts")
    levels = {
        record.getMessage().partition(" ms=")[0]: record.levelname
        for record in caplog.records
        if record.getMessage().startswith("request ")
    }
    assert levels == {
        f"request method=POST path={API}/posts/draft status=201": "INFO",
        f"request method=GET path={API}/posts status=200": "DEBUG",
    }


@pytest.mark.logs_errors
async def test_a_bug_is_found_in_the_log_by_the_clients_own_id(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("storage.store.probe", broken)
    answer = await served.call("GET", f"{API}/health", headers={"X-Request-ID": "client-1"})
    assert answer.status == 500
    assert answer.body["error"].endswith("the log has it under client-1")
    assert "request failed id=client-1" in caplog.text
