"""A served daemon whose `/session` is tried, and the people it is tried on."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from instagram.private.two_factor import totp_code
from sandbox import Sandbox
from sandbox.world.person import Person
from sandbox.world.post import Post
from sandbox.world.sample_media import make_photo, make_video
from sandbox.world.story import Story
from sandbox.world.world import World
from tests.support.clock import TestClock
from tests.support.served import Served, serve_studio
from tests.support.studio import PASSWORD, USERNAME, open_studio

GENEROUS = {
    "session_social": True,
    "session_reads_per_hour": 10_000,
    "session_acts_per_day": 10_000,
    "rate_limit_rpm": 100_000,
    "rate_limit_rph": 100_000,
}


def code_now(seed: str) -> str:
    """What an authenticator shows now, good for half a minute more however slow the machine is."""
    return totp_code(seed, time.time())


@dataclass(kw_only=True)
class Desk:
    """A client of the session API, logged in as the studio, in a world with some people."""

    served: Served
    session: str
    photo: Path
    square: Path
    video: Path
    anna: Person
    berta: Person
    carl: Person
    post: Post
    reel: Post
    own: Post
    story: Story
    own_story: Story
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def sandbox(self) -> Sandbox:
        return self.served.studio.sandbox

    @property
    def world(self) -> World:
        return self.sandbox.world

    @property
    def studio(self) -> Person:
        return self.served.studio.person

    async def ask(
        self,
        method: str,
        path: str,
        given: dict[str, Any] | None = None,
        *,
        files: Any = None,
        session: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request; `session=None` sends no session."""
        sent = {"Authorization": f"Bearer {self.served.key}", **(headers or {})}
        if session is not None:
            sent["X-Session-ID"] = session or self.session
        is_form = method in ("POST", "PATCH")
        return await self.served.client.request(
            method,
            f"/session{path}",
            params=None if is_form else given,
            data=given if is_form else None,
            files=files,
            headers=sent,
        )


@asynccontextmanager
async def open_desk(
    sandbox: Sandbox, clock: TestClock, directory: Path, **settings: Any
) -> AsyncIterator[Desk]:
    """Serve a daemon, and log the studio in over this face."""
    async with open_studio(sandbox, clock, directory, **{**GENEROUS, **settings}) as studio:
        world, files = sandbox.world, directory
        photo, square, video = files / "p.jpg", files / "s.jpg", files / "v.mp4"
        make_photo(photo, 270, 480, 1)
        make_photo(square, 480, 480, 2)
        make_video(video, 360, 640, 3, 12, 3)
        anna = world.add_person("anna", full_name="Anna Berg")
        berta = world.add_person("berta", private=True)
        carl = world.add_person("carl")
        world.follow(studio.person, anna)
        async with serve_studio(studio) as served:
            desk = Desk(
                served=served,
                session="",
                photo=photo,
                square=square,
                video=video,
                anna=anna,
                berta=berta,
                carl=carl,
                post=world.add_post(anna, square, caption="Fresh #bread today"),
                reel=world.add_post(anna, video, product="reel", caption="Watch #bread rise"),
                own=world.add_post(studio.person, square, caption="Ours #bread"),
                story=world.add_story(anna, photo),
                own_story=world.add_story(studio.person, photo),
            )
            answer = await desk.ask(
                "POST",
                "/auth/login",
                {"username": USERNAME, "password": PASSWORD},
                session=None,
            )
            assert answer.status_code == 200, answer.text
            desk.session = answer.json()
            yield desk
