"""Posts are handed over to the Worker, changed there, taken back, and known when they are live."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from cloud.results import SHOWN
from operations import models
from operations.actor import Actor
from operations.cloud import deploy_cloud, remove_cloud
from operations.house import House
from sandbox import Sandbox
from sandbox.cloud.cloudflare import Cloudflare, Deliver, open_cloudflare
from sandbox.wire.faults import Fault, graph_error
from sandbox.wire.message import Data, Exchange, Request, Response
from storage import accounts, deliveries, handovers, jobs, troubles
from storage.copies import copy_database
from storage.handovers import Handover
from storage.jobs import Job
from storage.times import to_text
from tests.cloud.test_desk import under_a_cloud
from tests.support.clock import TestClock
from tests.support.graph import connect, published
from tests.support.houses import house_of
from tests.support.limits import DEADLOCK_S, Pauses
from tests.support.posting import photo_id, until, video_id
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio

API = "/api/v1"


@dataclass(frozen=True, kw_only=True)
class Heights:
    """A served daemon with a Worker that it hands posts over to."""

    served: Served
    cloudflare: Cloudflare
    house: House
    owner: Actor
    media: str

    @property
    def disk(self) -> Path:
        """Where the Worker's objects lie."""
        return self.cloudflare._runtime.directory / "objects"

    async def schedule(self, caption: str, *, in_s: float = 3600, **more: Any) -> dict[str, Any]:
        at = to_text(self.served.studio.clock.now() + timedelta(seconds=in_s))
        said = {"mediaType": "IMAGE", "mediaFileId": self.media, "caption": caption, **more}
        account = self.served.studio.account.id
        body = {"accountId": account, **said, "scheduledFor": at}
        answer = await self.served.call("POST", f"{API}/schedule", body)
        assert answer.status == 201, answer.body
        made: dict[str, Any] = answer.body
        return made

    async def post(self, post_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.served.call("GET", f"{API}/posts/{post_id}")).body
        return found

    async def row(self, post_id: str) -> Handover | None:
        return await self.served.studio.core.store.read(handovers.find, post_id)

    async def job(self, post_id: str) -> Job | None:
        return await self.served.studio.core.store.read(jobs.open_for_post, post_id)

    async def owned_by(self, post_id: str, owner: str) -> Handover:
        with trio.fail_after(DEADLOCK_S):
            while True:
                row = await self.row(post_id)
                if row is not None and row.owner == owner:
                    return row
                await trio.sleep(0.02)

    async def in_cloud(self) -> dict[str, str]:
        """Return what the Worker would still send, by post."""
        found: dict[str, str] = {}
        async with self.house.cloud.worker() as client:
            for lane in await self.served.studio.core.store.read(handovers.lanes):
                said = await client.changes(lane.lane, 0)
                found |= {job["id"]: job["state"] for job in said["jobs"]}
        return {post: state for post, state in found.items() if state in SHOWN}

    def captions(self) -> list[str]:
        return sorted(each.caption or "" for each in published(self.served))


@pytest.fixture
async def heights(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, program: Path
) -> AsyncIterator[Heights]:
    async with under_a_cloud(sandbox, clock, tmp_path, program) as (served, cloudflare):
        cloudflare.texts["PACE"] = "0.01"
        yield await brought(served, cloudflare)


async def brought(served: Served, cloudflare: Cloudflare) -> Heights:
    """Connect the account, and bring the Worker to its cloud."""
    house = await house_of(served.studio)
    owner = Actor(user_id=served.studio.core.owner.id, via="cli", holds_machine=True)
    request = models.CloudDeployRequest(api_token=cloudflare.account.token, keep_token=True)
    await connect(served)
    await house.perform(deploy_cloud, owner, request)
    media = await photo_id(served)
    return Heights(served=served, cloudflare=cloudflare, house=house, owner=owner, media=media)


