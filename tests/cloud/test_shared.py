"""What both sides use up, and two machines under one Worker."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from ground.refusal import Refusal
from operations import models
from operations.actor import Actor
from operations.cloud import deploy_cloud, remove_cloud
from sandbox import Sandbox
from storage.copies import copy_database
from storage.opening import open_migrated
from storage.rotation import rotate_key_file
from storage.times import to_text
from storage.vault import KEY_FILE
from tests.cloud.test_desk import under_a_cloud
from tests.cloud.test_handing_over import API, Heights, brought, heights
from tests.support.clock import TestClock
from tests.support.graph import connect
from tests.support.houses import house_of
from tests.support.limits import DEADLOCK_S
from tests.support.posting import publish, until
from tests.support.served import serve_studio
from tests.support.studio import open_studio

pytestmark = pytest.mark.acceptance

__all__ = ["heights"]


async def test_the_daily_quota_holds_over_both_queues(heights: Heights) -> None:
    """Three are left for the day; three wait there and three here, all due now."""
    served = heights.served
    graph = await connect(served)
    graph.quota_total = 3
    away = [(await heights.schedule(f"there {at}", in_s=3))["postId"] for at in range(3)]
    for post_id in away:
        await heights.owned_by(post_id, "CLOUD")
    body = {"accountId": served.studio.account.id, "mediaType": "IMAGE"}
    body |= {"mediaFileId": heights.media}
    here = [await publish(served, {**body, "caption": f"here {at}"}) for at in range(3)]
    with trio.fail_after(DEADLOCK_S):
        while len(heights.captions()) < 3:
            await trio.sleep(0.05)
    await trio.sleep(1.5)
    assert len(heights.captions()) == len(set(heights.captions())) == 3
    states = [(await heights.post(each))["status"] for each in (*away, *here)]
    assert states.count("PUBLISHED") <= 3
    assert "FAILED" not in states, "what the day has no room for waits"


async def test_two_machines_with_the_same_database_send_nothing_twice(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, program: Path
) -> None:
    """Both run at once, and both change what the cloud owns; the other's vault has another key."""
    async with under_a_cloud(sandbox, clock, tmp_path, program) as (served, cloudflare):
        cloudflare.texts["PACE"] = "0.01"
        first = await brought(served, cloudflare)
        names = ("by the first", "by the second", "moved", "edited", "both hear of it")
        post = {name: (await first.schedule(name, in_s=3600))["postId"] for name in names}
        for each in post.values():
            await first.owned_by(each, "CLOUD")
        copy = tmp_path / "second"
        data = copied(served.studio.core.settings.data_dir, copy)
        where: Any = {"cloudflare_api": cloudflare.url}
        async with (
            open_studio(sandbox, clock, copy, logged_in=False, **where) as studio,
            serve_studio(studio) as other,
        ):
            assert studio.core.settings.data_dir == data
            owner = Actor(user_id=studio.core.owner.id, via="cli", holds_machine=True)
            house = await house_of(studio)
            second = replace(first, served=other, house=house, owner=owner)
            by_first = await served.call("DELETE", f"{API}/schedule/{post['by the first']}")
            by_second = await other.call("DELETE", f"{API}/schedule/{post['by the second']}")
            assert (by_first.status, by_second.status) == (200, 200), by_second.body
            for heights_, name in ((first, "both hear of it"), (second, "moved")):
                body = {"scheduledFor": to_text(clock.now() + timedelta(seconds=3))}
                path = f"{API}/posts/{post[name]}/reschedule"
                moved = await heights_.served.call("POST", path, body)
                assert moved.status == 200, moved.body
            for heights_ in (first, second):
                for name in ("moved", "both hear of it"):
                    ended = await until(heights_.served, post[name], "PUBLISHED", "FAILED")
                    assert ended["status"] == "PUBLISHED", (name, ended)
            # What the one has taken back the other never sends, and says so.
            for heights_, name in ((first, "by the second"), (second, "by the first")):
                ended = await until(heights_.served, post[name], "FAILED")
                assert ended["errorCode"] == "DELIVERY_UNKNOWN", (name, ended)

            # Who gives the Worker another token locks the other one out.
            request = models.CloudDeployRequest(new_token=True)
            await house.perform(deploy_cloud, owner, request)
            body = {"caption": "edited by the first"}
            refused = await served.call("PUT", f"{API}/schedule/{post['edited']}", body)
            assert (refused.status, refused.body["code"]) == (502, "WORKER_UNREACHABLE")
            with pytest.raises(Refusal):
                await first.house.perform(remove_cloud, first.owner, models.CloudRemoveRequest())
            assert cloudflare.account.scripts, "it is the other one's"
            soon = to_text(clock.now() + timedelta(seconds=3))
            body = {"caption": "edited by the second", "scheduledFor": soon}
            edited = await other.call("PUT", f"{API}/schedule/{post['edited']}", body)
            assert edited.status == 200, edited.body
            ended = await until(other, post["edited"], "PUBLISHED", "FAILED")
            assert ended["status"] == "PUBLISHED", ended
        assert first.captions() == ["both hear of it", "edited by the second", "moved"]


def copied(data: Path, directory: Path) -> Path:
    """Copy a data directory, and give the copy's vault another key."""
    there = directory / "data"
    there.mkdir(parents=True, mode=0o700)
    copy_database(data / "reprise.db", there / "reprise.db")
    shutil.copy2(data / KEY_FILE, there / KEY_FILE)
    shutil.copytree(data / "media", there / "media")
    database = open_migrated(there / "reprise.db")
    try:
        assert rotate_key_file(database, there) >= 4, "the Worker's keys, and its API token"
    finally:
        database.conn.close()
    assert (there / KEY_FILE).read_bytes() != (data / KEY_FILE).read_bytes()
    return there
