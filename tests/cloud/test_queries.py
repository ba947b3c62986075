"""What the Worker asks its database: each statement by an index, whatever waits in the queue."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Any

from bench.cloud import FAR_MS, count_rows
from cloud import worker_code
from cloud.worker_client import Asked
from tests.cloud.conftest import Sky

WAITING = 2_000
MOST_READ = 400
_LANE = ("shelf.js", "lane.js", "tally.js", "mirror.js")
_SET_OF_STATES = re.compile(r'const (?P<name>[A-Z]+) = "(?P<text>\([^"]*\))";')
# They have a row for each state, each fact, each account, each file that was replaced just now.
_SMALL = re.compile(r"SCAN (tally|facts|lanes|loose|CONSTANT ROW)\b")


def test_every_statement_goes_by_an_index() -> None:
    for modules, least in ((_LANE, 50), (("registry.js",), 4)):
        db = sqlite3.connect(":memory:")
        for name in modules:
            for text in written(name, "CREATE"):
                db.executescript(text)
        asked = [
            text
            for name in modules
            for text in written(name, "SELECT", "UPDATE", "DELETE", "INSERT")
        ]
        assert len(asked) >= least
        for text in asked:
            plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {text}", bound(text))]
            slow = [line for line in plan if "SCAN" in line and not _SMALL.search(line)]
            if "ORDER BY" in text and "LIMIT" in text:  # its first few along an index
                slow = [line for line in slow if "INDEX" not in line]
            is_once = "INSERT INTO tally SELECT state" in text
            assert is_once or not slow, (text, slow)
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, text


async def test_what_waits_is_not_read(sky: Sky) -> None:
    """Posts that go out, come back or are counted read the same however many others wait."""
    await count_rows(sky.cloudflare)
    graph = await sky.account()
    far = await sky.job(graph, "far", due_in_s=FAR_MS / 1000)
    for first in range(0, WAITING, 500):
        jobs = [like(far, f"far-{first + number}") for number in range(500)]
        body = {"account": graph.ig_user_id, "jobs": jobs}
        answer = await sky.worker._client.post("/v1/jobs", json=body)
        assert answer.status_code == 200
    before = await lane(sky)
    one, two = await sky.job(graph, "one"), await sky.job(graph, "two", due_in_s=3600)
    for asked in (one, two):
        await sky.worker.put_job(asked, activate=False)
        await sky.worker.activate(asked.post_id, asked.account, 1)
    await sky.worker.recall(two.post_id, two.account, 2)
    assert (await ended(sky, one))["state"] == "DONE"
    await sky.hand_token(graph)
    await sky.cloudflare.cron(at=900.0)
    after = await lane(sky)
    assert after["rowsRead"] - before["rowsRead"] < MOST_READ
    assert after["counts"] == {"SCHEDULED": WAITING, "DONE": 1, "RECALLED": 1}


async def ended(sky: Sky, asked: Asked) -> dict[str, Any]:
    """Wait until a job has ended, without having the whole queue read."""
    while True:
        query = {"account": asked.account}
        answer = await sky.worker._client.get(f"/v1/jobs/{asked.post_id}", params=query)
        job: dict[str, Any] = answer.json()["job"]
        if job["state"] in ("DONE", "FAILED"):
            return job


async def lane(sky: Sky) -> dict[str, Any]:
    (only,) = (await sky.worker.diagnostics())["lanes"]
    return dict(only)


def like(asked: Asked, post_id: str) -> dict[str, Any]:
    return {
        "id": post_id, "epoch": 1, "due": asked.due_ms, "body": asked.body, "activate": True,
    }  # fmt: skip


def written(name: str, *verbs: str) -> Iterator[str]:
    """Return the statements that stand in a module and begin with one of these words."""
    code = worker_code.modules()[name].decode()
    for states in _SET_OF_STATES.finditer(code):
        code = code.replace(f"${{{states['name']}}}", states["text"])
    beginning = "|".join(verbs)
    for found in re.finditer(
        rf"(?P<mark>[\"`])\s*(?P<text>(?:{beginning})\b.*?)(?P=mark)", code, re.DOTALL
    ):
        # What is changed of a job: its columns are put in when it is asked.
        yield re.sub(r"\$\{[^}]*\}", "state = 7, next_at = 7, seq = 7, mirrored = 7", found["text"])


def bound(text: str) -> list[None]:
    numbered = [int(number) for number in re.findall(r"\?(\d+)", text)]
    return [None] * (max(numbered) if numbered else text.count("?"))
