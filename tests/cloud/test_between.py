"""What changes while daemon and Worker share an account: tokens, blocks, spacing, data."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trio

from cloud import keyring
from operations import models
from operations.cloud import deploy_cloud
from sandbox import Sandbox
from sandbox.cloud.cloudflare import Deliver
from sandbox.wire.faults import Fault, graph_error
from sandbox.wire.message import Data, Request, Response
from storage import accounts, handovers, secrets, troubles
from storage.secrets import AccountSecret
from storage.store import Database
from storage.times import to_text
from tests.cloud.test_desk import under_a_cloud
from tests.cloud.test_handing_over import API, Heights, brought, heights
from tests.cloud.upheaval import without_epochs
from tests.support.clock import TestClock
from tests.support.graph import another, connect, published
from tests.support.limits import DEADLOCK_S
from tests.support.posting import publish, until

pytestmark = pytest.mark.acceptance

__all__ = ["heights"]


async def lane_of(heights: Heights) -> handovers.CloudLane:
    (lane,) = await heights.served.studio.core.store.read(handovers.lanes)
    return lane


async def told_anew(heights: Heights, before: str | None) -> None:
    """Wait until the Worker was told something new of the account."""
    with trio.fail_after(DEADLOCK_S):
        while (await lane_of(heights)).told in (None, before):
            await trio.sleep(0.02)


@dataclass
class Late:
    """Keeps the first request to one of the Worker's doors until it is let go."""

    path: str
    kept: list[Deliver] = field(default_factory=list)

    async def __call__(self, request: Request, deliver: Deliver) -> Response:
        if self.path not in request.path or self.kept:
            return await deliver()
        self.kept.append(deliver)
        return Response(502, Data(b"lost on the way"))


async def test_a_new_token_is_told_at_once_and_nothing_late_undoes_it(heights: Heights) -> None:
    """Renewed while posts wait in the cloud; the request with the old one arrives last."""
    core, account = heights.served.studio.core, heights.served.studio.account
    waiting = (await heights.schedule("waits", in_s=3600))["postId"]
    await heights.owned_by(waiting, "CLOUD")
    lane = await lane_of(heights)
    late = Late(f"/v1/accounts/{lane.lane}")
    heights.cloudflare.way = late
    token = AccountSecret.ACCESS_TOKEN
    await core.store.write(secrets.put, core.vault, account.id, token, "IGAA-soon-replaced")
    await core.store.write(accounts.change, account.id, token_unproven=False)
    with trio.fail_after(DEADLOCK_S):
        while not late.kept:
            await trio.sleep(0.02)
    await connect(heights.served)
    await told_anew(heights, lane.told)
    await late.kept[0]()  # and only now the one before it arrives
    made = await heights.schedule("by the new token", in_s=4)
    assert made["isCloudflare"] is True
    ended = await until(heights.served, made["postId"], "PUBLISHED", "FAILED")
    assert ended["status"] == "PUBLISHED", ended

    # A database of the past tells it all the same: it learns which number comes next.
    lane = await lane_of(heights)
    await core.store.write(as_of_old, lane)
    await told_anew(heights, None)
    assert (await lane_of(heights)).revision > lane.revision


def as_of_old(db: Database, lane: handovers.CloudLane) -> None:
    handovers.keep_lane(db, lane, revision=0, told=None)