async def test_a_scheduled_post_goes_out_of_the_cloud_and_is_known_here(heights: Heights) -> None:
    made = await heights.schedule("from above", in_s=1.5)
    post_id = made["postId"]
    assert (made["isCloudflare"], made["cloudflareJobId"]) == (True, post_id), made
    post = await heights.post(post_id)
    assert (post["status"], post["cloudflareJobId"]) == ("SCHEDULED", post_id)
    assert post["r2MediaKey"]
    assert await heights.job(post_id) is None, "nothing here can run it"
    ended = await until(heights.served, post_id, "PUBLISHED", "FAILED")
    assert ended["status"] == "PUBLISHED", ended
    assert ended["igMediaId"]
    assert ended["igPermalink"].startswith("https://www.instagram.com/")
    assert heights.captions() == ["from above"]
    assert (await heights.owned_by(post_id, "LOCAL")).epoch == 1


@pytest.mark.acceptance
async def test_every_change_finds_the_post_wherever_it_is(heights: Heights) -> None:
    """Edited, swapped, moved, cancelled, released, cleared: each of a post that the cloud owns."""
    call = heights.served.call
    early, late = [
        (await heights.schedule(name, in_s=in_s))["postId"]
        for name, in_s in (("early", 3600), ("late", 7200))
    ]
    times = [(await heights.post(each))["scheduledFor"] for each in (early, late)]
    swapped = await call("POST", f"{API}/posts/{early}/swap", {"otherPostId": late})
    assert swapped.status == 200, swapped.body
    assert [swapped.body[each]["scheduledFor"] for each in ("post", "other")] == times[::-1]
    assert [swapped.body[each]["cloudflareJobId"] for each in ("post", "other")] == [early, late]
    for each in (early, late):
        assert (await heights.owned_by(each, "CLOUD")).epoch == 3, "taken back, and handed anew"
    heights.cloudflare.is_down = True
    refused = await call("POST", f"{API}/posts/{early}/swap", {"otherPostId": late})
    assert (refused.status, refused.body["code"]) == (502, "WORKER_UNREACHABLE")
    heights.cloudflare.is_down = False
    for each, at in zip((early, late), times[::-1], strict=True):
        again = await heights.owned_by(each, "CLOUD")
        assert (again.wish, (await heights.post(each))["scheduledFor"]) == (None, at)
        assert (await call("DELETE", f"{API}/posts/{each}")).status == 200
    edit, cancel, clear, let, move, several = [
        (await heights.schedule(name))["postId"]
        for name in ("edited", "cancelled", "cleared", "released", "moved", "one of several")
    ]
    changed = await call("PUT", f"{API}/schedule/{edit}", {"caption": "new words"})
    assert (changed.status, changed.body["caption"]) == (200, "new words"), changed.body
    assert changed.body["cloudflareJobId"] == edit
    assert (await heights.owned_by(edit, "CLOUD")).epoch == 3, "taken back, and handed over anew"
    soon = to_text(heights.served.studio.clock.now() + timedelta(seconds=3))
    moved = await call("POST", f"{API}/posts/{move}/reschedule", {"scheduledFor": soon})
    assert (moved.status, moved.body["status"]) == (200, "SCHEDULED"), moved.body
    assert (await call("DELETE", f"{API}/schedule/{cancel}")).status == 200
    assert (await heights.post(cancel))["status"] == "DRAFT"
    assert (await call("POST", f"{API}/posts/{let}/release")).body["status"] == "DRAFT"
    cleared = await call("DELETE", f"{API}/posts/{clear}")
    assert cleared.status == 200, cleared.body
    assert (await call("GET", f"{API}/posts/{clear}")).status == 404
    soon = to_text(heights.served.studio.clock.now() + timedelta(seconds=3))
    items = [{"postId": several, "scheduledFor": soon}]
    batch = await call("POST", f"{API}/schedule/batch", {"items": items})
    assert (batch.status, batch.body["refused"]) == (200, 0), batch.body
    for post_id in (move, several):
        ended = await until(heights.served, post_id, "PUBLISHED", "FAILED")
        assert ended["status"] == "PUBLISHED", ended
    assert heights.captions() == ["moved", "one of several"]
    for gone in (cancel, let):
        assert (await heights.post(gone))["cloudflareJobId"] is None
        assert (await heights.owned_by(gone, "LOCAL")).epoch == 2
    left = await heights.in_cloud()
    assert left == {edit: "SCHEDULED"}

    stopped = await call("POST", f"{API}/stop")
    assert stopped.status == 200, stopped.body
    assert await heights.in_cloud() == {}, "stop everything stops the cloud too"
    assert (await heights.post(edit))["status"] == "SCHEDULED"
    assert (await call("POST", f"{API}/go-on")).status == 200
    await heights.owned_by(edit, "CLOUD")
    gone = await call("DELETE", f"{API}/auth/accounts/{heights.served.studio.account.id}")
    assert gone.status == 200, gone.body
    assert await heights.in_cloud() == {}, "nor does it send for an account that is gone"
    assert (await heights.post(edit))["status"] == "FAILED"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        pytest.param("/media", "invalid_parameter", marks=pytest.mark.acceptance),
        ("/media_publish", "invalid_parameter"),
    ],
)
async def test_what_is_said_once_to_the_worker_is_not_believed(
    heights: Heights, step: str, said: str
) -> None:
    faults = heights.served.studio.sandbox.faults
    faults.add(
        Fault(path_end=step, method="POST" if "media" in step else None, kind=graph_error(said))
    )
    made = await heights.schedule("once", in_s=1.5)
    assert made["isCloudflare"]
    ended = await until(heights.served, made["postId"], "PUBLISHED", "FAILED")
    assert ended["status"] == "PUBLISHED", ended
    assert (heights.captions(), ended["cloudflareJobId"]) == (["once"], None)


