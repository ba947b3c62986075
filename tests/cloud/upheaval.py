"""Real daemons and a real Worker with a way between them that lies, each killed again and again."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import trio

from ground.clock import utc_now
from sandbox import Sandbox
from sandbox.cloud.cloudflare import Cloudflare, Deliver, open_cloudflare
from sandbox.wire.message import Data, Request, Response
from storage import handovers, records
from storage.opening import look_into
from storage.posts import Post, PostStatus
from storage.times import to_text
from tests.crash.chain import Chain, open_chain
from tests.support.process import reprise

T = TypeVar("T")
ROUTES = ("instagram", "facebook")
_DONE = (PostStatus.PUBLISHED, PostStatus.FAILED, PostStatus.DRAFT)
_EPOCHS = (
    """    if (old && epoch < old.epoch) return refused("STALE_EPOCH", old);
    if (old && epoch === old.epoch) {
      const isRepeated = old.body === text && old.due === due;
      return isRepeated ? taken(old) : refused("EPOCH_REUSED", old);
    }
""",
    """    if (job.epoch !== epoch) return refused("STALE_EPOCH", job);
""",
    """    if (epoch < job.epoch) return refused("STALE_EPOCH", job);
""",
)
_GONE = Response(502, Data(b"the answer was lost"))


async def without_epochs(cloudflare: Cloudflare) -> None:
    """Let the Worker believe whatever arrives last: what a control has to trip over."""
    name = "reprise-worker"
    script = cloudflare.account.scripts[name]
    lane = script.modules["lane.js"]
    for check in _EPOCHS:
        assert check in lane
        lane = lane.replace(check, "")
    script.modules = {**script.modules, "lane.js": lane}
    await cloudflare.run(name)


@dataclass(kw_only=True)
class Lies:
    """The internet between daemon and Worker: loses, repeats, and delivers late."""

    random: random.Random
    background: trio.Nursery
    share: float = 0.3
    told: Counter[str] = field(default_factory=Counter)

    async def __call__(self, request: Request, deliver: Deliver) -> Response:
        turn = self.random.random()
        if turn >= self.share or "/v1/" not in request.path:
            return await deliver()
        part = turn / self.share
        if part < 0.2:
            self.told["request lost"] += 1
            return _GONE
        if part < 0.45:
            self.told["arrived when we had given up"] += 1
            self.background.start_soon(self._later, deliver)
            return _GONE
        if part < 0.7:
            self.told["answer lost"] += 1
            await deliver()
            return _GONE
        self.told["repeated later"] += 1
        answer = await deliver()
        self.background.start_soon(self._later, deliver)
        return answer

    async def _later(self, deliver: Deliver) -> None:
        await trio.sleep(self.random.random() * 2)
        await deliver()


@dataclass(kw_only=True)
class Wanted:
    """A post, and what a person has asked for: every caption that was ever accepted or in doubt."""

    id: str
    number: str
    captions: list[str]


@dataclass(kw_only=True)
class Upheaval:
    """One data directory under one Worker. `kills` counts those of both."""

    chain: Chain
    cloudflare: Cloudflare
    lies: Lies
    random: random.Random
    media: str = ""
    kills: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    patience_s: float = 120
    states: Counter[str] = field(default_factory=Counter)
    _numbers: int = 0

    async def deploy(self) -> None:
        token = self.cloudflare.account.token
        done = await reprise("cloud", "deploy", "--json", env=self.chain.env, stdin=f"{token}\n")
        assert done.code == 0, done.err
        self.media = await self.chain.photo(400, 500, 1)

    async def round(self, size: int, kills: int) -> None:
        """Schedule posts, change some, kill meanwhile, and wait until all have ended."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._kill, kills)
            for _ in range(size):
                await self._asked(self._schedule())
                await trio.sleep(self.random.random() * 0.2)
                if self.wanted and self.random.random() < 0.6:
                    await self._asked(self._change(self.random.choice(self.wanted[-size:])))
        await self._until_ended()
        self._judge()

    async def _kill(self, kills: int) -> None:
        for _ in range(kills):
            await trio.sleep(self.random.random() * 0.9)
            if self.random.random() < 0.3:
                await self.chain.kill()
                self.kills["daemon"] += 1
                await self.chain.start()
            else:
                await self.cloudflare.kill()
                self.kills["Worker"] += 1
                await trio.sleep(self.random.random() * 0.2)
                await self.cloudflare.revive()

    async def _asked(self, asking: Awaitable[T]) -> T | None:
        """Return what came of a request, None where a kill has swallowed it."""
        try:
            return await asking
        except httpx.HTTPError:
            self.found["requests swallowed"] += 1
            return None

    async def _schedule(self) -> None:
        self._numbers += 1
        number = f"post {self._numbers}"
        account = self.chain.accounts[self.random.choice(ROUTES)]
        body = {
            "accountId": account.id,
            "mediaType": "IMAGE",
            "mediaFileId": self.media,
            "caption": f"{number} v1",
            "scheduledFor": self._soon(),
        }
        answer = await self.chain.client.post("/api/v1/schedule", json=body)
        if answer.status_code == 400 and "INVALID_SCHEDULE" in answer.text:
            self.found["asked too late"] += 1  # it came when the daemon was there again
            return
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        self.found["scheduled in the cloud" if made["isCloudflare"] else "scheduled here"] += 1
        self.wanted.append(Wanted(id=made["postId"], number=number, captions=[f"{number} v1"]))

    async def _change(self, wanted: Wanted) -> None:
        turn = self.random.random()
        client = self.chain.client
        if turn < 0.6:
            words = f"{wanted.number} v{len(wanted.captions) + 1}"
            wanted.captions.append(words)
            body = {"caption": words}
            if turn < 0.2:
                body["scheduledFor"] = self._soon()
            answer = await client.put(f"/api/v1/schedule/{wanted.id}", json=body)
        elif turn < 0.8:
            answer = await client.delete(f"/api/v1/schedule/{wanted.id}")
        elif turn < 0.9:
            answer = await client.post(f"/api/v1/posts/{wanted.id}/release")
        else:
            body = {"scheduledFor": self._soon()}
            answer = await client.post(f"/api/v1/posts/{wanted.id}/reschedule", json=body)
        assert answer.status_code in (200, 400, 404, 409, 502), answer.text
        self.found[f"changes answered {answer.status_code}"] += 1

    def _soon(self) -> str:
        return to_text(utc_now() + timedelta(seconds=3.0 + self.random.random() * 9))

    async def _until_ended(self) -> None:
        with trio.move_on_after(self.patience_s):
            while self._open():
                await trio.sleep(0.1)
            return
        left = self._open()
        self.faults += [f"stuck: {post}" for post in left]
        self.stuck |= left

    def _open(self) -> set[str]:
        """Return the posts that have not come to an end, but for what is known to be stuck."""
        open_ = {post.id for post in self._posts() if post.status not in _DONE}
        return (open_ | set(self._away())) - self.stuck

    def _posts(self) -> list[Post]:
        with look_into(self.chain.directory / "data" / "reprise.db") as db:
            return records.fetch(db, Post)

    def _away(self) -> list[str]:
        with look_into(self.chain.directory / "data" / "reprise.db") as db:
            return [row.post_id for row in handovers.away(db)]

    def _judge(self) -> None:
        """Compare what is live with what the daemon says."""
        live: Counter[str] = Counter()
        for route in ROUTES:
            live.update(each.caption or "" for each in self.chain.live(self.chain.accounts[route]))
        by_number: Counter[str] = Counter()
        for caption, count in live.items():
            by_number[caption.rpartition(" v")[0]] += count
        states: Counter[str] = Counter()
        faults = [fault for fault in self.faults if fault.startswith("stuck")]
        for post in self._posts():
            caption = post.caption or ""
            count = by_number[caption.rpartition(" v")[0]]
            where = "cloud" if post.cloudflare_job_id else "here"
            states[f"{post.status} {where} {post.error_code or ''}".strip()] += 1
            if count > 1:
                faults.append(f"twice: {caption}")
            if post.status is PostStatus.PUBLISHED and count == 0:
                faults.append(f"lost: {caption}")
            if post.status is PostStatus.PUBLISHED and count and not live[caption]:
                faults.append(f"other words: {caption}")
            if post.status is PostStatus.DRAFT and count:
                faults.append(f"cancelled, but live: {caption}")
            if post.status is PostStatus.FAILED and count:
                faults.append(f"failed, but live: {caption} {post.error_code}")
            if post.status is PostStatus.PUBLISHED and post.ig_media_id is None:
                states["without a media id"] += 1
        self.states, self.faults = states, faults


