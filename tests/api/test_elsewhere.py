"""Cookie writes from another page on this machine, in a real browser: they do nothing."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import trio
from quart_trio import QuartTrio
from sqlite_utils import Database

from api.app import BASE_PATH, operations
from operations.resources import Resource
from sandbox import Sandbox
from storage import api_keys, browser_sessions
from tests.support.clock import TestClock
from tests.support.limits import DEADLOCK_S
from tests.support.posting import NOBODY, draft, photo_id
from tests.support.process import ROOT
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio
from tests.support.tools import program
from web.face import WebFace

pytestmark = [pytest.mark.thirdparty, pytest.mark.timeout(600)]
# What a visit changes by itself, and what upkeep learns.
READING = {"GET", "HEAD", "OPTIONS"}
VISITS = {"browser_sessions", "login_codes", "sqlite_sequence", "facts"}


@pytest.fixture
async def other(
    served: Served, sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> AsyncIterator[Served]:
    """A second daemon on this machine."""
    directory = tmp_path / "other"
    directory.mkdir()
    async with (
        open_studio(sandbox, clock, directory, username="other", logged_in=False) as studio,
        serve_studio(studio) as running,
    ):
        yield running


async def link(served: Served) -> str:
    core = served.studio.core
    code = await core.store.write(
        browser_sessions.create_code, user_id=core.owner.id, now=core.clock.now()
    )
    return f"{served.url}/login?code={code}"


async def writes(served: Served) -> list[tuple[str, str]]:
    """Every write of the API, about things that are there, and every one of the pages."""
    core = served.studio.core
    (key,) = await core.store.read(api_keys.of_user, core.owner.id)
    made = await draft(served)
    ids = {
        Resource.ACCOUNT: served.studio.account.id,
        Resource.POST: made["id"],
        Resource.MEDIA: await photo_id(served),
        Resource.API_KEY: key.id,
    }
    found = []
    for operation in operations():
        if operation.method != "GET":
            on = operation.act.on if operation.act else None
            path = re.sub(r"<\w+>", ids.get(on, NOBODY) if on else NOBODY, operation.path)
            found.append((operation.method, f"{served.url}{BASE_PATH}{path}"))
    return found + [("POST", f"{served.url}{path}") for path in _pages()]


def _pages() -> list[str]:
    """The addresses of pages that change something."""
    app = QuartTrio("pages")
    WebFace(mock.Mock(), simulation=mock.Mock()).mount(
        app, mock.Mock()
    )  # none of them is called here
    rules = [rule for rule in app.url_map.iter_rules() if (rule.methods or set()) - READING]
    assert all(rule.methods == {"POST", "OPTIONS"} and not rule.arguments for rule in rules)
    return [rule.rule for rule in rules]


def everything(db: Database) -> dict[str, list[Any]]:
    found = {
        name: db.conn.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
        for name in db.table_names()
        if name not in VISITS
    }
    # When the test's own key was used last is stored by and by.
    found["api_keys"] = db.conn.execute("SELECT id, revoked_at FROM api_keys").fetchall()
    return found


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "in_all_ways", [pytest.param(False, id="each"), pytest.param(True, marks=pytest.mark.soak)]
)
async def test_another_page_writes_nothing_and_two_daemons_keep_their_sessions(
    served: Served, other: Served, caplog: pytest.LogCaptureFixture, in_all_ways: bool
) -> None:
    browser = program("chromium", "chromium-browser", "google-chrome")
    asked = await writes(served)
    assert len(asked) > 30
    assert {method for method, _ in asked} == {"POST", "PUT", "DELETE"}
    assert any(url == f"{served.url}/stop" for _, url in asked)
    task = {
        "browser": browser,
        "logins": [await link(served), await link(other)],
        "writes": asked,
        "all": in_all_ways,
    }
    store = served.studio.core.store
    before = await store.read(everything)
    mark = served.studio.sandbox.ledger.mark()
    caplog.clear()
    with trio.fail_after(DEADLOCK_S * 8):
        done = await trio.run_process(
            [sys.executable, "-m", "tests.support.elsewhere"],
            cwd=ROOT,
            stdin=json.dumps(task).encode(),
            capture_stdout=True,
        )
    seen = json.loads(done.stdout)
    after = await store.read(everything)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    assert not served.studio.sandbox.ledger.since(mark)
    # Each POST arrived, with the cookie: 403 is for a session that comes from elsewhere.
    told = re.findall(r"request method=(\w+) path=(\S+) status=(\d+)", caplog.text)
    for method, url in asked:
        path = url.removeprefix(served.url)
        answers = [status for sent, to, status in told if (sent, to) == (method, path)]
        if method == "POST":
            own = ["200"] if path.endswith("/auth/logout") else []
            assert answers.count("403") >= (9 if in_all_ways else 1), (path, answers)
            assert [status for status in answers if status != "403"] == own, path
        else:
            assert answers == [], path  # the browser asks first, and is told no
    assert (seen["before"], seen["after"]) == ([True, True], [True, True])
    # From a page of our own it does something, and only there.
    assert (seen["signed_out"], seen["last"]) == (True, [False, True])
    assert seen["cookies"] == [other.cookie_name]