async def sent_in_vain(heights: Heights, post_id: str) -> Mapping[str, Any]:
    """Return the Worker's job once it rests after it was sent without effect."""
    lane = (await heights.served.studio.core.store.read(handovers.lanes))[0].lane
    with trio.fail_after(DEADLOCK_S):
        while True:
            async with heights.house.cloud.worker() as client:
                job = await client.job(post_id, lane)
            if job["state"] == "READY" and job["publishingAt"] is not None:
                return job


async def test_what_the_cloud_has_sent_in_vain_is_looked_for_before_it_goes_out_here(
    heights: Heights,
) -> None:
    """It rests there after a limit, and is changed meanwhile."""
    limit = Fault(path_end="/media_publish", kind=graph_error("rate_limited"))
    heights.served.studio.sandbox.faults.add(limit)
    post_id = (await heights.schedule("old words", in_s=1.5))["postId"]
    store = heights.served.studio.core.store
    job = await sent_in_vain(heights, post_id)
    changed = await heights.served.call(
        "PUT", f"{API}/schedule/{post_id}", {"caption": "new words"}
    )
    assert changed.status == 200, changed.body
    (sent,) = await store.read(deliveries.sent_of, post_id)
    assert sent.container_id == job["container"]
    assert sent.outcome == "WITHDRAWN", "refused by nobody, so that a repost keeps its route"
    await until(heights.served, post_id, "PUBLISHED")
    assert heights.captions() == ["new words"]


@dataclass
class LateEffect:
    """Refuses a request, whose effect comes when it is `asked.perform()`ed."""

    asked: Exchange | None = None

    async def answer(self, exchange: Exchange) -> Response:
        self.asked = exchange
        return await graph_error("rate_limited").answer(exchange)


async def test_what_was_sent_in_vain_does_not_go_to_the_cloud_again(heights: Heights) -> None:
    """There nobody looks for what was sent before."""
    late = LateEffect()
    limit = Fault(path_end="/media_publish", kind=late, times=None)
    heights.served.studio.sandbox.faults.add(limit)
    post_id = (await heights.schedule("once", in_s=1.5))["postId"]
    clock = heights.served.studio.clock
    await sent_in_vain(heights, post_id)
    for in_s in (3600, 3):
        later = {"scheduledFor": to_text(clock.now() + timedelta(seconds=in_s))}
        changed = await heights.served.call("PUT", f"{API}/schedule/{post_id}", later)
        assert "was sent before" in changed.body["warnings"][-1], changed.body
        assert late.asked is not None
        await late.asked.perform()
    await until(heights.served, post_id, "PUBLISHED")
    assert heights.captions() == ["once"]


