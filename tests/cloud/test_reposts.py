"""Reposts that have to wait for their time go out of the cloud then, once, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from cloud.results import SHOWN
from operations import models
from operations.actor import Actor
from operations.cloud import deploy_cloud
from operations.house import House
from repost import planning
from sandbox import Sandbox
from sandbox.cloud.cloudflare import Cloudflare, Deliver, open_cloudflare
from sandbox.wire.faults import Fault, graph_error
from sandbox.wire.message import Request, Response
from storage import handovers, posts, records, repost_slots, reposts
from storage.credentials import Credentials
from storage.handovers import Handover, Owner
from storage.reposts import Repost
from storage.store import Database
from storage.times import from_text, to_text
from tests.support.clock import TestClock
from tests.support.graph import connect, published
from tests.support.houses import house_of
from tests.support.limits import DEADLOCK_S
from tests.support.posting import photo_id
from tests.support.served import Answer, Served, serve_studio
from tests.support.studio import open_studio

API = "/api/v1"
# Twenty minutes are twelve seconds.
PACE = 0.01


@dataclass(frozen=True, kw_only=True)
class Perch:
    """A served daemon that reposts, with a Worker."""

    served: Served
    cloudflare: Cloudflare
    house: House

    async def call(self, method: str, path: str, body: Any = None) -> Answer:
        return await self.served.call(method, f"{API}{path}", body)

    async def mention(self, author: str) -> str:
        """Let somebody mention the account, and have that found; returns the mention's id."""
        studio = self.served.studio
        found = studio.sandbox.world.find_person(username=author)
        studio.mention(found or studio.friend(author), file=studio.photo(seed=len(author)))
        answer = await self.call("POST", "/story-repost/scan", {"accountId": studio.account.id})
        assert answer.status == 200, answer.body
        # The engine may have looked by itself a moment ago.
        (mine,) = [each for each in await studio.history() if each.author_username == author]
        return mine.id

    async def repost(self, repost_id: str) -> Repost:
        return await self.served.studio.core.store.read(reposts.get, repost_id)

    async def row(self, repost_id: str) -> Handover | None:
        repost = await self.repost(repost_id)
        if repost.post_id is None:
            return None
        return await self.served.studio.core.store.read(handovers.find, repost.post_id)

    async def when(self, repost_id: str, *, wanted: Callable[[Repost], bool]) -> Repost:
        with trio.move_on_after(DEADLOCK_S):
            while True:
                repost = await self.repost(repost_id)
                if wanted(repost):
                    return repost
                await trio.sleep(0.02)
        raise AssertionError((await self.repost(repost_id), await self.row(repost_id)))

    async def in_cloud(self, repost_id: str) -> Repost:
        """Wait until the cloud owns a mention's post."""
        with trio.move_on_after(DEADLOCK_S):
            while True:
                row = await self.row(repost_id)
                if row is not None and row.owner == "CLOUD":
                    return await self.repost(repost_id)
                await trio.sleep(0.02)
        raise AssertionError((await self.repost(repost_id), await self.row(repost_id)))

    async def there(self) -> list[str]:
        """Return the posts that the Worker would still send."""
        found: list[str] = []
        async with self.house.cloud.worker() as client:
            for lane in await self.served.studio.core.store.read(handovers.lanes):
                jobs = (await client.changes(lane.lane, 0))["jobs"]
                found += [job["id"] for job in jobs if job["state"] in SHOWN]
        return found

    def live(self) -> list[str]:
        """Return whose stories are live, by the names that they tag."""
        return [post.mentions[0].username for post in published(self.served)]

    async def configure(self, **settings: Any) -> None:
        account = self.served.studio.account.id
        answer = await self.call("POST", "/story-repost/config", {"accountId": account, **settings})
        assert answer.status == 200, answer.body

    async def fall_asleep(self, **settings: Any) -> None:
        """Have the account sleep for the next two hours."""
        hour = self.served.studio.clock.now().hour
        begin, end = (hour - 1) % 24, (hour + 3) % 24
        await self.configure(sleepWindowStart=begin, sleepWindowEnd=end, **settings)


@asynccontextmanager
async def perched(
    sandbox: Sandbox,
    clock: TestClock,
    tmp_path: Path,
    cloudflare: Cloudflare,
    *,
    is_again: bool = False,
) -> AsyncIterator[Perch]:
    """Run the daemon; `is_again` with the login that it has."""
    where: Any = {"cloudflare_api": cloudflare.url, "pace": PACE, "logged_in": not is_again}
    async with (
        open_studio(sandbox, clock, tmp_path, **where) as studio,
        serve_studio(studio) as served,
    ):
        yield Perch(served=served, cloudflare=cloudflare, house=await house_of(studio))


