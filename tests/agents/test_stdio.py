"""`reprise mcp`: the real process, asked by the official client, beside a served daemon."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, stdio_client
from mcp.client.stdio import StdioServerParameters

from sandbox.world.sample_media import make_photo
from tests.agents.talking import Era, called, refused
from tests.agents.test_http import key_for
from tests.support.posting import API
from tests.support.served import Served


@asynccontextmanager
async def started(
    directory: Path, *arguments: str, home: Path, era: Era = "auto", **environment: str
) -> AsyncIterator[Client]:
    known = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    process = StdioServerParameters(
        command=sys.executable,
        args=["-m", "daemon", "mcp", *arguments],
        env={**known, "REPRISE_DATA_DIR": str(directory), "HOME": str(home), **environment},
    )
    async with Client(stdio_client(process), mode=era) as client:
        yield client


@pytest.mark.acceptance
async def test_the_three_prompts_of_voidgram_are_one_call_each(
    served: Served, tmp_path: Path
) -> None:
    data = served.studio.core.settings.data_dir
    queue = tmp_path / "home" / "Downloads" / "queue"
    queue.mkdir(parents=True)
    for number in range(20):
        make_photo(queue / f"{number}.jpg", 400, 500, number)
    (queue / "notes.txt").write_text("no picture")
    hidden = tmp_path / "home" / ".ssh"
    hidden.mkdir()
    shutil.copy(queue / "1.jpg", hidden / "id.jpg")
    (queue / "leads-out.jpg").symlink_to(hidden / "id.jpg")
    async with started(data, home=tmp_path / "home") as client:
        (queue / "leads-out.jpg").unlink()
        asked: dict[str, Any] = {
            "request_id": "queue",
            "folder": "~/Downloads/queue",
            "start": "2099-11-29T09:00",
            "every_minutes": 20,
            "timezone": "America/Los_Angeles",
            "account": "@studio",
        }
        tried = await called(client, "schedule_posts", dry_run=True, **asked)
        assert (tried["scheduled"], tried["refused"], len(tried["items"])) == (0, 0, 20)
        assert (await served.call("GET", f"{API}/schedule")).body["total"] == 0
        done = await called(client, "schedule_posts", **asked)
        again = await called(client, "schedule_posts", **asked)
        assert (done["scheduled"], again["items"]) == (20, done["items"])
        assert (await served.call("GET", f"{API}/schedule")).body["total"] == 20
        assert done["items"][0]["at"] == "2099-11-29T17:00:00.000Z"
        assert done["items"][1]["local"] == "2099-11-29T09:20-08:00"
        names = [
            (await served.call("GET", f"{API}/posts/{each['post_id']}")).body["mediaFiles"][0]
            for each in done["items"]
        ]
        assert [each["originalFilename"] for each in names] == [f"{n}.jpg" for n in range(20)]
        failed = await called(client, "list_posts", status="FAILED", since="7d")
        assert failed["total"] == 0
        week = await called(
            client, "list_mentions", account="studio", status="PUBLISHED", since="7d"
        )
        assert (week["total"], week["is_all_counted"]) == (0, True)
        # Where it may not read, it does not.
        (queue / "leads-out.jpg").symlink_to(hidden / "id.jpg")
        for path in (hidden / "id.jpg", queue / "leads-out.jpg", "/etc/passwd", data / "secret.key",
                     "~/.ssh/id.jpg", "~nobody/x", "../../../etc/passwd"):  # fmt: skip
            assert (await refused(client, "add_media", sources=[str(path)]))[
                "code"
            ] == "INVALID_PARAM"
        # A time without a zone is nobody's to guess.
        no = await refused(client, "schedule_posts", **{**asked, "timezone": None})
        assert no["code"] == "VALIDATION_ERROR"
        assert "zone" in no["message"]


@pytest.mark.acceptance
async def test_a_guest_may_do_what_was_said_and_no_daemon_is_told_in_words(
    served: Served, tmp_path: Path
) -> None:
    data = served.studio.core.settings.data_dir
    async with started(data, "--allow", "read-only", home=tmp_path, era="legacy") as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names == {"get_overview", "list_posts", "get_post", "wait_for", "list_mentions",
                         "preview_card"}  # fmt: skip
        assert (await refused(client, "save_post"))["code"] == "INSUFFICIENT_SCOPE"
    key, scratch = await key_for(served, "drafts-only"), tmp_path / "scratch"
    scratch.mkdir()
    async with started(data, home=tmp_path, REPRISE_API_KEY=key, TMPDIR=str(scratch)) as client:
        no = await refused(client, "add_media", sources=["http://127.0.0.1:1/x.jpg"])
        assert no["code"] == "UPLOAD_ERROR"
        assert list(scratch.iterdir()) == []  # half a gigabyte for each address, else
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert "save_post" in names
        assert "publish_now" not in names
        draft = await called(client, "save_post", caption="a proposal", type="IMAGE")
        before = await _left(served, key)
        await called(client, "get_overview")
        assert await _left(served, key) == before - 2  # with the question itself
    changes = (await served.call("GET", f"{API}/posts/{draft['id']}/changes")).body["changes"]
    assert [each["via"] for each in changes] == ["agent"]
    async with started(tmp_path / "nowhere", home=tmp_path) as client:
        assert len((await client.list_tools()).tools) == 15
        no = await refused(client, "get_overview")
        assert no["code"] == "SERVICE_UNAVAILABLE"
        assert "reprise run" in no["message"]


async def _left(served: Served, key: str) -> int:
    answer = await served.call("GET", f"{API}/auth/me", key=key)
    return int(answer.headers["RateLimit-Remaining"])
