"""Opening a simulated Cloudflare: its doors on loopback, and `workerd` behind them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path

import httpx
import trio

from sandbox.cloud.account import CloudAccount
from sandbox.cloud.management import PREFIX, Management
from sandbox.cloud.stores import R2, Kv
from sandbox.cloud.tunnel import Tunnel
from sandbox.cloud.workerd import Runtime
from sandbox.graph import auth as graph_auth
from sandbox.server import Port
from sandbox.wire.connection import hang_up
from sandbox.wire.faults import Faults
from sandbox.wire.http1 import Http1
from sandbox.wire.message import Answer, Data, Ending, Exchange, Line, Request, Response

_WORKERS = "/workers/"
_DROPPED = {"host", "connection", "content-length", "transfer-encoding"}


Deliver = Callable[[], Awaitable[Response]]
Way = Callable[[Request, Deliver], Awaitable[Response]]


@dataclass(slots=True)
class Cloudflare:
    """A running one. `url` is where its API is, `worker_url` where an uploaded Worker answers."""

    account: CloudAccount
    kv: Kv
    r2: R2
    asked: list[tuple[str, str, int]]
    _runtime: Runtime
    _port: Port
    _running: str | None = None
    is_down: bool = False
    # What goes wrong with requests to the management API.
    faults: Faults = field(default_factory=Faults)
    # What goes wrong with requests of the Worker to its stores.
    kv_faults: Faults = field(default_factory=Faults)
    r2_faults: Faults = field(default_factory=Faults)
    # What a script is told beside what was uploaded: PACE, the factor on its waits.
    texts: dict[str, str] = field(default_factory=dict)
    # What the way to the Workers does to a request: it delivers it once, never, twice or later.
    way: Way | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port.number}{PREFIX}"

    def worker_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._port.number}{_WORKERS}{name}.{self.account.subdomain}"

    async def run(self, name: str) -> int:
        """Start a script anew, as an upload or a new secret does; returns the milliseconds."""
        await self.halt(name)
        began = time.monotonic()
        self._running = name
        await self.revive()
        return round((time.monotonic() - began) * 1000)

    async def halt(self, _name: str) -> None:
        await self._runtime.kill()
        self._running = None

    async def kill(self) -> None:
        """End the runtime in the middle of whatever it does."""
        await self._runtime.kill()

    def fill(self, is_full: bool = True) -> None:
        """Leave the objects no room on their disk, or give it back."""
        self._runtime.fill(is_full)

    async def revive(self) -> None:
        """Start again what was killed; what it had committed is there."""
        if self._running is not None:
            script = self.account.script(self._running).script()
            await self._runtime.start(replace(script, texts={**script.texts, **self.texts}))

    async def cron(self, at: float | None = None) -> None:
        """Let every schedule come once, at the given seconds since 1970 or now."""
        millis = round((time.time() if at is None else at) * 1000)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            for script in self.account.scripts.values():
                for row in script.schedules:
                    query = {"cron": row["cron"], "at": str(millis)}
                    url = f"{self._runtime.url}/cdn-cgi/handler/scheduled"
                    (await client.get(url, params=query)).raise_for_status()

    async def forward(self, request: Request) -> Response:
        """Pass a request on to the Worker, as Cloudflare's edge does."""
        name, _, path = request.path.removeprefix(_WORKERS).partition("/")
        if self.is_down or name.partition(".")[0] != self._running:
            return Response(530, Data(b"error code: 1042"))
        deliver = partial(self._deliver, request, request.body.read(), path)
        return await (deliver() if self.way is None else self.way(request, deliver))

    async def _deliver(self, request: Request, content: bytes, path: str) -> Response:
        headers = {k: v for k, v in request.headers.items() if k not in _DROPPED}
        async with httpx.AsyncClient(trust_env=False, timeout=120) as client:
            try:
                answer = await client.request(
                    request.method,
                    f"{self._runtime.url}/{path}",
                    params=request.query,
                    headers=headers,
                    content=content,
                )
            except httpx.HTTPError:
                return Response(502, Data(b"the Worker was ended"))
        kept = tuple((k, v) for k, v in answer.headers.items() if k.lower() not in _DROPPED)
        announces = None
        if request.method == "HEAD":
            announces = int(answer.headers.get("content-length", 0))
        return Response(answer.status_code, Data(answer.content), kept, announces=announces)