@asynccontextmanager
async def open_upheaval(
    sandbox: Sandbox, directory: Path, program: Path, *, seed: int, lies: float = 0.3
) -> AsyncIterator[Upheaval]:
    """Start daemon and Worker, and bring the one to the other."""
    async with (
        open_cloudflare(
            directory / "cloudflare", program, proxy_url=sandbox.proxy_url, ca_file=sandbox.ca_file
        ) as cloudflare,
        open_chain(sandbox, directory, {"REPRISE_CLOUDFLARE_API": cloudflare.url}) as chain,
        trio.open_nursery() as background,
    ):
        cloudflare.texts["PACE"] = "0.02"
        numbers = random.Random(seed)
        way = Lies(random=numbers, background=background, share=lies)
        upheaval = Upheaval(chain=chain, cloudflare=cloudflare, lies=way, random=numbers)
        await upheaval.deploy()
        cloudflare.way = way
        try:
            yield upheaval
        finally:
            background.cancel_scope.cancel()


def told(upheaval: Upheaval, began: float) -> str:
    """Return one line of how it stands."""
    return (
        f"{time.monotonic() - began:.0f}s kills={dict(upheaval.kills)} posts={len(upheaval.wanted)}"
        f" {dict(upheaval.states)} {dict(upheaval.found)} {dict(upheaval.lies.told)}"
        f" faults={upheaval.faults}"
    )