async def settled_in(perch: Perch, **settings: Any) -> None:
    """Bring the Worker to its cloud, and have an account repost whose warm-up is over."""
    studio = perch.served.studio
    owner = Actor(user_id=studio.core.owner.id, via="cli", holds_machine=True)
    token = perch.cloudflare.account.token
    request = models.CloudDeployRequest(api_token=token, keep_token=True)
    await connect(perch.served)
    await perch.house.perform(deploy_cloud, owner, request)
    long_ago = studio.clock.now() - timedelta(days=60)

    def warm(db: Database) -> None:
        records.update(db, Credentials, studio.account.id, session_started_at=long_ago)

    await studio.core.store.write(warm)
    await studio.configure(jitter_minutes=0, **settings)


@pytest.fixture
async def sky_below(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, program: Path
) -> AsyncIterator[Cloudflare]:
    async with open_cloudflare(
        tmp_path / "cloudflare", program, proxy_url=sandbox.proxy_url, ca_file=sandbox.ca_file
    ) as cloudflare:
        cloudflare.texts["PACE"] = str(PACE)
        yield cloudflare


@pytest.mark.acceptance
async def test_it_goes_out_at_its_time_while_the_machine_is_off(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, sky_below: Cloudflare
) -> None:
    """The first goes out from here, the next waits for its distance: in the cloud."""
    async with perched(sandbox, clock, tmp_path, sky_below) as perch:
        await settled_in(perch)
        first = await perch.mention("anna")
        await perch.when(first, wanted=lambda each: each.status == "PUBLISHED")
        assert await perch.row(first) is None, "what may go out now goes out from here"
        second = await perch.mention("bert")
        waits = await perch.in_cloud(second)
        assert waits.reason is not None
        assert "The cloud sends it then" in waits.reason
        assert waits.held_until is not None
        third = await perch.mention("carla")
        after = await perch.in_cloud(third)
        assert after.held_until is not None
        assert after.held_until - waits.held_until >= timedelta(seconds=12), "behind it"
        account = perch.served.studio.account.id
        status = (await perch.call("GET", f"/story-repost/status?accountId={account}")).body
        assert status["config"]["repostsToday"] == 3, "each has its place in the day"
        assert perch.live() == ["anna"]
    with trio.fail_after(DEADLOCK_S):
        while len(sandbox.world.published(perch.served.studio.person)) < 3:
            await trio.sleep(0.05)
    async with perched(sandbox, clock, tmp_path, sky_below, is_again=True) as perch:
        for repost_id, before in ((second, waits), (third, after)):
            known = await perch.when(repost_id, wanted=lambda each: each.status == "PUBLISHED")
            post = (await perch.call("GET", f"/posts/{known.post_id}")).body
            assert (post["status"], post["publishedViaPrivateApi"]) == ("PUBLISHED", False)
            assert before.held_until is not None
            assert from_text(post["publishedAt"]) >= before.held_until
        assert perch.live() == ["anna", "bert", "carla"]
        status = (await perch.call("GET", f"/story-repost/status?accountId={account}")).body
        assert status["config"]["repostsToday"] == 3, "counted once"
        events = (await perch.call("GET", f"/story-repost/{third}")).body["events"]
        assert events[-1]["state"] == "PUBLISHED"