@asynccontextmanager
async def open_cloudflare(
    directory: Path, program: Path, *, proxy_url: str, ca_file: Path, port: int = 0
) -> AsyncIterator[Cloudflare]:
    """Run a simulated Cloudflare whose Workers reach the simulated Instagram behind `proxy_url`."""
    for name in ("kv", "r2", "spool"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    kv, r2 = Kv(directory / "kv"), R2(directory / "r2")
    tunnels = [Tunnel(proxy_url, host) for host in sorted(graph_auth.HOSTS)]
    stores, door = Port(0), Port(port)
    spool = directory / "spool"
    async with trio.open_nursery() as nursery:
        for tunnel in tunnels:
            await nursery.start(tunnel.run)
        hosts = {
            host: each.port for host, each in zip(sorted(graph_auth.HOSTS), tunnels, strict=True)
        }
        runtime = Runtime(program, directory / "workerd", ca_file, stores.number, hosts)
        cloud = Cloudflare(CloudAccount(), kv, r2, [], runtime, door)
        management = Management(cloud.account, cloud, kv, r2, cloud.asked)

        async def at_the_door(request: Request) -> Response:
            if request.path.startswith(_WORKERS):
                return await cloud.forward(request)
            return await _troubled(cloud.faults, request, management.answer)

        async def in_store(request: Request) -> Response:
            if request.headers.get("x-store") == "kv":
                return await _troubled(cloud.kv_faults, request, kv.answer)
            return await _troubled(cloud.r2_faults, request, r2.answer)

        numbers = count(1)
        nursery.start_soon(stores.serve, partial(_serve, in_store, spool, numbers))
        nursery.start_soon(door.serve, partial(_serve, at_the_door, spool, numbers))
        try:
            yield cloud
        finally:
            with trio.CancelScope(shield=True):
                await runtime.kill()
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_management(directory: Path, account: CloudAccount) -> AsyncIterator[Api]:
    """Run the management API of an account alone: what is uploaded there is kept and not run."""
    for name in ("kv", "r2", "spool"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    kv, r2 = Kv(directory / "kv"), R2(directory / "r2")
    api = Api(account, r2, Port(0))
    management = Management(account, _Shelf(), kv, r2, api.asked)

    async def at_the_door(request: Request) -> Response:
        return await _troubled(api.faults, request, management.answer)

    async with trio.open_nursery() as nursery:
        serving = partial(_serve, at_the_door, directory / "spool", count(1))
        nursery.start_soon(api.port.serve, serving)
        yield api
        nursery.cancel_scope.cancel()


@dataclass(slots=True)
class Api:
    """A management API without anything behind it."""

    account: CloudAccount
    r2: R2
    port: Port
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port.number}{PREFIX}"


class _Shelf:
    async def run(self, _name: str) -> int:
        return 1

    async def halt(self, _name: str) -> None:
        pass


async def _troubled(faults: Faults, request: Request, answer: Answer) -> Response:
    """Answer a request, unless a fault does."""
    fault = faults.strike(request, None)
    if fault is None:
        return await answer(request)
    return await fault.kind.answer(Exchange(request, partial(answer, request), _never))


def _never(_seconds: float) -> None:
    """A management API does nothing later."""


async def _serve(
    answer: Answer, spool: Path, numbers: count[int], stream: trio.SocketStream
) -> None:
    line = Line(next(numbers), spool, partial(hang_up, stream))
    try:
        await Http1(stream, line).serve(answer)
    except* (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # the peer has left
    finally:
        hang_up(stream, Ending.CLOSE)
