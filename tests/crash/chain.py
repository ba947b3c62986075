"""One data directory, one daemon after another on it, and what they leave at Instagram."""

from __future__ import annotations

import random
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

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
    client: httpx.AsyncClient
    has_reposters: bool = False
    accounts: dict[str, Connected] = field(default_factory=dict)
    kills: int = 0
    _daemon: Daemon | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    async def start(self) -> None:
        """Start the daemon, on the port it always has."""
        assert self._daemon is None
        one = running(self.env, self.directory / "log")
        self._daemon = await self._stack.enter_async_context(one)

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
        answer = await self.client.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def upload(self, file: Path, content_type: str) -> str:
        """Upload a file; returns its id."""
        content = (file.name, file.read_bytes(), content_type)
        answer = await self.client.post("/api/v1/media/upload", files={"file": content})
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
async def open_chain(
    sandbox: Sandbox, directory: Path, clock: Mapping[str, str] | None = None
) -> AsyncIterator[Chain]:
    """Start the first daemon and connect an account each way.

    `clock` is added to the daemons' environment; such a chain is a long one, and has two more
    accounts, for reposts.
    """
    async with AsyncExitStack() as stack:
        tunnel = await stack.enter_async_context(open_tunnel())
        tunnel.to = _free_port()
        env = environment(
            directory,
            sandbox,
            REPRISE_PORT=str(tunnel.to),
            REPRISE_PUBLIC_URL=tunnel.url,
            RATE_LIMIT_RPM="1000000",
            RATE_LIMIT_RPH="1000000",
        )
        key = (await reprise("key", "create", "test", "--json", env=env)).json["fullKey"]
        env |= clock or {}
        client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{tunnel.to}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=DEADLOCK_S,
            trust_env=False,
        )
        chain = Chain(
            sandbox=sandbox,
            env=env,
            directory=directory,
            tunnel=tunnel,
            client=await stack.enter_async_context(client),
            has_reposters=clock is not None,
        )
        sandbox.world.add_person("anna")
        try:
            await chain.start()
            await _connect_all(chain)
            yield chain
        finally:
            with trio.CancelScope(shield=True):
                await chain._stack.aclose()


async def _connect_all(chain: Chain) -> None:
    await _connect(chain, "instagram", graph="instagram")
    await _connect(chain, "facebook", graph="facebook")
    await _connect(chain, "private", login=True)
    if chain.has_reposters:
        # It looks by the Private API and publishes by the official one.
        await _connect(chain, "both", graph="instagram", login=True)
        await _connect(chain, "watcher", login=True)


async def _connect(
    chain: Chain,
    name: str,
    *,
    graph: Literal["instagram", "facebook"] | None = None,
    login: bool = False,
) -> None:
    person = chain.sandbox.world.add_person(f"by_{name}", password=PASSWORD)
    half, body = None, {"username": person.username}
    if graph is not None:
        half = chain.sandbox.world.connect_graph(person, login_method=graph, expires_in=None)
        half.quota_total = 1_000_000
        body |= {"igUserId": half.ig_user_id, "loginMethod": graph, "accessToken": half.token}
    account_id = (await chain.call("POST", "/auth/accounts", body))["id"]
    if login:
        body = {"igUsername": person.username, "igPassword": PASSWORD}
        await chain.call(
            "POST", "/settings/private-api-credentials", {"accountId": account_id, **body}
        )
    chain.accounts[name] = Connected(id=account_id, person=person, graph=half)


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
