"""`kill -9` at every boundary of a delivery: each post is live once, whenever the daemon died."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from sandbox import Sandbox
from tests.crash.chain import Chain, Connected, open_chain
from tests.crash.outcomes import Outcomes, judged
from tests.crash.points import KINDS, Case, Held, Point, cases
from tests.support.limits import DEADLOCK_S

ROUTES = ("instagram", "facebook", "private")
SEED = 20260719
RANDOM_KILLS = 12  # of each kind of post on each route
# The official API has none.
STICKERS = [{"type": "link", "url": "https://example.com/"}, {"type": "hashtag", "name": "sea"}]
# What nothing but a crash shows: the publishing request, and what is asked after it.
SHORT = (
    Case("instagram", "IMAGE", (Point("container", "after"),)),
    Case("instagram", "IMAGE", (Point("fetch", "before"),)),
    Case("instagram", "CAROUSEL", (Point("container", "before", 4),)),
    Case("instagram", "STORY_PHOTO", (Point("publish", "before"),)),
    Case("instagram", "IMAGE", (Point("publish", "after"), Point("poll"))),
    Case("facebook", "STORY_VIDEO", (Point("upload", "after"),)),
    Case("facebook", "IMAGE", (Point("permalink"),)),
    Case("facebook", "IMAGE", (Point("page photo", "after"),)),
    Case("private", "STORY_PHOTO", (Point("upload", "after"),)),
    Case("private", "CAROUSEL", (Point("configure", "before"),)),
    Case("private", "REELS", (Point("configure", "after"), Point("own feed"))),
)


class Sender:
    """Publishes posts of every kind and kills the daemon on their way."""

    def __init__(self, chain: Chain, outcomes: Outcomes) -> None:
        self._chain = chain
        self._outcomes = outcomes
        self._media: dict[str, list[str]] = {}
        self._dice = random.Random(SEED)

    async def undisturbed(self, route: str, kind: str) -> float:
        """Publish without a kill; returns how long that takes."""
        since = self._marks(self._chain.accounts[route])
        started = trio.current_time()
        post_id = await self._publish(route, kind)
        await self._check(Case(route, kind, ()), post_id, "undisturbed", since)
        return trio.current_time() - started

    async def killed(self, case: Case) -> None:
        """Kill the daemon at each of the case's points, and see what becomes of the post."""
        account = self._chain.accounts[case.route]
        since = self._marks(account)
        reached, release = self._arm(case.points[0], account)
        post_id = await self._publish(case.route, case.kind)
        for following in (*case.points[1:], None):
            with trio.fail_after(DEADLOCK_S):
                await reached.wait()
            await self._chain.kill()
            self._chain.sandbox.faults.clear()
            if following is None and case.points[-1] != Point("fetch", "after"):
                release.set()
            elif following is not None:
                reached, release = self._arm(following, account)
            await self._chain.start()
            release.set()
        await self._check(case, post_id, case.label, since)

    async def killed_at_random(self, route: str, kind: str, within_s: float) -> None:
        """Kill the daemon at any moment of a delivery."""
        since = self._marks(self._chain.accounts[route])
        post_id = await self._publish(route, kind)
        await trio.sleep(self._dice.uniform(0, within_s))
        await self._chain.kill()
        await self._chain.start()
        await self._check(Case(route, kind, (Point("any"),)), post_id, "at random", since)

    def _arm(self, point: Point, account: Connected) -> tuple[trio.Event, trio.Event]:
        if point.is_fetch:
            hold = self._chain.tunnel.hold(skip=point.number - 1)
            return hold.reached, hold.released
        held = Held(point.effect)
        self._chain.sandbox.faults.add(point.fault(held, account.person.username))
        return held.reached, trio.Event()

    def _marks(self, account: Connected) -> tuple[int, int]:
        return len(self._chain.live(account)), len(self._chain.copies(account))

    async def _publish(self, route: str, kind: str) -> str:
        account = self._chain.accounts[route]
        if account.graph is not None:
            account.graph.containers_at.clear()  # 400 a day are fewer than kills
        if kind not in self._media:
            self._media[kind] = await self._upload(kind, seed=1)
        body = {"accountId": account.id, **_content(kind, self._media[kind])}
        if route == "private" and kind.startswith("STORY"):
            body["storyStickers"] = STICKERS
        if Case(route, kind, ()).crosses:
            body["crossPostToFacebook"] = True
        return str((await self._chain.call("POST", "/posts/publish", body))["postId"])

    async def _upload(self, kind: str, seed: int) -> list[str]:
        chain = self._chain
        match kind:
            case "REELS":
                return [await chain.video(180, 320, seed)]
            case "STORY_VIDEO":
                return [await chain.video(180, 320, seed + 1)]
            case "STORY_PHOTO":
                return [await chain.photo(360, 640, seed)]
            case "IMAGE":
                return [await chain.photo(400, 500, seed)]
        photos = [await chain.photo(400, 500, seed + n) for n in (1, 2)]
        return [photos[0], await chain.video(320, 320, seed), photos[1]]

    async def _check(self, case: Case, post_id: str, point: str, since: tuple[int, int]) -> None:
        account = self._chain.accounts[case.route]
        post = await self._chain.ended(post_id)
        live = self._chain.live(account)[since[0] :]
        copies = self._chain.copies(account)[since[1] :]
        counted, problem = judged(post, live, copies, crosses=case.crosses, kills=len(case.points))
        self._outcomes.add((case.route, case.kind, point), counted, problem)


def _content(kind: str, media: list[str]) -> dict[str, Any]:
    # The same words each time: a post is recognised without them.
    if kind == "CAROUSEL":
        return {"mediaType": kind, "mediaFileIds": media, "caption": "Look #here"}
    body: dict[str, Any] = {"mediaFileId": media[0], "mediaType": kind}
    if kind.startswith("STORY"):
        mention = {"username": "anna", "x": 0.5, "y": 0.8}
        return {**body, "mediaType": "STORIES", "storyMentions": [mention]}
    if kind == "IMAGE":
        body["userTags"] = [{"username": "anna", "x": 0.2, "y": 0.7}]
    return {**body, "caption": "Look #here"}


@pytest.fixture
async def chain(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Chain]:
    async with open_chain(sandbox, tmp_path) as opened:
        yield opened
        assert await opened.stop() == 0
    assert "Traceback" not in opened.log


def check(outcomes: Outcomes) -> None:
    total = outcomes.total
    assert outcomes.problems == []
    assert total["published"] == total["posts"]
    assert total["duplicates"] == total["lost"] == total["stuck"] == 0


async def test_killed_on_the_way_each_post_is_live_once(chain: Chain) -> None:
    outcomes = Outcomes()
    sender = Sender(chain, outcomes)
    for case in SHORT:
        await sender.killed(case)
    assert chain.kills == sum(len(case.points) for case in SHORT)
    check(outcomes)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("route", ROUTES)
async def test_killed_at_every_boundary_each_post_is_live_once(
    chain: Chain, outcomes: Outcomes, route: str
) -> None:
    sender = Sender(chain, outcomes)
    for case in cases(route):
        await sender.killed(case)
    for kind in KINDS:
        await sender.undisturbed(route, kind)
        takes_s = await sender.undisturbed(route, kind)
        for _ in range(RANDOM_KILLS):
            await sender.killed_at_random(route, kind, takes_s)
    check(outcomes)
