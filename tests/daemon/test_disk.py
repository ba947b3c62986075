"""A disk that is full or read-only, a database that is locked: nothing lost, nothing twice."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import trio

from daemon import data_dir
from publish import scheduler
from sandbox import Sandbox
from sandbox.wire.faults import Fault
from sandbox.wire.message import Exchange, Response
from storage import posts
from storage.errors import Unavailable, Unusable
from storage.files import MediaFolder
from storage.posts import PostStatus
from storage.store import open_directly, transaction
from tests.support.clock import TestClock
from tests.support.disks import filled, make_read_only
from tests.support.limits import DEADLOCK_S
from tests.support.posting import API, CONFIGURE, live, photo_id, schedule, story, until, upload
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.05)
    monkeypatch.setattr(scheduler, "PAUSE_S", 0.05)


@pytest.fixture
async def on_tiny_disk(
    sandbox: Sandbox, clock: TestClock, tiny_disk: Path
) -> AsyncIterator[Served]:
    async with (
        open_studio(sandbox, clock, tiny_disk, min_free_mb=2) as studio,
        serve_studio(studio) as served,
    ):
        yield served


async def health(served: Served) -> tuple[str, str | None]:
    body = (await served.call("GET", f"{API}/health", key=None)).body
    return body["status"], body["services"].get("storage")


async def test_a_full_disk_refuses_uploads_and_holds_posts_until_there_is_room(
    on_tiny_disk: Served, tiny_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served = on_tiny_disk
    made = await schedule(served, story(served, await photo_id(served)), HOUR)
    picture = served.studio.photo(300, 300)
    with filled(tiny_disk, leave=1 << 20):
        refused = await upload(served, picture)
        assert (refused.status, refused.body["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert "is full" in refused.body["error"]
        state, storage = await health(served)
        assert state == "degraded"
        assert "full" in str(storage)
        served.studio.clock.advance(HOUR)
        with trio.fail_after(DEADLOCK_S):
            while "publishing pauses" not in caplog.text:
                await trio.sleep(0.02)
        await trio.sleep(0.2)
        assert live(served) == 0
    await until(served, made["postId"], "PUBLISHED")
    assert live(served) == 1
    assert await health(served) == ("healthy", None)
    assert caplog.text.count("publishing pauses") == 1
    assert (await upload(served, picture)).status == 201


async def test_media_that_are_not_mounted_hold_posts_until_they_are(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty folder stands where they were: none of them is lost."""
    made = await schedule(served, story(served, await photo_id(served)), HOUR)
    root = served.studio.folder.root
    aside = root.rename(root.with_name("elsewhere"))
    root.mkdir()
    served.studio.clock.advance(HOUR)
    with trio.fail_after(DEADLOCK_S):
        while "publishing pauses" not in caplog.text:
            await trio.sleep(0.02)
    assert (await health(served))[0] == "degraded"
    root.rmdir()
    aside.rename(root)
    await until(served, made["postId"], "PUBLISHED")


class FullAfterwards:
    """The post goes live, and at that moment the disk is full."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self.reached = trio.Event()
        self.freed = trio.Event()

    async def answer(self, exchange: Exchange) -> Response:
        response = await exchange.perform()
        # What the log holds already is room to write in: it has to grow from nothing.
        with closing(sqlite3.connect(self._disk / "data" / "reprise.db")) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._full = filled(self._disk)
        self._full.__enter__()
        self.reached.set()
        return response

    def free(self) -> None:
        self._full.__exit__(None, None, None)


async def test_a_disk_that_is_full_when_a_post_goes_live_posts_it_once(
    on_tiny_disk: Served, tiny_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served = on_tiny_disk
    full = FullAfterwards(tiny_disk)
    served.studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=full))
    made = await schedule(served, story(served, await photo_id(served)), HOUR)
    served.studio.clock.advance(HOUR)
    with trio.fail_after(DEADLOCK_S):
        await full.reached.wait()
        while "delivery interrupted" not in caplog.text:
            await trio.sleep(0.02)
        await trio.sleep(0.2)
    post = await served.studio.core.store.read(posts.get, made["postId"])
    assert post.status is PostStatus.PUBLISHING
    body = {"accountId": served.studio.account.id, "mediaType": "IMAGE"}
    assert (await served.call("POST", f"{API}/posts/draft", body)).status == 503
    full.free()
    await until(served, made["postId"], "PUBLISHED")
    assert live(served) == 1
    assert served.studio.sandbox.ledger.count(containing=CONFIGURE) == 1


async def test_a_database_that_is_locked_is_waited_for(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    store = served.studio.core.store
    made = await schedule(served, story(served, await photo_id(served)), HOUR)
    await store.write(lambda db: db.conn.execute("PRAGMA busy_timeout = 50").fetchone())
    with open_directly(store.path) as other, transaction(other):
        served.studio.clock.advance(HOUR)
        refused = await served.call("DELETE", f"{API}/schedule/{made['postId']}")
        assert (refused.status, refused.body["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert "locked" in refused.body["error"]
        assert (await served.call("GET", f"{API}/posts/{made['postId']}")).status == 200
        with trio.fail_after(DEADLOCK_S):
            while "publishing pauses" not in caplog.text:
                await trio.sleep(0.02)
        assert await health(served) == (
            "degraded",
            "The database cannot be used right now: database is locked",
        )
    await until(served, made["postId"], "PUBLISHED")
    assert live(served) == 1
    assert await health(served) == ("healthy", None)


async def test_a_database_that_turns_read_only_loses_nothing(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    store = served.studio.core.store
    connection = store._writer.conn
    made = await schedule(served, story(served, await photo_id(served)), HOUR)
    connection.execute("PRAGMA query_only = ON")
    refused = await served.call("DELETE", f"{API}/schedule/{made['postId']}")
    assert refused.body["code"] == "SERVICE_UNAVAILABLE"
    served.studio.clock.advance(HOUR)
    with trio.fail_after(DEADLOCK_S):
        while "publishing pauses" not in caplog.text:
            await trio.sleep(0.02)
    connection.execute("PRAGMA query_only = OFF")
    await until(served, made["postId"], "PUBLISHED")
    assert live(served) == 1


def test_a_disk_that_is_read_only_is_named(tiny_disk: Path) -> None:
    folder = MediaFolder(tiny_disk / "media")
    folder.check_room()
    make_read_only(tiny_disk)
    with pytest.raises(Unavailable, match="is read-only"):
        folder.check_room()
    with pytest.raises(Unusable, match="cannot be written"):
        data_dir.prepare(tiny_disk / "data")
