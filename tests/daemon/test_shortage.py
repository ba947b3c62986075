"""A machine that runs out of descriptors, memory or threads: no post and no mention is lost."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trio

from sandbox import Sandbox
from sandbox.world.sample_media import make_photo
from tests.support.clock import TestClock
from tests.support.connected import ConnectedAccount, connect
from tests.support.limits import DEADLOCK_S
from tests.support.manager import open_manager
from tests.support.process import Daemon, running
from tests.support.thinned import sparing

# The real daemon, whose pauses are shorter.
_QUICK = """
import sys
from datetime import timedelta

from publish import scheduler
from repost import engine

scheduler.PAUSE_S = 0.3
engine.AFTER_SHORTAGE = engine.LONGEST_AFTER_SHORTAGE = timedelta(seconds=0.3)
sys.argv = ["reprise", *sys.argv[4:]]

from cli import main

main()
"""


def _size_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmSize:")[2].split()[0]) << 10


@contextmanager
def squeezed(pid: int, what: str) -> Iterator[None]:
    """Let a process have nothing more of that."""
    which, most = resource.RLIMIT_NOFILE, 3  # what is open stays open
    if what == "threads":  # a stack takes eight megabytes
        which, most = resource.RLIMIT_AS, _size_of(pid) + (6 << 20)
    if what == "files":  # none of them may grow
        which, most = resource.RLIMIT_FSIZE, 0
    _, hard = resource.prlimit(pid, which)
    resource.prlimit(pid, which, (most, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, which, (hard, hard))


def mention(world: ConnectedAccount, username: str) -> None:
    friend = world.sandbox.world.add_person(username)
    photo = world.directory / f"{username}.jpg"
    make_photo(photo, 270, 480, seed=3)
    story = world.sandbox.world.add_story(friend, photo, mentions=[world.person])
    world.sandbox.world.mention(story, world.person)


async def until_reposted(world: ConnectedAccount, daemon: Daemon) -> None:
    with trio.fail_after(DEADLOCK_S):
        while True:
            history = (await daemon.call("GET", "/story-repost/history", world.key)).json()
            if [item["status"] for item in history["reposts"]] == ["PUBLISHED"]:
                return
            await trio.sleep(0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="another process' limits are Linux'")
@pytest.mark.parametrize("what", sparing(["descriptors", "threads", "files"], every=3))
async def test_it_costs_no_post_and_no_mention(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, what: str
) -> None:
    world = await connect(sandbox, clock, tmp_path)
    quick = tmp_path / "quick.py"
    quick.write_text(_QUICK)
    async with (
        open_manager(tmp_path, watchdog_s=2) as manager,
        running(
            world.env | manager.environment, tmp_path / "log", under=(sys.executable, str(quick))
        ) as daemon,
        httpx.AsyncClient(
            base_url=daemon.url, trust_env=False, timeout=DEADLOCK_S,
            headers={"Authorization": f"Bearer {world.key}"},
        ) as warm,
    ):  # fmt: skip
        photo = tmp_path / "photo.jpg"
        make_photo(photo, 360, 640, seed=1)
        file = (photo.name, photo.read_bytes(), "image/jpeg")
        uploaded = (await warm.post("/api/v1/media/upload", files={"file": file})).json()
        account = {"accountId": world.id}
        awake = {**account, "sleepWindowStart": 0, "sleepWindowEnd": 0}
        await warm.post("/api/v1/story-repost/config", json=awake)
        await warm.post("/api/v1/story-repost/enable", json=account)
        mention(world, "anna")
        with squeezed(daemon.process.pid, what):
            body = {**account, "mediaType": "STORIES", "mediaFileId": uploaded["id"]}
            post: str | None = None
            until = trio.current_time() + 3
            while trio.current_time() < until:  # on the connection that is open
                if post is None:
                    sent = await warm.post("/api/v1/posts/publish", json=body)
                    assert sent.status_code in (202, 503), sent.text
                    post = sent.json().get("postId")
                more = await warm.post("/api/v1/media/upload", files={"file": file})
                assert more.status_code in (201, 503), more.text
                looked = await warm.post("/api/v1/story-repost/scan", json=account)
                assert looked.status_code in (200, 503), looked.text
                assert (await warm.get("/api/v1/health")).status_code in (200, 503)
                await trio.sleep(0.1)
        if post is None:
            post = (await warm.post("/api/v1/posts/publish", json=body)).json()["postId"]
        await world.until_published(daemon, post)
        await until_reposted(world, daemon)
        assert world.live == 2
        assert daemon.process.returncode is None
        assert await daemon.stop() == 0
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log, log
