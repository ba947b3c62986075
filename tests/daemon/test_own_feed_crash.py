"""`kill -9` while own posts are shared, on the real daemon: each goes out once."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta

import pytest
import trio

from sandbox.wire.faults import Fault, Hang
from sandbox.world.sample_media import make_photo
from storage import repost_configs
from storage.store import open_directly, transaction
from tests.daemon.test_crash import CONFIGURE, World, world
from tests.support.limits import DEADLOCK_S

__all__ = ["world"]


def look_again(world: World) -> None:
    """Let the next scan of the own feed be due now."""
    with open_directly(world.directory / "data" / "reprise.db") as db, transaction(db):
        now = datetime.now(UTC)
        repost_configs.change(db, world.account_id, now=now, last_auto_sync_at=None)


@pytest.mark.acceptance
async def test_killed_at_the_look_and_at_the_publishing_it_is_shared_once(world: World) -> None:
    sandbox = world.sandbox
    feed = f"/feed/user/{world.person.pk}/"
    async with world.daemon() as daemon:
        await world.enable(daemon)
        body = {"accountId": world.account_id, "autoRepostEnabled": True}
        await daemon.call("POST", "/story-repost/config", world.key, body)
        await sandbox.ledger.wait_for(lambda entry: entry.path.endswith(feed))
        await daemon.stop(signal.SIGKILL)

    photo = world.directory / "post.jpg"
    make_photo(photo, 270, 480, seed=1)
    later = sandbox.world.now() + timedelta(minutes=1).total_seconds()
    new = sandbox.world.add_post(world.person, photo, taken_at=later)
    look_again(world)
    sandbox.faults.add(Fault(path_end=feed, kind=Hang()))
    mark = sandbox.ledger.mark()
    async with world.daemon() as daemon:
        await sandbox.ledger.wait_for(feed, since=mark)
        await daemon.stop(signal.SIGKILL)

    sandbox.faults.clear()
    sandbox.faults.add(Fault(path=CONFIGURE, kind=Hang(after_effect=True)))
    async with world.daemon() as daemon:
        await sandbox.ledger.wait_until(lambda: bool(sandbox.ledger.published))
        await daemon.stop(signal.SIGKILL)
    async with world.daemon() as daemon:
        (item,) = await world.until_finished(daemon)
        with trio.fail_after(DEADLOCK_S):
            assert await daemon.stop() == 0
    assert (item["status"], item["source"]) == ("PUBLISHED", "own_feed")
    (live,) = sandbox.ledger.published
    assert [sticker["media_id"] for sticker in live.stickers] == [str(new.pk)]
