"""Swagger UI in a real browser: it shows the API, asks nobody but us, and calls us."""

from __future__ import annotations

import json
import sys
from urllib.parse import urlsplit

import pytest
import trio

from api.app import openapi_document, operations
from tests.support.limits import DEADLOCK_S
from tests.support.process import ROOT
from tests.support.served import Served
from tests.support.tools import program


@pytest.fixture
def browser() -> str:
    return program("chromium", "chromium-browser", "google-chrome")


@pytest.mark.thirdparty
async def test_swagger_ui_shows_and_calls_the_api(browser: str, served: Served) -> None:
    with trio.fail_after(DEADLOCK_S):
        done = await trio.run_process(
            [sys.executable, "-m", "tests.support.browser", browser, f"{served.url}/api/docs"],
            cwd=ROOT,
            capture_stdout=True,
        )
    seen = json.loads(done.stdout)
    sent = json.loads(openapi_document())["webhooks"]  # what we ask of others stands below
    assert seen["shown"] == len(list(operations())) + len(sent)
    assert seen["answer"].startswith("200")
    assert '"status": "healthy"' in seen["answer"]
    hosts = {urlsplit(url).netloc for url in seen["requested"] if not url.startswith("data:")}
    assert hosts == {urlsplit(served.url).netloc}
    assert f"{served.url}/api/v1/health" in seen["requested"]
    assert seen["complaints"] == []