async def test_what_ends_a_token_or_blocks_an_account_brings_its_other_posts_home(
    heights: Heights,
) -> None:
    """One post of the cloud's meets it; when it is over, the others go there again, and out."""
    studio = heights.served.studio
    refusals = {"token_expired": "TOKEN_EXPIRED", "spam_block": "PROCESSING_FAILED"}
    for number, (name, code) in enumerate(refusals.items()):
        other = (await heights.schedule(f"other {name}", in_s=3600))["postId"]
        first = (await heights.schedule(f"first {name}", in_s=4))["postId"]
        await heights.owned_by(other, "CLOUD")
        fault = Fault(account=studio.account.username, kind=graph_error(name), times=None)
        studio.sandbox.faults.add(fault)
        ended = await until(heights.served, first, "PUBLISHED", "FAILED")
        assert (ended["status"], ended["errorCode"]) == ("FAILED", code), ended
        await heights.owned_by(other, "LOCAL")
        studio.sandbox.faults.clear()
        await connect(heights.served)
        await studio.core.store.write(mended, studio.account.id, studio.clock.now())
        await heights.owned_by(other, "CLOUD")
        soon = to_text(studio.clock.now() + timedelta(seconds=4))
        path = f"{API}/posts/{other}/reschedule"
        moved = await heights.served.call("POST", path, {"scheduledFor": soon})
        assert (moved.status, moved.body["cloudflareJobId"]) == (200, other), moved.body
        ended = await until(heights.served, other, "PUBLISHED", "FAILED")
        assert ended["status"] == "PUBLISHED", (name, ended)
        assert len(heights.captions()) == number + 1


def mended(db: Database, account_id: str, now: datetime) -> None:
    troubles.clear(db, account_id, now)
    accounts.change(db, account_id, token_unproven=False)
    handovers.look_again(db)


async def test_a_wrong_bearer_is_said_and_carried_on_when_it_is_right(heights: Heights) -> None:
    """Another's redeploy, or a change of the token that broke off: nothing is lost by it."""
    core = heights.served.studio.core
    call = heights.served.call
    cancel = (await heights.schedule("cancelled", in_s=3600))["postId"]
    live = (await heights.schedule("goes out meanwhile", in_s=3.0))["postId"]
    assert (await call("GET", f"{API}/cloudflare/diagnostics")).body["offline"] is False
    script = heights.cloudflare.account.scripts["reprise-worker"]
    right = dict(script.bindings["WORKER_TOKEN"])
    script.bindings["WORKER_TOKEN"] = {**right, "text": "somebody else's"}
    await heights.cloudflare.run("reprise-worker")
    refused = await call("DELETE", f"{API}/schedule/{cancel}")
    assert (refused.status, refused.body["code"]) == (502, "WORKER_UNREACHABLE"), refused.body
    assert "another token than this machine has" in refused.body["error"]
    told = (await call("GET", f"{API}/cloudflare/diagnostics")).body
    assert (told["offline"], "another token" in told["offlineReason"]) == (True, True), told
    local = await heights.schedule("waits here", in_s=3600)
    assert local["isCloudflare"] is False
    with trio.fail_after(DEADLOCK_S):
        while "goes out meanwhile" not in heights.captions():
            await trio.sleep(0.05)
    assert (await heights.post(live))["status"] == "SCHEDULED", "not heard of, and not sent here"
    script.bindings["WORKER_TOKEN"] = right
    await heights.cloudflare.run("reprise-worker")
    assert (await until(heights.served, live, "PUBLISHED"))["igMediaId"]
    assert (await until(heights.served, cancel, "DRAFT"))["cloudflareJobId"] is None
    await heights.owned_by(local["postId"], "CLOUD")

    # Rotated by a deploy, while the Worker has posts
    request = models.CloudDeployRequest(new_token=True)
    await heights.house.perform(deploy_cloud, heights.owner, request)
    assert script.bindings["WORKER_TOKEN"]["text"] == right["text"]
    now = heights.cloudflare.account.scripts["reprise-worker"].bindings["WORKER_TOKEN"]["text"]
    assert now != right["text"]
    assert (await call("DELETE", f"{API}/schedule/{local['postId']}")).status == 200
    assert (await core.store.read(keyring.find, core.vault)) is not None
    assert heights.captions() == ["goes out meanwhile"]