async def test_numbers_that_fall_in_the_same_data_make_nothing_forgotten(heights: Heights) -> None:
    """As they did in Workers of before, where the newest of an account was handed over anew."""
    post_id = (await heights.schedule("stays"))["postId"]
    before = await heights.owned_by(post_id, "CLOUD")
    courier = heights.house.exchange.courier
    (lane,) = await heights.served.studio.core.store.read(handovers.lanes)
    lane = await courier.hear(lane)
    await courier.hear(replace(lane, seq=lane.seq + 9))
    row = await heights.row(post_id)
    assert row is not None
    assert (row.owner, row.epoch) == (before.owner, before.epoch)


async def test_what_is_taken_back_for_a_moment_goes_to_the_cloud_again(heights: Heights) -> None:
    """Moved with several, and of an account that is not disconnected after all."""
    call, cloudflare = heights.served.call, heights.cloudflare
    post_id = (await heights.schedule("one of several"))["postId"]
    later = to_text(heights.served.studio.clock.now() + timedelta(hours=2))
    items = [{"postId": post_id, "scheduledFor": later}]
    batch = await call("POST", f"{API}/schedule/batch", {"items": items})
    assert (batch.status, batch.body["refused"]) == (200, 0), batch.body
    assert (await heights.owned_by(post_id, "CLOUD")).epoch == 3
    cloudflare.is_down = True
    account = f"{API}/auth/accounts/{heights.served.studio.account.id}"
    refused = await call("DELETE", account)
    assert (refused.status, refused.body["code"]) == (502, "WORKER_UNREACHABLE")
    cloudflare.is_down = False
    assert (await heights.owned_by(post_id, "CLOUD")).epoch == 5
    await heights.house.exchange.forget_account(heights.served.studio.account.id)
    other = (await heights.schedule("told anew"))["postId"]
    await heights.owned_by(other, "CLOUD")
    assert (await heights.post(post_id))["scheduledFor"] == later


async def test_what_comes_home_by_a_clock_that_is_ahead_is_not_missed(heights: Heights) -> None:
    """The Worker, which gives it back, tells what time it is."""
    post_id = (await heights.schedule("in an hour"))["postId"]
    heights.served.studio.clock.set_on(timedelta(days=1))
    stopped = await heights.served.call("POST", f"{API}/stop")
    assert stopped.status == 200, stopped.body
    there = await heights.post(post_id)  # which is due by that clock, and held
    assert there["status"] in ("SCHEDULED", "QUEUED"), there


async def test_what_the_worker_does_not_answer_is_carried_on(heights: Heights) -> None:
    call = heights.served.call
    cancel, edit, live = [
        (await heights.schedule(name, in_s=in_s))["postId"]
        for name, in_s in (("cancelled", 3600), ("edited", 3600), ("goes out meanwhile", 2.5))
    ]
    heights.cloudflare.is_down = True
    refused = await call("DELETE", f"{API}/schedule/{cancel}")
    assert (refused.status, refused.body["code"]) == (502, "WORKER_UNREACHABLE")
    assert await heights.job(cancel) is None, "unconfirmed, it is the cloud's"
    assert "carried on" in (await heights.post(cancel))["errorMessage"]
    words = {"caption": "new words"}
    refused = await call("PUT", f"{API}/schedule/{edit}", words)
    assert (refused.status, refused.body["code"]) == (502, "WORKER_UNREACHABLE")
    wrong = await call("PUT", f"{API}/schedule/{edit}", {"scheduledFor": "2020-01-01T00:00:00Z"})
    assert (wrong.status, wrong.body["code"]) == (400, "INVALID_SCHEDULE"), "judged before"
    refused = await call("DELETE", f"{API}/auth/accounts/{heights.served.studio.account.id}")
    assert (refused.status, refused.body["code"]) == (502, "WORKER_UNREACHABLE")
    local = await heights.schedule("stays here", in_s=1.0)
    assert local["isCloudflare"] is False
    pauses = Pauses()
    with trio.fail_after(DEADLOCK_S):
        while not (waits := await heights.post(local["postId"]))["errorMessage"]:
            await pauses.take()
    assert waits["status"] == "QUEUED", "nobody lends its media now: it is tried again"
    await trio.sleep(2)
    assert (await heights.post(live))["status"] == "SCHEDULED", "not heard of, and never sent here"
    heights.cloudflare.is_down = False
    ended = await until(heights.served, live, "PUBLISHED", "FAILED")
    assert ended["status"] == "PUBLISHED", ended
    assert (await until(heights.served, cancel, "DRAFT"))["status"] == "DRAFT"
    pauses = Pauses()
    with trio.fail_after(DEADLOCK_S):
        while (await heights.post(edit))["caption"] != "new words":
            await pauses.take()
    assert heights.captions() == ["goes out meanwhile"]


