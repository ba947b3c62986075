"""Posts and reposts of all accounts at once amid kills and trouble, by seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import trio

from sandbox.wire.faults import FaultHandle
from sandbox.world.sample_media import make_photo
from tests.crash import trouble
from tests.crash.chain import ENDED, Chain, Connected
from tests.crash.outcomes import Outcomes, judged
from tests.crash.points import KINDS, Case, Held, Point, cases
from tests.crash.sender import Sender
from tests.crash.trouble import Wall
from tests.support.limits import DEADLOCK_S

HOUR = timedelta(hours=1)
ROUTES = ("instagram", "facebook", "private")
ENDS = (*ENDED, "EXPIRED", "SKIPPED")
# Accounts of their own, which no block of a post holds: a story does not wait for days.
REPOSTERS = {"private": "watcher", "instagram": "both"}
_REPOST_POINTS = {
    "private": (
        Point("upload", "after"),
        Point("configure", "before"),
        Point("configure", "after"),
    ),
    "instagram": (
        Point("container", "after"),
        Point("publish", "before"),
        Point("publish", "after"),
    ),
}
# How long a daemon is given before it is killed: until it comes to a point, or at random.
_REACHED_S, _WITHIN_S = 3.0, 0.8
# A repost shows nothing before it is handed over; so long without a change it waits for a time.
_PATIENCE_S = 8.0
# What is waited for then: a backoff, a rate limit, a block, which doubles each time. A kill each.
_STORY_WAITS = [HOUR / 3] * 6 + [HOUR] * 14  # a story lives for a day
_WAITS = [day * 24 * HOUR for day in (1, 1, 2, 4, 8, 8, 8, 8)]
# Between two rounds: a day has ten reposts at most, and what a post has met, a block of days, is
# over before the next is a story. Of that nobody could tell after a day whether it was live.
_REST, _AFTER_A_BLOCK = 4 * HOUR, 16 * 24 * HOUR


@dataclass(kw_only=True)
class Item:
    """A post or a mention on its way: what meets it, and what became of it."""

    route: str
    kind: str
    account: Connected
    since: tuple[int, int]
    troubles: list[tuple[str, FaultHandle]]
    held: tuple[Held, FaultHandle] | None
    name: str = ""  # the post's id, or whose story it is
    state: Any = None
    ended: dict[str, Any] | None = None
    kills: int = 0

    @property
    def label(self) -> str:
        return " + ".join(name for name, _ in self.troubles) or "no trouble"

    @property
    def is_story(self) -> bool:
        return self.kind == "REPOST" or self.kind.startswith("STORY")

    @property
    def is_blocked(self) -> bool:
        """Whether its account may be held for days now."""
        return not self.is_story and any(handle.hits for _, handle in self.troubles)

    @property
    def is_reached(self) -> bool:
        return self.held is not None and self.held[0].reached.is_set()


class Turmoil(Sender):
    """Publishes and reposts, with trouble from a seed, and kills the daemon meanwhile."""

    def __init__(self, chain: Chain, outcomes: Outcomes, wall: Wall, seed: int) -> None:
        super().__init__(chain, outcomes)
        self.dice = random.Random(seed)
        self.items: list[Item] = []
        self._wall = wall
        self._friends = 0

    async def enable(self) -> None:
        """Switch reposts on, at any hour and as many as there are."""
        for name in REPOSTERS.values():
            account_id = {"accountId": self.chain.accounts[name].id}
            awake = {"sleepWindowStart": 0, "sleepWindowEnd": 0, "dailyRepostLimit": 10}
            await self.chain.call("POST", "/story-repost/config", {**account_id, **awake})
            await self.chain.call("POST", "/story-repost/enable", account_id)

    async def round(self, number: int, kills: range = range(8, 15)) -> None:
        """Let each account have one post or mention on its way; see that each is live once.

        The daemon is killed one of `kills` times, and again while anything is waited for.
        """
        self.items = [
            self._prepared(route, KINDS[(number + place) % len(KINDS)])
            for place, route in enumerate(ROUTES)
        ]
        if number % 3 == 0:  # to draw a card takes longer than to send it
            self.items += [self._mention(route) for route in REPOSTERS]
        async with trio.open_nursery() as nursery:
            for item in self.items:
                nursery.start_soon(self._begin, item)
        for _ in range(self.dice.choice(kills)):
            await self._come_to_a_point()
            await self._kill(self._any_step())
        for item in self.items:
            if item.held is not None:
                item.held[1].remove()
        await self._outlast()
        for item in self.items:
            self._judge(item)
        self.chain.sandbox.faults.clear()
        self._set_on(_AFTER_A_BLOCK if any(item.is_blocked for item in self.items) else _REST)

    def _prepared(self, route: str, kind: str) -> Item:
        """Plant what is to meet a post."""
        account = self.chain.accounts[route]
        points = [one.points[0] for one in cases(route) if one.kind == kind]
        crosses = Case(route, kind, ()).crosses
        return self._item(route, kind, account, points, crosses=crosses)

    def _item(
        self,
        route: str,
        kind: str,
        account: Connected,
        points: Sequence[Point],
        *,
        crosses: bool = False,
    ) -> Item:
        return Item(
            route=route,
            kind=kind,
            account=account,
            since=self.marks(account),
            held=self._hold_at(points, account),
            troubles=self._plant(account, kind, crosses=crosses),
        )

    def _mention(self, route: str) -> Item:
        """Let one more friend mention an account, whose repost meets something as well."""
        world, account = self.chain.sandbox.world, self.chain.accounts[REPOSTERS[route]]
        item = self._item(route, "REPOST", account, _REPOST_POINTS[route])
        self._friends += 1
        friend = world.add_person(f"friend{self._friends}")
        world.follow(account.person, friend)
        photo = self.chain.directory / f"friend{self._friends}.jpg"
        make_photo(photo, 270, 480, seed=self._friends)
        world.mention(world.add_story(friend, photo, mentions=[account.person]), account.person)
        item.name = friend.username
        return item

    async def _begin(self, item: Item) -> None:
        if item.kind == "REPOST":
            await self.chain.call("POST", "/story-repost/scan", {"accountId": item.account.id})
        else:
            item.name = await self.publish(item.route, item.kind)

    def _plant(
        self, account: Connected, kind: str, *, crosses: bool
    ) -> list[tuple[str, FaultHandle]]:
        name, graph = account.person.username, account.graph is not None
        lives_a_day = kind.startswith("STORY") or kind == "REPOST"
        found = [trouble.of_publishing(self.dice, name, graph=graph, is_story=lives_a_day)]
        if crosses and self.dice.random() < 0.5:
            edge = "/photos" if kind == "IMAGE" else "/videos"
            found.append(trouble.of_the_copy(self.dice, name, edge))
        add = self.chain.sandbox.faults.add
        return [(one.name, add(one.fault)) for one in found if one is not None]

    def _hold_at(
        self, points: Sequence[Point], account: Connected
    ) -> tuple[Held, FaultHandle] | None:
        """Hold the daemon at one of the points, or, as often, nowhere."""
        if self.dice.random() < 0.5:
            return None
        point = self.dice.choice([point for point in points if not point.is_fetch])
        held = Held(point.effect)
        fault = point.fault(held, account.person.username)
        return held, self.chain.sandbox.faults.add(fault)

    async def _come_to_a_point(self) -> None:
        """Return when one post more is held at its point, or at any moment."""
        waiting = [item for item in self.items if item.held is not None and not item.is_reached]
        if not waiting or self.dice.random() < 0.4:
            await trio.sleep(self.dice.uniform(0, _WITHIN_S))
            return
        with trio.move_on_after(_REACHED_S):
            while not any(item.is_reached for item in waiting):
                await trio.sleep(0.02)

    def _any_step(self) -> timedelta | None:
        return self.dice.uniform(-0.5, 2) * HOUR if self.dice.random() < 0.3 else None

    async def _kill(self, step: timedelta | None) -> None:
        """Kill the daemon and start it; the clock is set under the running one or between both."""
        for item in self.items:
            item.kills += item.ended is None
        is_running = self.dice.random() < 0.5
        if step is not None and is_running:
            self._set_on(step)
            await trio.sleep(self.dice.uniform(0, 0.2))
        await self.chain.kill()
        self.outcomes.sigkills += 1
        if step is not None and not is_running:
            self._set_on(step)
        await self.chain.start()

    def _set_on(self, step: timedelta) -> None:
        self._wall.set_on(step)
        self.outcomes.steps += 1

    async def _outlast(self) -> None:
        """Wait for all ends; while there is one missing, kill the daemon and set the clock on."""
        waits = [*_STORY_WAITS, *_WAITS]
        while waits:
            if await self._settled():
                return
            if not self._is_story_missing() and waits[0] not in _WAITS:
                waits = _WAITS.copy()
            wait = waits.pop(0)
            if self.dice.random() < 0.5:
                await self._kill(None)
                await trio.sleep(self.dice.uniform(0, _WITHIN_S))
            await self._kill(wait)
        await self._settled()

    def _is_story_missing(self) -> bool:
        """Say whether one is on its way that would be gone after a day."""
        return any(item.ended is None and item.is_story for item in self.items)

    async def _settled(self) -> bool:
        """Wait until all have come to an end; False when they wait for a time instead."""
        quiet_since = trio.current_time()
        with trio.move_on_after(DEADLOCK_S):
            while trio.current_time() - quiet_since < _PATIENCE_S:
                before = [item.state for item in self.items]
                await self._look()
                missing = [item for item in self.items if item.ended is None]
                counts = (await self.chain.call("GET", "/schedule/queue/status"))["counts"]
                if not missing and counts["total"] == 0:
                    return True
                is_busy = counts["waiting"] + counts["active"] > 0
                if not is_busy and counts["delayed"] >= len(missing):
                    return False
                if is_busy or before != [item.state for item in self.items]:
                    quiet_since = trio.current_time()
                await trio.sleep(0.3)
        return False

    async def _look(self) -> None:
        found = (await self.chain.call("GET", "/story-repost/history"))["reposts"]
        reposts = {one["originalUsername"]: one for one in found}
        for item in self.items:
            if item.ended is not None:
                continue
            if item.kind == "REPOST":
                shown = reposts.get(item.name)
            else:
                shown = await self.chain.call("GET", f"/posts/{item.name}")
            item.state = shown and shown["status"]
            item.ended = shown if item.state in ENDS else None

    def _judge(self, item: Item) -> None:
        live = self.chain.live(item.account)[item.since[0] :]
        copies = self.chain.copies(item.account)[item.since[1] :]
        crosses = Case(item.route, item.kind, ()).crosses
        if item.kind == "REPOST":
            counted, problem = _judged(item, len(live))
        else:
            counted, problem = judged(item.ended, live, copies, crosses=crosses, kills=item.kills)
        met = [f"{name} met {handle.hits}" for name, handle in item.troubles]
        problem = problem and f"{problem} ({item.name}, {', '.join(met)})"
        self.outcomes.add((item.route, item.kind, item.label), counted, problem)


def _judged(item: Item, live: int) -> tuple[Counter[str], str]:
    counted = Counter(
        posts=1, kills=item.kills, published=min(1, live), duplicates=max(0, live - 1)
    )
    if item.ended is None:
        counted["stuck"] += 1
        return counted, f"it never came to an end: {item.state}"
    status = item.ended["status"]
    if not live:
        counted["lost"] += 1
        return counted, f"{status}: {item.ended}"
    if status != "PUBLISHED":
        counted["wrong"] += 1
        return counted, f"live, but {status}: {item.ended}"
    return counted, "it is there twice" if live > 1 else ""
