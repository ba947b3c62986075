"""Many posts due at once, many more to come, and clients that change their minds meanwhile."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import trio

from publish import intake, scheduler
from publish.rules import Content
from sandbox import Sandbox
from storage import jobs, posts
from storage.accounts import Account
from storage.posts import MediaType, PostStatus
from storage.store import Database
from tests.support.clock import TestClock
from tests.support.graph import another, serve_publicly
from tests.support.posting import API, photo_id
from tests.support.served import Served

HOUR = timedelta(hours=1)
WITHOUT_LIMITS = {"rate_limit_rpm": 1_000_000, "rate_limit_rph": 1_000_000}


@dataclass
class Wishes:
    """What clients were told is so: the words of each post, and which were taken back."""

    words: dict[str, str]
    cancelled: set[str] = field(default_factory=set)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)


@asynccontextmanager
async def many_accounts(
    sandbox: Sandbox, clock: TestClock, directory: Path, count: int
) -> AsyncIterator[tuple[Served, list[Account]]]:
    async with serve_publicly(sandbox, clock, directory, **WITHOUT_LIMITS) as served:
        yield served, [(await another(served, f"account_{n}"))[0] for n in range(count)]


async def fill(
    served: Served, accounts: list[Account], media: str, *, due: int, future: int
) -> dict[str, str]:
    """Schedule posts: `due` of them within one minute, `future` ones later; returns the former."""
    now = served.studio.clock.now()
    words: dict[str, str] = {}

    def add(db: Database) -> None:
        for number in range(due + future):
            is_due = number < due
            after = timedelta(seconds=number % 60) if is_due else timedelta(days=1 + number % 60)
            said = f"post {number}"
            content = Content(media_type=MediaType.IMAGE, media_ids=[media], caption=said)
            post, _ = intake.schedule(
                db,
                served.studio.core.owner.id,
                accounts[number % len(accounts)].id,
                content,
                scheduled_for=now + HOUR + after,
                timezone="UTC",
                now=now,
            )
            if is_due:
                words[post.id] = said

    await served.studio.core.store.write(add)
    return words


async def change_minds(
    served: Served,
    wishes: Wishes,
    mine: list[str],
    everyone: list[str],
    seed: int,
    stop: trio.Event,
) -> None:
    """Edit one's own posts and cancel anybody's until `stop`, every answer read."""
    dice = random.Random(seed)
    turn = 0
    while not stop.is_set():
        turn += 1
        if dice.random() < 0.2:
            post_id = dice.choice(everyone)
            answer = await served.call("DELETE", f"{API}/schedule/{post_id}")
            if answer.status == 200:
                wishes.cancelled.add(post_id)
            wishes.answers["DELETE", answer.status] += 1
        else:
            post_id = dice.choice(mine)
            said = f"{wishes.words[post_id].partition(',')[0]}, turn {turn}"
            body = {"caption": said}
            if dice.random() < 0.2:
                body["timezone"] = "Europe/Berlin"
            answer = await served.call("PUT", f"{API}/schedule/{post_id}", body)
            if answer.status == 200:
                wishes.words[post_id] = said
            wishes.answers["PUT", answer.status] += 1


async def until_all_ended(served: Served) -> None:
    """Let the minute pass in steps, and wait until nothing that is due waits or runs."""
    clock, store = served.studio.clock, served.studio.core.store
    clock.advance(HOUR)
    for _ in range(20):
        clock.advance(timedelta(seconds=3))
        await trio.sleep(0.1)
    owner = served.studio.core.owner.id
    while True:
        open_now = await store.read(jobs.counts, owner, clock.now())
        if open_now["waiting"] + open_now["active"] == 0:
            return
        await trio.sleep(0.1)


async def ends_of(served: Served, post_ids: list[str]) -> dict[str, posts.Post]:
    def read(db: Database) -> dict[str, posts.Post]:
        return {post_id: posts.get(db, post_id) for post_id in post_ids}

    return await served.studio.core.store.read(read)


def captions(served: Served) -> Counter[str]:
    return Counter(live.caption for live in served.studio.sandbox.ledger.published)


SIZES = [
    pytest.param(40, 5, 400, id="40 posts"),
    pytest.param(1_000, 20, 10_000, id="1000 posts", marks=[pytest.mark.soak]),
]


@pytest.mark.acceptance
@pytest.mark.parametrize(("due", "accounts", "future"), SIZES)
@pytest.mark.timeout(900)
async def test_every_post_that_is_due_goes_out_once_with_its_last_words(
    sandbox: Sandbox,
    clock: TestClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    due: int,
    accounts: int,
    future: int,
) -> None:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.05)
    async with many_accounts(sandbox, clock, tmp_path, accounts) as (served, connected):
        media = await photo_id(served)
        wishes = Wishes(await fill(served, connected, media, due=due, future=future))
        everyone = list(wishes.words)
        stop = trio.Event()
        async with trio.open_nursery() as clients:
            for number in range(2):
                clients.start_soon(
                    change_minds, served, wishes, everyone[number::2], everyone, number, stop
                )
            await until_all_ended(served)
            stop.set()
        ends = await ends_of(served, everyone)
        await check(served, wishes, ends, future)


async def check(served: Served, wishes: Wishes, ends: dict[str, posts.Post], future: int) -> None:
    cancelled = {i for i, post in ends.items() if post.status is PostStatus.DRAFT}
    sent = {i: post for i, post in ends.items() if post.status is PostStatus.PUBLISHED}
    assert len(cancelled) + len(sent) == len(ends), Counter(post.status for post in ends.values())
    assert cancelled == wishes.cancelled
    assert cancelled
    assert sent
    assert captions(served) == Counter(post.caption for post in sent.values())
    assert {i: post.caption for i, post in ends.items()} == wishes.words
    assert wishes.answers["PUT", 200] > 0
    assert wishes.answers["PUT", 400] + wishes.answers["PUT", 404] > 0, "none came too late"
    counts = await served.studio.core.store.read(
        jobs.counts, served.studio.core.owner.id, served.studio.clock.now()
    )
    assert counts == {"waiting": 0, "active": 0, "delayed": future}
