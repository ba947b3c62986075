"""Swagger UI in a real browser: it shows the API, asks nobody but us, and calls us."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from api.app import openapi_document, operations
from tests.support.browsing import open_browser
from tests.support.served import Served


@pytest.mark.acceptance
@pytest.mark.thirdparty
async def test_swagger_ui_shows_and_calls_the_api(served: Served) -> None:
    async with open_browser("tests.support.browser") as browser:
        seen = await browser.take("visit", f"{served.url}/api/docs")
    sent = json.loads(openapi_document())["webhooks"]  # what we ask of others stands below
    assert seen["shown"] == len(list(operations())) + len(sent)
    assert seen["answer"].startswith("200")
    assert '"status": "healthy"' in seen["answer"]
    hosts = {urlsplit(url).netloc for url in seen["requested"] if not url.startswith("data:")}
    assert hosts == {urlsplit(served.url).netloc}
    assert f"{served.url}/api/v1/health" in seen["requested"]
    assert seen["complaints"] == []
