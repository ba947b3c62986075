"""A daemon's data directory with one account that is logged in, for daemons as processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import trio

from ground.clock import utc_now
from sandbox import Sandbox
from sandbox.world.person import Person
from sandbox.world.sample_media import make_photo
from storage import api_keys
from storage.times import to_text
from tests.support.clock import TestClock
from tests.support.limits import DEADLOCK_S
from tests.support.process import Daemon, environment
from tests.support.studio import open_studio


@dataclass(frozen=True, kw_only=True)
class ConnectedAccount:
    """The account; `env` starts a daemon that has it."""

    env: dict[str, str]
    id: str
    key: str
    person: Person
    sandbox: Sandbox
    directory: Path

    async def story(
        self, daemon: Daemon, file: Path | None = None, *, after: timedelta | None = None
    ) -> str:
        """Publish a file, a photo by default, as a story now or later; returns the post's id."""
        if file is None:
            file = self.directory / "photo.jpg"
            make_photo(file, 360, 640, seed=1)
        kind = "video/mp4" if file.suffix == ".mp4" else "image/jpeg"
        async with httpx.AsyncClient(trust_env=False, timeout=DEADLOCK_S) as client:
            uploaded = await client.post(
                f"{daemon.url}/api/v1/media/upload",
                files={"file": (file.name, file.read_bytes(), kind)},
                headers={"Authorization": f"Bearer {self.key}"},
            )
        assert uploaded.status_code == 201, uploaded.text
        body = {"accountId": self.id, "mediaType": "STORIES", "mediaFileId": uploaded.json()["id"]}
        path = "/posts/publish"
        if after is not None:
            path, body["scheduledFor"] = "/schedule", to_text(utc_now() + after)
        sent = await daemon.call("POST", path, self.key, body)
        assert sent.is_success, sent.text
        answer = sent.json()
        return str(answer.get("postId") or answer["id"])

    async def state(self, daemon: Daemon, post_id: str) -> str:
        """Return the post's state."""
        return str((await daemon.call("GET", f"/posts/{post_id}", self.key)).json()["status"])

    async def until_published(self, daemon: Daemon, post_id: str) -> None:
        with trio.fail_after(DEADLOCK_S):
            while await self.state(daemon, post_id) != "PUBLISHED":
                await trio.sleep(0.05)

    @property
    def live(self) -> int:
        """How many stories Instagram shows."""
        return len(self.sandbox.world.published(self.person))


async def connect(sandbox: Sandbox, clock: TestClock, directory: Path) -> ConnectedAccount:
    """Connect the account of `open_studio` in `directory/data`, and leave the directory free."""
    env = environment(directory, sandbox, RATE_LIMIT_RPM="100000", RATE_LIMIT_RPH="100000")
    async with open_studio(sandbox, clock, directory) as studio:
        core = studio.core
        _, key = await core.store.write(
            api_keys.create, user_id=core.owner.id, name="test", now=clock.now()
        )
        return ConnectedAccount(
            env=env,
            id=studio.account.id,
            key=key,
            person=studio.person,
            sandbox=sandbox,
            directory=directory,
        )