async def test_data_of_the_worker_that_are_gone_leave_no_post_stuck(heights: Heights) -> None:
    """Removed at Cloudflare and deployed anew: due later they go there again, else in doubt."""
    later = (await heights.schedule("later", in_s=7200))["postId"]
    due = (await heights.schedule("due", in_s=300))["postId"]
    disk = heights.disk
    await heights.cloudflare.kill()
    shutil.rmtree(disk)
    disk.mkdir()
    heights.cloudflare.account.scripts.clear()
    await heights.house.perform(deploy_cloud, heights.owner, models.CloudDeployRequest())
    ended = await until(heights.served, due, "FAILED")
    assert ended["errorCode"] == "DELIVERY_UNKNOWN", ended
    with trio.fail_after(DEADLOCK_S):
        while await heights.in_cloud() != {later: "SCHEDULED"}:
            await trio.sleep(0.05)
    row = await heights.owned_by(later, "CLOUD")
    assert row.epoch == 3, "taken back, and handed over anew"

    # One row alone is gone: what is known as done there is forgotten after a month.
    gone = (await heights.schedule("gone", in_s=4))["postId"]
    row = await heights.owned_by(gone, "CLOUD")
    await heights.cloudflare.kill()
    for path in disk.rglob("*.sqlite"):
        with sqlite3.connect(path) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            if "jobs" in tables:
                db.execute("DELETE FROM jobs WHERE id = ?", (gone,))
    await heights.cloudflare.revive()
    ended = await until(heights.served, gone, "FAILED")
    assert ended["errorCode"] == "DELIVERY_UNKNOWN", ended
    assert heights.captions() == []


@pytest.mark.parametrize("has_epochs", [True, False], ids=["with epochs", "the control"])
async def test_late_requests_send_a_post_again_only_where_there_are_no_epochs(
    heights: Heights, has_epochs: bool
) -> None:
    """Taken back and sent from here; then the whole hand-over arrives for the second time."""
    if not has_epochs:
        await without_epochs(heights.cloudflare)
    copies: list[Deliver] = []
    is_shut = False

    async def way(request: Request, deliver: Deliver) -> Response:
        if "/v1/jobs/" not in request.path or request.path.endswith("/recall"):
            return await deliver()
        if is_shut:
            return Response(502, Data(b"lost on the way"))
        copies.append(deliver)
        return await deliver()

    heights.cloudflare.way = way
    post_id = (await heights.schedule("once", in_s=8))["postId"]
    await heights.owned_by(post_id, "CLOUD")
    assert len(copies) == 2, "it was brought, and let run"
    is_shut = True
    soon = to_text(heights.served.studio.clock.now() + timedelta(seconds=1))
    path = f"{API}/posts/{post_id}/reschedule"
    moved = await heights.served.call("POST", path, {"scheduledFor": soon})
    assert moved.status == 200, moved.body
    ended = await until(heights.served, post_id, "PUBLISHED", "FAILED")
    assert ended["status"] == "PUBLISHED", ended
    assert heights.captions() == ["once"]
    for late in copies:
        await late()
    if has_epochs:
        assert await heights.in_cloud() == {}, "it is refused, so nothing will come of it"
        return
    with trio.fail_after(DEADLOCK_S):
        while heights.captions() != ["once", "once"]:
            await trio.sleep(0.05)


async def test_what_goes_out_here_is_told_before_the_next_goes_out_there(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, program: Path
) -> None:
    """Posts of one account here and there: the account's spacing lies between any two."""
    settings = {"pace": 0.008, "post_spacing_minutes": 15}
    spacing = timedelta(minutes=15) * 0.008
    async with under_a_cloud(sandbox, clock, tmp_path, program, **settings) as (served, cloudflare):
        cloudflare.texts["PACE"] = "0.008"
        heights = await brought(served, cloudflare)
        away = (await heights.schedule("away", in_s=5))["postId"]
        await heights.owned_by(away, "CLOUD")
        body = {"accountId": served.studio.account.id, "mediaType": "IMAGE"}
        here = await publish(served, {**body, "mediaFileId": heights.media, "caption": "here"})
        for post_id in (here, away):
            ended = await until(served, post_id, "PUBLISHED", "FAILED")
            assert ended["status"] == "PUBLISHED", ended
        first, second = sorted(published(served), key=lambda post: post.at)
        assert (first.caption, second.caption) == ("here", "away")
        assert second.at - first.at >= spacing.total_seconds() * 0.95


