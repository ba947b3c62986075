"""The whole daemon in the test's own loop: real services, the real HTTP server, a real client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import trio

from api.listen import open_sockets
from daemon.main import compose
from daemon.notify import Notifier
from daemon.outside import encryption_of
from ground.changes import Changes
from local.serve import open_socket
from operations.feed import Feed
from storage import api_keys, browser_sessions
from tests.support.limits import DEADLOCK_S
from tests.support.studio import Studio


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response with its body decoded."""

    status: int
    body: Any
    headers: httpx.Headers


@dataclass(kw_only=True)
class Served:
    """A served daemon; `call` uses a bearer key unless told otherwise."""

    studio: Studio
    url: str
    key: str
    client: httpx.AsyncClient
    feed: Feed = field(default_factory=lambda: Feed(Changes()))
    stop: trio.Event = field(default_factory=trio.Event)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str | bytes] | None = None,
        content: bytes | None = None,
        key: str | None = "",
    ) -> Answer:
        """Send one request; `key=None` sends none."""
        sent: dict[str, str | bytes] = dict(headers or {})
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key or self.key}")
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        encoded = [(name.encode(), _bytes(value)) for name, value in sent.items()]
        response = await self.client.request(
            method, path, content=content, json=body, headers=encoded
        )
        is_json = response.headers.get("content-type", "").startswith("application/json")
        decoded = json.loads(response.content) if is_json and response.content else response.text
        return Answer(status=response.status_code, body=decoded, headers=response.headers)

    @property
    def cookie_name(self) -> str:
        """What the daemon calls its session cookie."""
        return f"session_{self.url.rpartition(':')[2]}"

    async def sign_in(self) -> None:
        """Give the client a browser session's cookie, as the login link does."""
        response = await self.client.get(f"/login?code={await self.login_code()}")
        assert response.status_code == 200

    async def login_code(self) -> str:
        """Make a login link's code."""
        core = self.studio.core
        return await core.store.write(
            browser_sessions.create_code, user_id=core.owner.id, now=core.clock.now()
        )


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


@asynccontextmanager
async def serve_studio(studio: Studio, *, pace: float | None = None) -> AsyncIterator[Served]:
    """Run every service of the daemon on the studio's store and gateway.

    With `pace` the services have that one: an approval rests for ten seconds at 1.0, as for people.
    """
    core = studio.core
    if pace is not None:
        core = replace(core, clock=replace(core.clock, pace=pace))
    sockets = open_sockets("127.0.0.1", 0)
    encryption = encryption_of(studio.core.settings)
    scheme = "http" if encryption is None else "https"
    url = f"{scheme}://127.0.0.1:{sockets[0].getsockname()[1]}"
    stop, ready = trio.Event(), trio.Event()
    own = open_socket(studio.core.settings.data_dir)
    daemon = await compose(core, sockets, stop, Notifier(None), own, encryption)
    _, key = await studio.core.store.write(
        api_keys.create, user_id=studio.core.owner.id, name="test", now=studio.clock.now()
    )
    async with trio.open_nursery() as nursery:

        async def run() -> None:
            await daemon.supervisor.run(
                on_ready=ready.set, stop=stop, drain=daemon.drain, grace_s=5
            )

        nursery.start_soon(run)
        await ready.wait()
        async with httpx.AsyncClient(
            base_url=url, timeout=DEADLOCK_S, trust_env=False, verify=scheme == "http"
        ) as client:
            yield Served(
                studio=studio,
                url=url,
                key=key,
                client=client,
                feed=daemon.house.feed,
                stop=stop,
            )
        stop.set()
