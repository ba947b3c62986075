"""One data directory, one daemon after another on it, and what they leave at Instagram."""

from __future__ import annotations

import random
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import trio

from sandbox import Sandbox
from sandbox.world.graph_account import GraphAccount
from sandbox.world.person import Person
from sandbox.world.published import PagePost, Published
from sandbox.world.sample_media import make_photo, make_video
from tests.crash.tunnel import Tunnel, open_tunnel
from tests.support.limits import DEADLOCK_S
from tests.support.process import Daemon, environment, reprise, running

ENDED = ("PUBLISHED", "FAILED")
PASSWORD = "correct horse"


@dataclass(frozen=True, kw_only=True)
class Connected:
    """An account of the daemon; `graph` is its half at the official API."""

    id: str
    person: Person
    graph: GraphAccount | None


@dataclass(kw_only=True)
class Chain:
    """The daemon of a data directory; killed and started again, it stays the same one."""

    sandbox: Sandbox
    env: dict[str, str]
    directory: Path
    tunnel: Tunnel
    accounts: Mapping[str, Connected]
    key: str
    kills: int = 0
    _daemon: Daemon | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    async def start(self) -> None:
        """Start the daemon, on the port it always has."""
        assert self._daemon is None
        self._daemon = await self._stack.enter_async_context(
            running(self.env, self.directory / "log")
        )

    async def kill(self) -> None:
        """SIGKILL: nothing of the daemon gets to clean up."""
        assert self._daemon is not None
        await self._daemon.stop(signal.SIGKILL)
        self.kills += 1
        await self._ended()

    async def stop(self) -> int:
        """Let the daemon end in order; returns its exit code."""
        assert self._daemon is not None
        code = await self._daemon.stop()
        await self._ended()
        return code

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        assert self._daemon is not None
        answer = await self._daemon.call(method, path, self.key, body)
        assert answer.is_success, answer.text
        return answer.json()

    async def upload(self, file: Path, content_type: str) -> str:
        """Upload a file; returns its id."""
        assert self._daemon is not None
        async with httpx.AsyncClient(trust_env=False, timeout=DEADLOCK_S) as client:
            answer = await client.post(
                f"{self._daemon.url}/api/v1/media/upload",
                files={"file": (file.name, file.read_bytes(), content_type)},
                headers={"Authorization": f"Bearer {self.key}"},
            )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def photo(self, width: int, height: int, seed: int) -> str:
        file = self.directory / f"photo-{width}x{height}-{seed}.jpg"
        make_photo(file, width, height, seed)
        return await self.upload(file, "image/jpeg")

    async def video(self, width: int, height: int, seed: int) -> str:
        file = self.directory / f"video-{width}x{height}-{seed}.mp4"
        make_video(file, width, height, seconds=3, fps=10, seed=seed)
        return await self.upload(file, "video/mp4")

    async def ended(self, post_id: str, timeout: float = 90) -> dict[str, Any] | None:
        """Wait until a post has reached its end and nothing of it runs; None if it never does."""
        with trio.move_on_after(timeout):
            while True:
                post: dict[str, Any] = await self.call("GET", f"/posts/{post_id}")
                if post["status"] in ENDED:
                    queue = await self.call("GET", "/schedule/queue/status")
                    if queue["counts"]["total"] == 0:
                        return await self.call("GET", f"/posts/{post_id}")  # type: ignore[no-any-return]
                await trio.sleep(0.05)
        return None

    def live(self, account: Connected) -> list[Published]:
        return self.sandbox.world.published(account.person)

    def copies(self, account: Connected) -> list[PagePost]:
        """What is on the account's Facebook Page."""
        name = account.person.username
        return [post for post in self.sandbox.ledger.page_posts if post.account == name]

    async def _ended(self) -> None:
        self._daemon = None
        await self._stack.aclose()


@asynccontextmanager
async def open_chain(sandbox: Sandbox, directory: Path) -> AsyncIterator[Chain]:
    """Connect an account each way by the command line, and start the first daemon."""
    async with open_tunnel() as tunnel:
        tunnel.to = _free_port()
        env = environment(
            directory,
            sandbox,
            REPRISE_PORT=str(tunnel.to),
            REPRISE_PUBLIC_URL=tunnel.url,
            RATE_LIMIT_RPM="1000000",
            RATE_LIMIT_RPH="1000000",
        )
        accounts = {
            "instagram": await _graph(sandbox, env, "instagram"),
            "facebook": await _graph(sandbox, env, "facebook"),
            "private": await _private(sandbox, env),
        }
        sandbox.world.add_person("anna")
        key = await reprise("key", "create", "test", "--json", env=env)
        chain = Chain(
            sandbox=sandbox,
            env=env,
            directory=directory,
            tunnel=tunnel,
            accounts=accounts,
            key=key.json["fullKey"],
        )
        try:
            await chain.start()
            yield chain
        finally:
            with trio.CancelScope(shield=True):
                await chain._stack.aclose()


async def _graph(sandbox: Sandbox, env: dict[str, str], method: Any) -> Connected:
    person = sandbox.world.add_person(f"by_{method}")
    graph = sandbox.world.connect_graph(person, login_method=method)
    graph.quota_total = 1_000_000
    options = ("--ig-user-id", graph.ig_user_id, "--login-method", method, "--access-token-stdin")
    named = ("account", "add", "--username", person.username, "--json")
    added = await reprise(*named, *options, env=env, stdin=f"{graph.token}\n")
    return Connected(id=added.json["id"], person=person, graph=graph)


async def _private(sandbox: Sandbox, env: dict[str, str]) -> Connected:
    person = sandbox.world.add_person("by_private", password=PASSWORD)
    name = ("--username", person.username)
    added = await reprise("account", "add", *name, "--json", env=env)
    login = ("account", "login", *name, "--password-stdin", "--json")
    done = await reprise(*login, env=env, stdin=f"{PASSWORD}\n")
    assert done.code == 0, done.err
    return Connected(id=added.json["id"], person=person, graph=None)


def _free_port() -> int:
    """A port that outgoing connections do not take while the daemon is down."""
    while True:
        number = random.randint(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
            return number
