"""Posts from the command line: now, later, and back out of the queue."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.world.sample_media import make_photo
from tests.support.commands import run_here
from tests.support.process import environment, reprise, running


@pytest.mark.acceptance
async def test_publishing_scheduling_and_cancelling(sandbox: Sandbox, tmp_path: Path) -> None:
    studio = sandbox.world.add_person("studio", password="pw")
    env = environment(tmp_path, sandbox) | {"TZ": "America/New_York"}
    photo = tmp_path / "photo.jpg"
    make_photo(photo, 540, 540, seed=1)
    me = ("--username", "@studio")
    async with running(env, tmp_path / "log"):
        await reprise("account", "add", *me, env=env)
        unknown = await reprise("publish", str(photo), "--username", "ghost", env=env)
        assert (unknown.code, "@ghost is not connected" in unknown.err) == (1, True)
        odd = photo.with_name(os.fsdecode(b"caf\xe9 \x1b[31m.jpg"))
        shutil.copy(photo, odd)
        for file in (photo, odd):
            no_login = await reprise("publish", str(file), *me, env=env)
            assert (no_login.code, "[PRIVATE_API_REQUIRED]" in no_login.err) == (1, True)
        no_text = await reprise(
            "publish", str(odd), *me, "--caption", os.fsdecode(b"\xe9"), env=env
        )
        assert (no_text.code, no_text.err) == (2, "reprise: \ufffd is no text in UTF-8\n")
        await reprise("account", "login", *me, "--password-stdin", env=env, stdin="pw\n")

        live = await reprise("publish", str(photo), *me, "--caption", "Hi", "--wait", env=env)
        assert (live.code, live.err) == (0, "")
        (post,) = sandbox.world.published(studio)
        assert post.caption == "Hi"
        assert live.out.startswith("Published: https://www.instagram.com/p/")

        tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0, tzinfo=None)
        later = await reprise(
            "publish", str(photo), str(photo), *me, "--at", tomorrow.isoformat(), "--json",
            "--alt", "A red cup", "--alt", "The same", env=env,
        )  # fmt: skip
        assert json.loads(later.json["altTexts"]) == ["A red cup", "The same"]
        assert (later.json["mediaType"], later.json["status"]) == ("CAROUSEL", "SCHEDULED")
        # A time without an offset is this machine's, which is behind UTC here.
        due = datetime.fromisoformat(later.json["scheduledFor"]).replace(tzinfo=None)
        assert due - tomorrow in (timedelta(hours=4), timedelta(hours=5))
        zoned = await reprise(
            "publish", str(photo), *me, "--story", "--at", tomorrow.isoformat(),
            "--timezone", "Asia/Tokyo", "--json", env=env,
        )  # fmt: skip
        due = datetime.fromisoformat(zoned.json["scheduledFor"]).replace(tzinfo=None)
        assert (zoned.json["mediaType"], tomorrow - due) == ("STORIES", timedelta(hours=9))

        enabled = await reprise("enable", *me, env=env)
        assert "it sleeps in America/New_York" in enabled.out
        assert (await reprise("disable", *me, "--json", env=env)).json["isEnabled"] is False
        busy = await reprise("retry", zoned.json["id"], env=env)
        assert (busy.code, "[INVALID_STATUS]" in busy.err) == (1, True)
        assert (await reprise("cancel", zoned.json["id"], env=env)).code == 0

    # Reading goes on with the daemon off.
    waiting = await reprise("queue", "--json", env=env)
    assert [found["id"] for found in waiting.json] == [later.json["id"]]
    listed = await reprise("posts", "--status", "draft", "--json", env=env)
    assert [found["id"] for found in listed.json] == [zoned.json["id"]]


def test_times_and_files_that_make_no_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    photo = tmp_path / "photo.jpg"
    make_photo(photo, 540, 540, seed=1)
    for words, line in (
        (["--at", "tomorrow"], "is no time like"),
        (["--at", "2027-01-31T10:00", "--timezone", "Mars/Base"], "is no zone like"),
        (["--at", "2027-01-31T10:00", "--wait"], "--wait is for what goes out now"),
        ([str(photo), "--story"], "--story takes one FILE"),
    ):
        assert run_here("publish", str(photo), "--username", "me", *words) == 2
        assert line in capsys.readouterr().err