@pytest.mark.acceptance
async def test_whatever_a_person_decides_takes_it_back(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, sky_below: Cloudflare
) -> None:
    async with perched(sandbox, clock, tmp_path, sky_below) as perch:
        await settled_in(perch, approval_required=True)
        account = perch.served.studio.account.id
        await perch.fall_asleep()
        store = perch.served.studio.core.store
        repost_id = await perch.mention("anna")
        await perch.when(repost_id, wanted=lambda each: each.status == "WAITING_APPROVAL")
        assert await perch.there() == [], "nobody has approved it"
        assert (await perch.call("POST", f"/story-repost/{repost_id}/approve")).status == 200
        waits = await perch.in_cloud(repost_id)
        assert await perch.there() == [waits.post_id]

        ways: dict[str, tuple[tuple[str, str, Any], tuple[str, str, Any] | None]] = {
            "switched off": (
                ("POST", "/story-repost/disable", {"accountId": account}),
                ("POST", "/story-repost/enable", {"accountId": account}),
            ),
            "paused": (
                ("POST", "/story-repost/pause", {"accountId": account}),
                ("POST", "/story-repost/resume", {"accountId": account}),
            ),
            "stopped": (("POST", "/stop", None), ("POST", "/go-on", None)),
            "its post released, and the mention with it": (
                ("POST", "/story-repost/{id}/reconsider", None),
                ("POST", "/story-repost/{id}/approve", None),
            ),
            "never this author": (
                (
                    "POST",
                    "/story-repost/authors",
                    {"accountId": account, "username": "anna", "rule": "never"},
                ),
                None,
            ),
        }
        for name, (stop, go_on) in ways.items():
            method, path, body = stop
            answer = await perch.call(method, path.format(id=repost_id), body)
            assert answer.status == 200, (name, answer.body)
            home = await perch.when(repost_id, wanted=lambda each: each.post_id is None)
            assert await perch.there() == [], name
            assert await store.read(handovers.away) == [], name
            since = clock.now() - timedelta(days=1)
            assert await store.read(repost_slots.sent_since, account, since) == [], name
            if go_on is None:
                assert home.status == "SKIPPED"
                break
            method, path, body = go_on
            answer = await perch.call(method, path.format(id=repost_id), body)
            assert answer.status == 200, (name, answer.body)
            await perch.in_cloud(repost_id)

        # Skipped by name; with the Worker down it is carried on
        other = await perch.mention("bert")
        await perch.when(other, wanted=lambda each: each.status == "WAITING_APPROVAL")
        await perch.call("POST", f"/story-repost/{other}/approve")
        await perch.in_cloud(other)
        sky_below.is_down = True
        refused = await perch.call("POST", f"/story-repost/{other}/skip")
        assert (refused.status, refused.body["code"]) == (502, "WORKER_UNREACHABLE"), refused.body
        assert (await perch.repost(other)).status == "QUEUED"
        sky_below.is_down = False
        skipped = await perch.when(other, wanted=lambda each: each.status == "SKIPPED")
        assert skipped.skipped_at is not None
        assert perch.live() == []


@pytest.mark.acceptance
async def test_what_stays_here_says_so(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, sky_below: Cloudflare
) -> None:
    async with perched(sandbox, clock, tmp_path, sky_below) as perch:
        await settled_in(perch)
        await perch.fall_asleep(publishRoute="private")
        repost_id = await perch.mention("anna")
        held = await perch.when(repost_id, wanted=lambda each: "machine" in (each.reason or ""))
        assert held.post_id is None
        assert held.reason is not None
        assert held.reason.startswith("Sleep window of the account. It goes out from this machine")
        assert "publishRoute is `private`" in held.reason
        await perch.configure(publishRoute="auto")
        await perch.in_cloud(repost_id)
        # A challenge or a block, met by whatever: it comes home and is held
        studio = perch.served.studio
        block = Fault(account=studio.account.username, kind=graph_error("spam_block"), times=None)
        studio.sandbox.faults.add(block)
        at = to_text(clock.now() + timedelta(seconds=4))
        media = await photo_id(perch.served)
        body = {"accountId": studio.account.id, "mediaType": "IMAGE", "mediaFileId": media}
        made = await perch.call("POST", "/schedule", {**body, "scheduledFor": at})
        assert made.body["isCloudflare"] is True, made.body
        home = await perch.when(repost_id, wanted=lambda each: each.post_id is None)
        assert home.status == "QUEUED"
        assert await perch.there() == []
        assert perch.live() == []


@pytest.mark.acceptance
async def test_ended_while_it_is_handed_over_it_goes_out_once(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, sky_below: Cloudflare
) -> None:
    """The answer that lets it run is lost, and the machine ends there."""
    lost = trio.Event()

    async def way(request: Request, deliver: Deliver) -> Response:
        answer = await deliver()
        if not request.path.endswith("/activate"):
            return answer
        lost.set()
        await trio.sleep(DEADLOCK_S)
        return answer

    async with perched(sandbox, clock, tmp_path, sky_below) as perch:
        await settled_in(perch)
        await perch.when(await perch.mention("anna"), wanted=lambda one: one.status == "PUBLISHED")
        sky_below.way = way
        second = await perch.mention("bert")
        with trio.fail_after(DEADLOCK_S):
            await lost.wait()
    sky_below.way = None
    person = perch.served.studio.person
    with trio.fail_after(DEADLOCK_S):
        while len(sandbox.world.published(person)) < 2:
            await trio.sleep(0.05)
    async with perched(sandbox, clock, tmp_path, sky_below, is_again=True) as perch:
        await perch.when(second, wanted=lambda each: each.status == "PUBLISHED")
        assert perch.live() == ["anna", "bert"]


