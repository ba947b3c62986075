"""`kill -9` in the middle of an upload by session: it is live once, and asking again says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import trio

from sandbox.wire.faults import Fault
from sandbox.world.person import Person
from sandbox.world.post import Post
from sandbox.world.sample_media import make_photo, make_video
from tests.crash.chain import Chain
from tests.crash.points import Effect, Held
from tests.support.limits import DEADLOCK_S

# The requests of an upload by session, in their order.
REQUESTS: dict[str, dict[str, Any]] = {
    "fetch": {"host": "scontent-sandbox.cdninstagram.com"},
    "offset": {"method": "GET", "path": "/rupload_igvideo/"},
    "film": {"method": "POST", "path": "/rupload_igvideo/"},
    "photo": {"method": "POST", "path": "/rupload_igphoto/"},
    "look": {"path": "/feed/user/"},
    "configure": {"method": "POST", "path": "/media/configure"},
    "shown": {"path_end": "/info/"},
}
_FILM = ("offset", "film", "photo", "look", "configure", "shown")
STEPS = {
    "photo": ("photo", "look", "configure", "shown"),
    "clip": _FILM,
    "story": ("photo", "look", "configure"),
    "album": ("photo", "look", "configure", "shown"),
}
POSTS_A_DAY = 8  # of one account, below the face's own rail


@dataclass(frozen=True)
class Kill:
    """An upload, and where the daemon is killed in it."""

    kind: str
    by_url: bool
    request: str
    effect: Effect
    keyed: bool

    def __str__(self) -> str:
        way = "by url" if self.by_url else "by file"
        key = ", with a key" if self.keyed else ""
        return f"{self.kind} {way}, {self.request} {self.effect}{key}"


def kills() -> Iterator[Kill]:
    """Every step of every kind, once with an Idempotency-Key and once without."""
    for kind, steps in STEPS.items():
        for by_url in (False, True) if kind != "album" else (False,):
            for request in ("fetch", *steps) if by_url else steps:
                for effect in ("before", "after"):
                    for keyed in (False, True):
                        yield Kill(kind, by_url, request, effect, keyed)


SHORT = (Kill("photo", False, "configure", "after", keyed=False),)


@dataclass(kw_only=True)
class Client:
    """A client of the session API, with an account of its own."""

    chain: Chain
    person: Person
    session: str
    files: dict[str, Path]
    source: dict[str, str]

    async def upload(self, kill: Kill, caption: str, key: str) -> httpx.Response:
        path = f"/session/{kill.kind}/upload{'/by/url' if kill.by_url else ''}"
        data = {"caption": caption}
        sent: list[tuple[str, bytes]] = []
        if kill.by_url:
            data["url"] = self.source[kill.kind]
        elif kill.kind == "album":
            sent = [("files", self.files["photo"].read_bytes())] * 2
        else:
            sent = [("file", self.files[kill.kind].read_bytes())]
        headers = {"X-Session-ID": self.session} | ({"Idempotency-Key": key} if kill.keyed else {})
        return await self.chain.client.post(path, data=data, files=sent, headers=headers)


@pytest.mark.acceptance
async def test_killed_in_an_upload_by_session(chain: Chain) -> None:
    assert await killed(chain, SHORT) == Counter(kills=1, live=1, told=1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_killed_at_every_step_of_every_upload_by_session(chain: Chain) -> None:
    every = tuple(kills())
    counted = await killed(chain, every)
    print(f"{len(every)} uploads: {dict(counted)}")  # noqa: T201 - the figure
    assert counted == Counter(kills=len(every), live=len(every), told=len(every))


async def killed(chain: Chain, every: tuple[Kill, ...]) -> Counter[str]:
    """Kill the daemon in each upload, ask again, and count what is live and what is told."""
    counted: Counter[str] = Counter()
    client: Client | None = None
    for number, kill in enumerate(every):
        if client is None or number % POSTS_A_DAY == 0:
            client = await _client(chain, f"by_session_{number}")
        caption, key = f"Upload {number}: {kill}", uuid4().hex
        before = len(chain.sandbox.world.published(client.person))
        await _killed_in(client, kill, caption, key)
        counted["kills"] += 1
        again = await client.upload(kill, caption, key)
        assert again.status_code == 200, f"{kill}: {again.status_code} {again.text}"
        out = chain.sandbox.world.published(client.person)[before:]
        counted["live"] += len(out)
        assert len(out) == 1, f"{kill}: {len(out)} are live"
        counted["told"] += str(again.json()["pk"]) == str(out[0].pk)
        once_more = await client.upload(kill, caption, key)
        assert once_more.json()["pk"] == again.json()["pk"], f"{kill}: {once_more.text}"
        assert len(chain.sandbox.world.published(client.person)) == before + 1, str(kill)
    return counted


async def _killed_in(client: Client, kill: Kill, caption: str, key: str) -> None:
    chain, held = client.chain, Held(kill.effect)
    handle = chain.sandbox.faults.add(Fault(**REQUESTS[kill.request], kind=held))

    async def send() -> None:
        with suppress(httpx.TransportError):
            answer = await client.upload(kill, caption, key)
            pytest.fail(f"{kill} was answered: {answer.status_code} {answer.text}")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        with trio.fail_after(DEADLOCK_S):
            await held.reached.wait()
        await chain.kill()
    handle.remove()
    await chain.start()


async def _client(chain: Chain, name: str) -> Client:
    world, folder = chain.sandbox.world, chain.directory
    person = world.add_person(name, password=f"{name}'s own")
    given = {"username": name, "password": person.password}
    answer = await chain.client.post("/session/auth/login", data=given)
    assert answer.status_code == 200, answer.text
    files = {kind: folder / f"{kind}.jpg" for kind in ("photo", "story")}
    files["clip"] = folder / "clip.mp4"
    if not files["photo"].exists():
        make_photo(files["photo"], 480, 480, 1)
        make_photo(files["story"], 360, 640, 2)
        make_video(files["clip"], 360, 640, 3, 10, 3)
    anna = world.person("anna")
    posts: dict[str, Post] = {
        "photo": world.add_post(anna, files["photo"]),
        "story": world.add_post(anna, files["story"]),
        "clip": world.add_post(anna, files["clip"], product="reel"),
    }
    host = REQUESTS["fetch"]["host"]
    source = {
        kind: f"https://{host}/v/{post.shots[0].pk}.{'mp4' if kind == 'clip' else 'jpg'}"
        for kind, post in posts.items()
    }
    return Client(chain=chain, person=person, session=answer.json(), files=files, source=source)