@pytest.mark.logs_errors
async def test_a_row_that_cannot_be_read_is_the_trouble_of_its_account_alone(
    heights: Heights,
) -> None:
    """What is between one post and the cloud is damaged: the others' come and go, and it comes."""
    core = heights.served.studio.core
    damaged = (await heights.schedule("damaged"))["postId"]
    await heights.owned_by(damaged, "CLOUD")

    def damage(db: Database) -> None:
        wrong = "since = 'never', next_at = 'soon', sent = '{'"
        db.conn.execute(f"UPDATE cloud_posts SET {wrong} WHERE post_id = ?", (damaged,))

    await core.store.write(damage)
    other, _graph = await another(heights.served, "berta")
    made = await heights.schedule("of another", in_s=4, accountId=other.id)
    ended = await until(heights.served, made["postId"], "PUBLISHED", "FAILED")
    assert (ended["status"], ended["cloudflareJobId"]) == ("PUBLISHED", made["postId"]), ended
    # And everything that can be is taken back.
    later = (await heights.schedule("later", accountId=other.id))["postId"]
    await heights.owned_by(later, "CLOUD")
    assert (await heights.served.call("POST", f"{API}/stop")).status == 200
    assert await heights.in_cloud() == {}
    assert (await heights.post(damaged))["status"] == "SCHEDULED"


@pytest.mark.logs_errors
async def test_a_post_that_cannot_be_read_keeps_no_other_in_the_cloud(heights: Heights) -> None:
    core = heights.served.studio.core
    damaged = (await heights.schedule("damaged"))["postId"]
    first = await heights.owned_by(damaged, "CLOUD")
    other, _graph = await another(heights.served, "berta")
    later = (await heights.schedule("of another", accountId=other.id))["postId"]
    second = await heights.owned_by(later, "CLOUD")

    def spoil(db: Database) -> None:
        db.conn.execute("UPDATE posts SET alt_texts = '[' WHERE id = ?", (damaged,))
        for row in (first, second):
            handovers.want_back(db, row, None, core.clock.now())

    await core.store.write(spoil)
    with trio.fail_after(DEADLOCK_S):
        is_home = False
        while not is_home:  # or was, for it is handed over again at once
            row = await heights.row(later)
            assert row is not None
            is_home = row.owner == "LOCAL" or row.epoch > second.epoch + 1


async def test_an_account_that_the_worker_does_not_answer_for_is_no_other_ones_trouble(
    heights: Heights,
) -> None:
    """Its object there has failed, whichever comes first: the others' are heard and handed over."""
    core = heights.served.studio.core
    mine = (await heights.schedule("mine"))["postId"]
    await heights.owned_by(mine, "CLOUD")
    other, _graph = await another(heights.served, "berta")
    theirs = (await heights.schedule("theirs", accountId=other.id))["postId"]
    await heights.owned_by(theirs, "CLOUD")
    first, second = await core.store.read(handovers.lanes)
    asked = 0

    async def failing(request: Request, deliver: Deliver) -> Response:
        nonlocal asked
        if first.lane in request.path or first.lane in request.query.values():
            asked += 1
            return Response(503, Data(b"{}"))
        return await deliver()

    heights.cloudflare.way = failing

    def begin_again(db: Database) -> None:
        handovers.hear_everything_again(db)

    await core.store.write(begin_again)
    made = await heights.schedule("goes out", in_s=4, accountId=second.account_id)
    ended = await until(heights.served, made["postId"], "PUBLISHED", "FAILED")
    assert (ended["status"], ended["cloudflareJobId"]) == ("PUBLISHED", made["postId"]), ended
    assert 0 < asked < 40
    heights.cloudflare.way = None
    assert (await lane_heard(heights, first.account_id)).is_heard


async def lane_heard(heights: Heights, account_id: str) -> handovers.CloudLane:
    with trio.fail_after(DEADLOCK_S):
        while True:
            lane = await heights.served.studio.core.store.read(handovers.find_lane, account_id)
            if lane is not None and lane.is_heard:
                return lane
            await trio.sleep(0.05)