@pytest.mark.acceptance
@pytest.mark.parametrize(("refused", "route"), [("", "auto"), ("/media_publish", "official")])
async def test_after_its_end_the_cloud_sends_it_no_more(
    sandbox: Sandbox,
    clock: TestClock,
    tmp_path: Path,
    sky_below: Cloudflare,
    monkeypatch: pytest.MonkeyPatch,
    refused: str,
    route: str,
) -> None:
    """Meta takes nothing until that has passed; the machine, on again, decides anew."""
    monkeypatch.setattr(planning, "LONGEST_LATE", timedelta(seconds=2))
    monkeypatch.setattr(planning, "_SHORTEST_SPAN", timedelta())
    async with perched(sandbox, clock, tmp_path, sky_below) as perch:
        await settled_in(perch, publish_route=route)
        await perch.when(await perch.mention("anna"), wanted=lambda one: one.status == "PUBLISHED")
        second = await perch.mention("bert")
        due = (await perch.in_cloud(second)).held_until
        assert due is not None
    studio = perch.served.studio
    limit = graph_error("rate_limited")
    sandbox.faults.add(
        Fault(account=studio.account.username, path_end=refused, kind=limit, times=None)
    )
    await trio.sleep(max(0.0, (due - clock.now()).total_seconds()) + 3)
    sandbox.faults.clear()
    assert len(sandbox.world.published(studio.person)) == 1
    async with perched(sandbox, clock, tmp_path, sky_below, is_again=True) as perch:
        out = await perch.when(second, wanted=lambda each: each.status == "PUBLISHED")
        assert perch.live() == ["anna", "bert"]
        assert out.post_id is not None
        store = perch.served.studio.core.store
        assert await store.read(handovers.find, out.post_id) is None, "it went out from here"


def as_before_it_was_handed_over(db: Database, repost_id: str, now: datetime) -> None:
    """Make the database one of the past: of the hand-over nothing is known."""
    repost = reposts.get(db, repost_id)
    assert repost.post_id is not None
    (lane,) = handovers.lanes(db)
    handovers.keep_lane(db, lane, seq=0)
    row = handovers.find(db, repost.post_id)
    assert row is not None
    handovers.keep(db, row, owner=Owner.LOCAL)
    posts.discard(db, repost.post_id)
    repost_slots.free(db, repost.post_id)
    reposts.change(db, repost_id, repost.status, now=now, reason="before", post_id=None)


@pytest.mark.acceptance
async def test_a_database_of_the_past_hands_nothing_over_that_is_there(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, sky_below: Cloudflare
) -> None:
    """Nor does a second machine: the Worker knows the story, and tells whose post it is."""
    async with perched(sandbox, clock, tmp_path, sky_below) as perch:
        await settled_in(perch)
        await perch.when(await perch.mention("anna"), wanted=lambda one: one.status == "PUBLISHED")
        second = await perch.mention("bert")
        first_post = (await perch.in_cloud(second)).post_id
        store = perch.served.studio.core.store
        await store.write(as_before_it_was_handed_over, second, clock.now())
        adopted = await perch.when(second, wanted=lambda each: each.post_id == first_post)
        assert adopted.status in ("QUEUED", "PUBLISHED")
        await perch.when(second, wanted=lambda each: each.status == "PUBLISHED")
        assert perch.live() == ["anna", "bert"]
        assert await perch.there() == []


@pytest.mark.acceptance
async def test_a_clock_that_is_wrong_hands_no_repost_over(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, sky_below: Cloudflare
) -> None:
    """The Worker's hour is another one: by it the repost might go out in the night."""
    async with perched(sandbox, clock, tmp_path, sky_below) as perch:
        await settled_in(perch)
        clock.set_on(timedelta(minutes=30))
        await perch.fall_asleep()
        repost_id = await perch.mention("anna")
        held = await perch.when(repost_id, wanted=lambda each: "apart" in (each.reason or ""))
        assert held.held_until is not None
        assert await perch.there() == []