@pytest.mark.acceptance
async def test_a_database_of_the_past_asks_before_it_sends(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, program: Path
) -> None:
    """A copy of before the hand-over comes back: the cloud sends, and nothing goes out twice."""
    cloudflare_dir = tmp_path / "cloudflare"
    async with open_cloudflare(
        cloudflare_dir, program, proxy_url=sandbox.proxy_url, ca_file=sandbox.ca_file
    ) as cloudflare:
        cloudflare.texts["PACE"] = "0.01"
        where: Any = {"cloudflare_api": cloudflare.url}
        async with (
            open_studio(sandbox, clock, tmp_path, logged_in=False, **where) as studio,
            serve_studio(studio) as served,
        ):
            heights = await brought(served, cloudflare)
            cloudflare.is_down = True
            kept, cancelled, gone = [
                (await heights.schedule(name, in_s=in_s))["postId"]
                for name, in_s in (("kept", 12), ("cancelled", 3600), ("gone already", 3.5))
            ]
            database = studio.core.settings.database
            copied = tmp_path / "copy.db"
            copy_database(database, copied)
            cloudflare.is_down = False
            for post_id in (kept, cancelled, gone):
                await heights.owned_by(post_id, "CLOUD")
            assert (await served.call("DELETE", f"{API}/schedule/{cancelled}")).status == 200
            await until(served, gone, "PUBLISHED")
        database.unlink()
        for more in ("-wal", "-shm"):
            Path(f"{database}{more}").unlink(missing_ok=True)
        copied.rename(database)
        cloudflare.is_down = True
        async with (
            open_studio(sandbox, clock, tmp_path, logged_in=False, **where) as studio,
            serve_studio(studio) as served,
        ):
            heights = replace(heights, served=served)
            clock.set_on(timedelta(minutes=2))  # ours is ahead: here everything is due by now
            for post_id in (kept, gone):
                await until(served, post_id, "QUEUED")
            cloudflare.is_down = False
            ended = await until(served, gone, "PUBLISHED", "FAILED")
            assert (ended["status"], bool(ended["igMediaId"])) == ("PUBLISHED", True), ended
            ended = await until(served, kept, "PUBLISHED", "FAILED")
            assert ended["status"] == "PUBLISHED", ended
            assert heights.captions() == ["gone already", "kept"]


async def test_a_stopped_cloud_leaves_nothing_that_could_go_out_twice(heights: Heights) -> None:
    later, due = [
        (await heights.schedule(name, in_s=in_s))["postId"]
        for name, in_s in (("later", 7200), ("due soon", 300))
    ]
    stop = models.CloudRemoveRequest(api_token=None, at_once=True)
    clock = heights.served.studio.clock
    clock.set_on(-timedelta(hours=3))  # Cloudflare says what time it is
    await heights.house.perform(remove_cloud, heights.owner, stop)
    clock.set_on(timedelta(hours=3))
    assert heights.cloudflare.account.scripts == {}
    assert await heights.job(later) is not None, "it cannot have been due, and is ours"
    doubtful = await heights.post(due)
    assert (doubtful["status"], doubtful["errorCode"]) == ("FAILED", "DELIVERY_UNKNOWN")
    answer = await heights.served.call("POST", f"{API}/posts/{due}/release")
    assert (answer.status, answer.body["status"]) == (200, "DRAFT"), "Instagram does not have it"


