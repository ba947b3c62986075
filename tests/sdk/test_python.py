"""The Python client: what is generated, its README, and a server with moods."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import reprise_client
import trio
from reprise_client import (
    AnswerLost,
    AsyncReprise,
    NotFound,
    NotRunning,
    PublishFailed,
    RateLimited,
    Reprise,
    WebhookInvalid,
    verify_webhook,
)

from tests.sdk.moody import Mood, open_moody
from tests.support.posting import API
from tests.support.process import ROOT
from tests.support.served import Served
from tools import sdk
from webhooks.signing import new_secret, signed

_EXAMPLES = re.findall(
    r"```python\n(.*?)```", (ROOT / "sdk" / "python" / "README.md").read_text(), re.DOTALL
)


def test_what_is_generated_is_of_today() -> None:
    for path, text in sdk.files().items():
        assert path.read_text() == text, f"{path.name} is old: run `make docs`"


def test_the_package_is_whole(tmp_path: Path) -> None:
    source = ROOT / "sdk" / "python"
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info" not in name}
    package = source / "reprise_client"
    there = {f"reprise_client/{each.name}" for each in package.glob("*.py")}
    assert names == there | {"reprise_client/py.typed"}


async def test_the_readme_does_what_it_says(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """These are the five workflows of VoidGram's quickstart; the async ones run on both loops."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOIDGRAM_API_KEY", served.key)
    monkeypatch.setenv("VOIDGRAM_BASE_URL", f"{served.url}/api/v1")
    photo = served.studio.photo(400, 500).read_bytes()
    (tmp_path / "sunset.jpg").write_bytes(photo)
    (tmp_path / "queue").mkdir()
    for number in range(4):  # twenty would be more requests than a key has in a minute
        (tmp_path / "queue" / f"{number:02}.jpg").write_bytes(photo)
    assert len(_EXAMPLES) == 6
    for example in _EXAMPLES:
        names: dict[str, Any] = {}
        code = compile(example, "README.md", "exec")
        await trio.to_thread.run_sync(exec, code, names)
        if "main" in names:
            await names["main"]()
            await trio.to_thread.run_sync(asyncio.run, names["main"]())
    listed = (await served.call("GET", f"{API}/posts?limit=100")).body["posts"]
    statuses = [each["status"] for each in listed]
    assert (statuses.count("SCHEDULED"), statuses.count("PUBLISHED")) == (7, 3)
    code = compile(_EXAMPLES[2], "README.md", "exec")
    await trio.to_thread.run_sync(exec, code, {})  # begun again
    assert (await served.call("GET", f"{API}/posts")).body["total"] == 10


async def test_a_server_with_moods_has_one_post_and_the_caller_a_clear_answer(
    served: Served,
) -> None:
    steps: list[tuple[int, int]] = []
    file = served.studio.photo(400, 500)
    async with open_moody(served) as moody, AsyncReprise(served.key, moody.url) as reprise:
        moody.more = {"somethingNew": 1, "status": "A_NEW_STATE"}
        me = await reprise.get_me()
        moody.moods = [429, "lost"]
        media = await reprise.upload_media(file, on_progress=lambda *step: steps.append(step))
        assert steps[-1] == (file.stat().st_size,) * 2
        content: dict[str, Any] = {
            "account_id": me.accounts[0].id,
            "media_type": "IMAGE",
            "media_file_id": media.id,
        }
        moody.moods = [503, "lost", None, "proxy"]
        accepted = await reprise.publish_post(**content)
        assert accepted.status == "A_NEW_STATE"
        moody.more = {}
        seen: list[str] = []
        post = await reprise.wait_until_published(
            accepted.post_id, on_change=lambda post: seen.append(post.status)
        )
        assert (post.status, seen[-1]) == ("PUBLISHED", "PUBLISHED")
        assert (await reprise.list_posts()).total == 1
        assert (await reprise.list_media()).total == 1
        assert [each.id async for each in reprise.iter_posts(limit=1)] == [post.id]
        moody.moods = [429] * 3
        with pytest.raises(RateLimited):
            await reprise.get_me()
        with pytest.raises(NotFound):
            await reprise.get_post("00000000-0000-4000-8000-000000000000")
        with pytest.raises(ValueError, match="time zone"):
            await reprise.create_schedule(**content, scheduled_for=datetime(2099, 1, 1))
    # Where a server does not know keys, what may have been done is not done again, whatever it says
    # when it is asked.
    async with open_moody(served) as moody, AsyncReprise(served.key, moody.url) as reprise:
        moody.stranger = True
        strange: list[list[Mood]] = [["lost"], ["proxy", 429], ["lost", "page"], ["lost", "lost"]]
        for moods in strange:
            moody.moods, moody.seen = [*moods], []
            with pytest.raises(AnswerLost):
                await reprise.publish_post(**content)
            assert moody.seen == ["POST /posts/publish", "GET /events"]
    with Reprise(served.key, "http://127.0.0.1:1") as reprise_here, pytest.raises(NotRunning):
        reprise_here.get_me()


async def test_a_post_that_fails_says_how_and_events_go_on_behind_the_last(served: Served) -> None:
    def work() -> list[str]:
        with Reprise(served.key, served.url) as reprise:
            account = reprise.get_me().accounts[0].id
            media = reprise.upload_media(served.studio.photo(400, 500))
            scheduled = reprise.create_schedule(
                account_id=account,
                media_type="IMAGE",
                media_file_id=media.id,
                scheduled_for="2099-01-01T00:00:00Z",
            )
            reprise.disconnect_account(account)
            with pytest.raises(PublishFailed) as failed:
                reprise.wait_until_published(scheduled.post_id)
            assert failed.value.code == "NOT_FOUND"
            found: list[str] = []
            at = 0
            while "post.failed" not in found:  # each time from where it was
                event = next(reprise.events(since=at, types="post.*"))
                assert event.id > at
                at = event.id
                found.append(event.type)
            return found

    assert await trio.to_thread.run_sync(work) == ["post.scheduled", "post.failed"]


def test_a_webhook_is_told_from_others() -> None:
    secret, body, now = (
        new_secret(),
        json.dumps({"type": "webhook.test"}).encode(),
        int(time.time()),
    )
    headers = signed("msg_1", body, now, [new_secret(), secret])
    assert verify_webhook(secret, headers, body) == {"type": "webhook.test"}
    old = signed("msg_1", body, now - 3600, [secret])
    for wrong, said in ((headers, body + b" "), (old, body), ({}, body)):
        with pytest.raises(WebhookInvalid):
            verify_webhook(secret, wrong, said)


def test_days_and_accounts_take_turns() -> None:
    start = datetime(2099, 1, 1, tzinfo=UTC)
    found = list(
        reprise_client.client._slots(["a", "b", "c"], ["x", "y"], start, timedelta(hours=1))
    )
    assert [(each[2], each[3].hour) for each in found] == [("x", 0), ("y", 0), ("x", 1)]
