"""Whatever comes to the door: an answer that is no 500, and the next request is served."""

from __future__ import annotations

import logging
import re

import pytest

from tests.support.odd_requests import odd_requests, request
from tests.support.posting import upload
from tests.support.raw_http import RawClient
from tests.support.served import Served


async def test_nothing_odd_is_a_bug_and_each_has_its_one_line(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    stored = (await upload(served, served.studio.photo(360, 640))).body["storagePath"]
    odd = odd_requests(served.key, stored)
    assert len(odd) > 300
    client = RawClient(served.url)
    caplog.set_level(logging.DEBUG, "api.app")
    for what, sent in odd.items():
        caplog.clear()
        answer = await client.ask(sent)
        assert 200 <= answer.status < 500, (what, answer)
        assert answer.headers["x-content-type-options"] == "nosniff", what
        assert answer.is_open, what
        said = [record for record in caplog.records if record.msg.startswith("request ")]
        assert len(said) == 2, (what, said)  # and that of the request after it
        assert max(len(record.getMessage()) for record in said) < 400, what
        assert not [record for record in caplog.records if record.levelno > logging.INFO], what


async def test_methods_that_nobody_knows_are_one_label(served: Served) -> None:
    client = RawClient(served.url)
    for number in range(30):
        await client.ask(request("/m/x", method=f"M{number}" + "A" * 1000))
    metrics = (await served.call("GET", "/metrics", key=None)).body
    methods = set(re.findall(r'_duration_seconds_count\{method="([^"]*)"', metrics))
    assert methods <= {"GET", "POST", "other"}
    assert "other" in methods