async def test_what_the_cloud_cannot_do_is_said_and_goes_out_from_here(heights: Heights) -> None:
    studio = heights.served.studio
    number = (await connect(heights.served)).ig_user_id
    core = studio.core
    refused = graph_error("aspect_ratio")
    fault = Fault(path_end="/media", account=studio.account.username, kind=refused)
    studio.sandbox.faults.add(fault)
    wrong = (await heights.schedule("refused", in_s=2))["postId"]
    ended = await until(heights.served, wrong, "FAILED", "PUBLISHED")
    assert (ended["status"], ended["errorCode"]) == ("FAILED", "MEDIA_INVALID"), ended
    assert "4:5" in ended["errorMessage"], "in our words"
    studio.sandbox.faults.clear()
    assert (await heights.served.call("POST", f"{API}/posts/{wrong}/retry")).status == 202
    assert (await until(heights.served, wrong, "PUBLISHED", "FAILED"))["status"] == "PUBLISHED"
    soon = core.clock.now() + timedelta(hours=1)
    await core.store.write(accounts.change, studio.account.id, token_expires_at=soon)
    made = await heights.schedule("after the token", in_s=7200)
    assert made["isCloudflare"] is False
    assert any("token ends" in each for each in made["warnings"]), made
    phase = await heights.served.call("GET", f"{API}/settings/session-phase/{studio.account.id}")
    assert number
    assert phase.body["cloudConfigured"] is True, phase.body


@pytest.mark.acceptance
async def test_every_kind_goes_out_and_the_page_gets_its_copy(heights: Heights) -> None:
    served = heights.served
    graph = await connect(served, "facebook")
    second = await photo_id(served, seed=2)
    story = await photo_id(served, 1080, 1920, seed=3)
    reel = await video_id(served, 180, 320)
    album = {"mediaType": "CAROUSEL", "mediaFileId": None}
    kinds: dict[str, dict[str, Any]] = {
        "an album": {
            **album,
            "mediaFileIds": [heights.media, second],
            "altTexts": [None, "The second"],
        },
        "a reel": {"mediaType": "REELS", "mediaFileId": reel},
        "copied": {"crossPostToFacebook": True, "altTexts": ["A red cup"]},
        "": {"mediaType": "STORIES", "mediaFileId": story},
    }
    made = {name: await heights.schedule(name, in_s=6, **more) for name, more in kinds.items()}
    assert [each["isCloudflare"] for each in made.values()] == [True] * 4, made
    for name, each in made.items():
        ended = await until(served, each["postId"], "PUBLISHED", "FAILED")
        assert (ended["status"], bool(ended["igMediaId"])) == ("PUBLISHED", True), (name, ended)
        assert ended["cloudflareJobId"] == each["postId"]
    assert sorted(heights.captions()) == ["", "a reel", "an album", "copied"]
    containers = served.studio.sandbox.world.graph.containers.values()
    told = [each.parameters["alt_text"] for each in containers if "alt_text" in each.parameters]
    assert sorted(told) == ["A red cup", "The second"]
    copied = await heights.post(made["copied"]["postId"])
    assert copied["facebookPostId"], copied
    (copy,) = served.studio.sandbox.ledger.page_posts
    assert (copy.page_id, copy.caption) == (graph.page_id, "copied")
    assert copied["facebookPostId"] == copy.post_id


