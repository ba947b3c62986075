"""Clients that repeat every unanswered write, and a daemon that is killed all the time.

Each write has a key; what was asked for under one is there once in the end, and live once.
"""

from __future__ import annotations

import io
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import trio
from PIL import Image

from sandbox import Sandbox
from tests.crash.chain import Chain, open_chain
from tests.support.limits import DEADLOCK_S

SEED = 20261128
CLIENTS = 4
DRAINED_S = 3600  # all that is on its way ends first
LATER = "2099-01-01T00:00:00Z"


@dataclass
class Clients:
    """What they asked for, and what it took."""

    chain: Chain
    http: httpx.AsyncClient
    asked: Counter[str] = field(default_factory=Counter)
    tries: Counter[str] = field(default_factory=Counter)
    replayed: Counter[str] = field(default_factory=Counter)
    published: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    is_over: bool = False

    async def journey(self, number: int) -> None:
        """Upload, draft, clear, schedule, cancel and publish, again and again."""
        round_ = 0
        while not self.is_over:
            round_ += 1
            route = ("private", "instagram")[round_ % 2]
            media = await self.write("upload", "POST", "/media/upload", file=_photo(number, round_))
            body = {
                "accountId": self.chain.accounts[route].id,
                "mediaType": "IMAGE",
                "mediaFileId": media["id"],
                "caption": f"{number}/{round_}",
            }
            draft = await self.write("draft", "POST", "/posts/draft", body)
            await self.write("clear", "DELETE", f"/posts/{draft['id']}")
            later = {**body, "scheduledFor": LATER}
            planned = await self.write("schedule", "POST", "/schedule", later)
            await self.write("cancel", "DELETE", f"/schedule/{planned['postId']}")
            sent = await self.write("publish", "POST", "/posts/publish", body)
            self.published[route] += 1
            self.ids.append(sent["postId"])

    async def write(
        self, what: str, method: str, path: str, body: Any = None, *, file: bytes | None = None
    ) -> Any:
        """Send one write, with the same key until there is an answer; returns it."""
        headers = {
            "Authorization": self.chain.client.headers["Authorization"],
            "Idempotency-Key": str(uuid4()),
        }
        files = {"file": ("photo.jpg", file, "image/jpeg")} if file else None
        self.asked[what] += 1
        while True:
            self.tries[what] += 1
            try:
                answer = await self.http.request(
                    method, f"/api/v1{path}", json=body, files=files, headers=headers
                )
            except httpx.TransportError:
                await trio.sleep(0.02)
                continue
            if answer.status_code == 503 or "IN_FLIGHT" in answer.text:
                await trio.sleep(0.02)
                continue
            assert answer.is_success, (what, answer.text)
            self.replayed[what] += "idempotency-replayed" in answer.headers
            return answer.json()


def _photo(number: int, round_: int) -> bytes:
    content = io.BytesIO()
    colour = (number * 60, round_ % 256, round_ // 256)
    Image.new("RGB", (400, 500), colour).save(content, "JPEG")
    return content.getvalue()


@contextmanager
def stored(directory: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(directory / "data" / "reprise.db")) as db:
        yield db


@asynccontextmanager
async def clients_of(chain: Chain) -> AsyncIterator[Clients]:
    url = f"http://127.0.0.1:{chain.tunnel.to}"
    async with httpx.AsyncClient(base_url=url, timeout=DEADLOCK_S, trust_env=False) as http:
        yield Clients(chain, http)


async def disturbed(
    sandbox: Sandbox, directory: Path, kills: int, lives_s: tuple[float, float]
) -> Clients:
    """Kill the daemon so often while clients write, and judge what there is in the end."""
    dice = random.Random(SEED)
    async with open_chain(sandbox, directory) as chain, clients_of(chain) as clients:
        for account in chain.accounts.values():
            if account.graph is not None:
                account.graph.quota_total = account.graph.most_containers = 1_000_000
        async with trio.open_nursery() as nursery:
            for number in range(CLIENTS):
                nursery.start_soon(clients.journey, number)
            for _ in range(kills):
                await trio.sleep(dice.uniform(*lives_s))
                await chain.kill()
                await chain.start()
            clients.is_over = True
        for post_id in clients.ids:
            ended = await chain.ended(post_id, DRAINED_S)
            assert ended is not None, post_id
            assert ended["status"] == "PUBLISHED", ended
        for route, count in clients.published.items():
            assert len(chain.live(chain.accounts[route])) == count, route
        assert await chain.stop() == 0
        assert chain.kills == kills
    with stored(directory) as db:
        asked = clients.asked
        assert one(db, "SELECT count(*) FROM idempotency_keys") == asked.total()
        assert one(db, "SELECT count(*) FROM media_files") == asked["upload"]
        assert one(db, "SELECT count(*) FROM deleted_posts") == asked["clear"] == asked["draft"]
        drafts = "SELECT count(*) FROM posts WHERE status = 'DRAFT'"
        assert one(db, drafts) == asked["schedule"] == asked["cancel"]
        live = "SELECT count(*) FROM posts WHERE status = 'PUBLISHED'"
        assert one(db, live) == asked["publish"] == len(set(clients.ids))
    return clients


def one(db: sqlite3.Connection, query: str) -> int:
    return int(db.execute(query).fetchone()[0])


@pytest.mark.acceptance
async def test_what_is_repeated_happens_once(sandbox: Sandbox, tmp_path: Path) -> None:
    clients = await disturbed(sandbox, tmp_path, 4, (0.05, 0.8))
    assert clients.tries.total() > clients.asked.total()


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_what_is_repeated_happens_once_for_long(
    sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clients = await disturbed(sandbox, tmp_path, 200, (0.3, 6.0))
    assert clients.replayed.total() > 0
    tell = request.config.get_terminal_writer().line
    tell("")
    twice = len(clients.ids) - len(set(clients.ids))
    tell(f"kills {clients.chain.kills}, keys {clients.asked.total()}, posts twice {twice}")
    tell(f"{'write':10} {'keys':>6} {'tries':>6} {'replayed':>8} effects")
    for what, keys in clients.asked.items():
        tell(f"{what:10} {keys:6} {clients.tries[what]:6} {clients.replayed[what]:8} {keys:7}")
