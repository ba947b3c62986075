"""Publishes posts of every kind, and kills the daemon on their way."""

from __future__ import annotations

import random
from typing import Any

import trio

from tests.crash.chain import Chain, Connected
from tests.crash.outcomes import Outcomes, judged
from tests.crash.points import Case, Held, Point
from tests.support.limits import DEADLOCK_S

SEED = 20260719
# The official API has none.
STICKERS = [{"type": "link", "url": "https://example.com/"}, {"type": "hashtag", "name": "sea"}]


class Sender:
    """Publishes posts of every kind and kills the daemon on their way."""

    def __init__(self, chain: Chain, outcomes: Outcomes) -> None:
        self.chain = chain
        self.outcomes = outcomes
        self._media: dict[str, list[str]] = {}
        self.dice = random.Random(SEED)

    async def undisturbed(self, route: str, kind: str) -> float:
        """Publish without a kill; returns how long that takes."""
        since = self.marks(self.chain.accounts[route])
        started = trio.current_time()
        post_id = await self.publish(route, kind)
        await self._check(Case(route, kind, ()), post_id, "undisturbed", since)
        return trio.current_time() - started

    async def killed(self, case: Case) -> None:
        """Kill the daemon at each of the case's points, and see what becomes of the post."""
        account = self.chain.accounts[case.route]
        since = self.marks(account)
        reached, release = self._arm(case.points[0], account)
        post_id = await self.publish(case.route, case.kind)
        for following in (*case.points[1:], None):
            with trio.fail_after(DEADLOCK_S):
                await reached.wait()
            await self.chain.kill()
            self.chain.sandbox.faults.clear()
            if following is None and case.points[-1] != Point("fetch", "after"):
                release.set()
            elif following is not None:
                reached, release = self._arm(following, account)
            await self.chain.start()
            release.set()
        await self._check(case, post_id, case.label, since)

    async def killed_at_random(self, route: str, kind: str, within_s: float) -> None:
        """Kill the daemon at any moment of a delivery."""
        since = self.marks(self.chain.accounts[route])
        post_id = await self.publish(route, kind)
        await trio.sleep(self.dice.uniform(0, within_s))
        await self.chain.kill()
        await self.chain.start()
        await self._check(Case(route, kind, (Point("any"),)), post_id, "at random", since)

    def _arm(self, point: Point, account: Connected) -> tuple[trio.Event, trio.Event]:
        if point.is_fetch:
            hold = self.chain.tunnel.hold(skip=point.number - 1)
            return hold.reached, hold.released
        held = Held(point.effect)
        self.chain.sandbox.faults.add(point.fault(held, account.person.username))
        return held.reached, trio.Event()

    def marks(self, account: Connected) -> tuple[int, int]:
        return len(self.chain.live(account)), len(self.chain.copies(account))

    async def publish(self, route: str, kind: str) -> str:
        account = self.chain.accounts[route]
        if account.graph is not None:
            account.graph.containers_at.clear()  # 400 a day are fewer than kills
        if kind not in self._media:
            self._media[kind] = await self._upload(kind, seed=1)
        body = {"accountId": account.id, **_content(kind, self._media[kind])}
        if route == "private" and kind.startswith("STORY"):
            body["storyStickers"] = STICKERS
        if Case(route, kind, ()).crosses:
            body["crossPostToFacebook"] = True
        return str((await self.chain.call("POST", "/posts/publish", body))["postId"])

    async def _upload(self, kind: str, seed: int) -> list[str]:
        chain = self.chain
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
        account = self.chain.accounts[case.route]
        post = await self.chain.ended(post_id)
        live = self.chain.live(account)[since[0] :]
        copies = self.chain.copies(account)[since[1] :]
        counted, problem = judged(post, live, copies, crosses=case.crosses, kills=len(case.points))
        self.outcomes.add((case.route, case.kind, point), counted, problem)


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