@pytest.mark.acceptance
async def test_clocks_that_are_apart_change_nothing_but_the_time(heights: Heights) -> None:
    """Ours is an hour ahead, then an hour behind: due by the Worker's, and out once."""
    clock = heights.served.studio.clock
    for step in (timedelta(hours=1), timedelta(hours=-2)):
        clock.set_on(step)
        words = f"{step}"
        made = await heights.schedule(words, in_s=3600 * 1.5)
        post_id = made["postId"]
        soon = to_text(clock.now() + timedelta(seconds=5))
        moved = await heights.served.call(
            "POST", f"{API}/posts/{post_id}/reschedule", {"scheduledFor": soon}
        )
        assert moved.status == 200, moved.body
        if step > timedelta():
            # Due in an hour for the Worker: it comes home with the next change.
            answer = await heights.served.call("DELETE", f"{API}/schedule/{post_id}")
            assert answer.status == 200, answer.body
            continue
        # Long due for the Worker: at once, or too late for it, and either way told.
        ended = await until(heights.served, post_id, "PUBLISHED", "FAILED")
        assert ended["status"] == "PUBLISHED" or ended["errorCode"] == "SCHEDULE_MISSED", ended
        assert heights.captions().count(words) == (ended["status"] == "PUBLISHED")


@pytest.mark.acceptance
async def test_a_large_medium_goes_on_where_its_hand_over_broke_off(
    heights: Heights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer that it is whole is lost: the next try sends nothing of it again."""
    monkeypatch.setattr("cloud.worker_client.IN_PARTS_ABOVE", 0)
    came: list[str] = []

    async def way(request: Request, deliver: Deliver) -> Response:
        step = request.path.partition("/media/")[2].partition("/")
        if step[1]:
            came.append(step[2].partition("?")[0])
        answer = await deliver()
        return Response(502, Data(b"lost")) if came == ["upload", "parts/1", "complete"] else answer

    heights.cloudflare.way = way
    made = await heights.schedule("large")
    row = await heights.owned_by(made["postId"], "CLOUD")
    assert row.epoch >= 2
    assert came == ["upload", "parts/1", "complete", "upload"]
    assert len(heights.cloudflare.r2.names()) == 1


async def test_what_the_worker_has_no_room_for_stays_here_and_says_so(heights: Heights) -> None:
    script = heights.cloudflare.account.scripts["reprise-worker"]
    del script.bindings["MEDIA"]
    heights.cloudflare.texts["ROOM"] = "1"
    await heights.cloudflare.run("reprise-worker")
    sent: list[str] = []

    async def way(request: Request, deliver: Deliver) -> Response:
        sent.extend([request.path] if "/media/" in request.path else [])
        return await deliver()

    heights.cloudflare.way = way
    made = await heights.schedule("no room", in_s=6 * 3600)
    assert made["isCloudflare"] is False
    assert "R2 is not activated" in made["warnings"][-1]
    assert await heights.job(made["postId"]) is not None, "it goes out from here"
    for _ in range(12):  # which is found out by sending its media there, and not every ten minutes
        heights.served.studio.clock.advance(timedelta(minutes=11))
        await heights.house.exchange._hand_over()
    assert 2 <= len(sent) <= 5


async def test_what_a_person_has_looked_at_holds_the_account_back_no_longer_there(
    heights: Heights,
) -> None:
    """Instagram blocks the account in the cloud: both leave it alone until a person has looked.

    Also where the clock here is behind by then: what a person did is told by the clock there.
    """
    studio = heights.served.studio
    account = studio.account.id
    fault = Fault(path_end="/media", kind=graph_error("spam_block"))
    studio.sandbox.faults.add(fault)
    blocked = await heights.schedule("blocked", in_s=1.5)
    assert blocked["isCloudflare"] is True
    failed = await until(heights.served, blocked["postId"], "FAILED")
    assert failed["errorCode"]
    with trio.fail_after(DEADLOCK_S):
        while not await held(heights):
            await trio.sleep(0.02)
    waits = await heights.schedule("after it")
    assert waits["isCloudflare"] is False
    studio.clock.set_on(-timedelta(hours=3))
    await studio.core.store.write(troubles.clear, account, studio.clock.now())
    await studio.core.store.write(handovers.look_again)
    await heights.owned_by(waits["postId"], "CLOUD")
    assert not await held(heights)


async def held(heights: Heights) -> bool:
    async with heights.house.cloud.worker() as client:
        return any(lane["heldUntil"] for lane in (await client.diagnostics())["lanes"])
