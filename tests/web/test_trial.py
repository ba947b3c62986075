"""Trying Reprise from its page, as somebody does who has no account and no terminal."""

from __future__ import annotations

import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import trio

from daemon.trial import FOLDER
from tests.support.limits import DEADLOCK_S
from tests.support.process import environment, reprise, running
from tests.support.served import Served

HTML = {"Accept": "text/html"}


async def read(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


async def opened(client: httpx.AsyncClient) -> str:
    """Ask for a sandbox and wait for it; returns the address of its page."""
    asked = await client.post("/welcome/sandbox/begin", headers=HTML)
    assert asked.headers["Location"] == "/welcome/sandbox"
    with trio.fail_after(DEADLOCK_S):
        while "Enter the sandbox" not in (part := await read(client, "/welcome/sandbox/part")):
            assert "being set up" in part, part
            await trio.sleep(0.2)
    entered = await client.get("/welcome/sandbox/enter", headers=HTML)
    link = entered.headers["Location"]
    async with httpx.AsyncClient(timeout=DEADLOCK_S, trust_env=False) as tab:
        assert (await tab.get(link)).status_code == 200
        base = link.partition("/login")[0]
        assert "Everything here is simulated" in await read(tab, f"{base}/mentions")
        assert "@reprise_studio" in await read(tab, f"{base}/")
        assert "in a sandbox already" in await read(tab, f"{base}/welcome/sandbox")
        again = await tab.post(f"{base}/welcome/sandbox/begin", headers=HTML)
        assert "notice bad" in again.text
        # By its clock it is tomorrow: the next link is good there all the same.
        await tab.post(f"{base}/sandbox/happen", data={"what": "tomorrow"})
    second = (await client.get("/welcome/sandbox/enter", headers=HTML)).headers["Location"]
    async with httpx.AsyncClient(timeout=DEADLOCK_S, trust_env=False) as tab:
        assert (await tab.get(second)).status_code == 200
        assert "Everything here is simulated" in await read(tab, f"{base}/mentions")
    return base


async def until_gone(url: str) -> None:
    async with httpx.AsyncClient(timeout=DEADLOCK_S, trust_env=False) as client:
        with trio.fail_after(DEADLOCK_S):
            while True:
                try:
                    await client.get(f"{url}/health")
                except httpx.TransportError:
                    return
                await trio.sleep(0.1)


@pytest.mark.acceptance
async def test_a_sandbox_is_opened_entered_and_ended(
    tmp_path: Path,
) -> None:
    # In life: a proxy that leads nowhere, and the pauses of a person.
    env = environment(tmp_path, REPRISE_PROXY="http://127.0.0.1:9")
    async with running(env, tmp_path / "log") as daemon:
        link = (await reprise("login-link", "--json", env=env)).json["url"]
        async with httpx.AsyncClient(
            base_url=daemon.url, timeout=DEADLOCK_S, trust_env=False
        ) as client:
            assert (await client.get(link)).status_code == 200
            assert 'href="/welcome/sandbox"' in await read(client, "/welcome")
            url = await opened(client)
            assert "A sandbox is open" in await read(client, "/settings")
            await client.post("/welcome/sandbox/end", headers=HTML)
            assert "Open a sandbox" in await read(client, "/welcome/sandbox")
            # Who did it, and when, stands among all that happened.
            told = (await client.get("/api/v1/events?since=0&wait=0&types=sandbox.*")).json()
            assert [(each["type"], each["via"]) for each in told["events"]] == [
                ("sandbox.begun", "api"), ("sandbox.ended", "api"),
            ]  # fmt: skip
            await until_gone(url)
            await daemon.stop()
    with closing(sqlite3.connect(tmp_path / "data" / "reprise.db")) as db:
        assert db.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM media_files").fetchone() == (0,)
    assert not (tmp_path / "data" / FOLDER).exists()
    assert not re.search(r"login\?code=[\w-]{8}", (tmp_path / "log").read_text())


@pytest.mark.soak
async def test_it_does_not_outlive_a_daemon_that_is_killed(tmp_path: Path) -> None:
    env = environment(tmp_path, REPRISE_PROXY="http://127.0.0.1:9")
    async with running(env, tmp_path / "log") as daemon:
        link = (await reprise("login-link", "--json", env=env)).json["url"]
        async with httpx.AsyncClient(
            base_url=daemon.url, timeout=DEADLOCK_S, trust_env=False
        ) as client:
            assert (await client.get(link)).status_code == 200
            url = await opened(client)
        await daemon.stop(signal.SIGKILL)
        await until_gone(url)


async def test_it_is_the_owners_alone(served: Served) -> None:
    await served.sign_in()
    other = await served.call("POST", "/api/v1/system/sandbox")
    assert (other.status, other.body["code"]) == (400, "INVALID_STATUS")  # a studio is a sandbox
    shown = await served.call("GET", "/api/v1/system/sandbox")
    assert shown.body["state"] == "notOffered"
    assert (await served.call("DELETE", "/api/v1/system/sandbox")).status == 200
