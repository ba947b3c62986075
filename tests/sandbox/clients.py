"""The clients that talk to the sandbox in these tests: aiograpi, httpx, and a bare HTTP/2 one."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiograpi
import anyio._backends._asyncio
import h2.config
import h2.connection
import h2.events
import httpx
import pytest
import trio
import trio_asyncio

from sandbox import Sandbox
from sandbox.world.person import Person
from tests.support.limits import DEADLOCK_S

# trio-asyncio replaces these when it is imported. Anyio's pytest plugin has taken the originals
# before that, and httpx would not find the loop under it.
for _name in ("get_running_loop", "current_task"):
    vars(anyio._backends._asyncio)[_name] = getattr(asyncio, _name)

# aiograpi's own use of httpx is of yesterday.
AIOGRAPI = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

API = "https://i.instagram.com"


@asynccontextmanager
async def asyncio_loop() -> AsyncIterator[None]:
    """A loop for aiograpi, in which curl's timers and stray errors do no harm."""
    async with trio_asyncio.open_loop() as loop:
        call_later = loop.call_later

        def clamped(delay: float, callback: Callable[..., object], *args: Any, **more: Any) -> Any:
            return call_later(max(0, delay), callback, *args, **more)

        loop.call_later = clamped
        loop.set_exception_handler(lambda _loop, _context: None)
        yield


class App:
    """An aiograpi client whose methods are called from Trio: `await app("login", name, word)`."""

    def __init__(
        self, sandbox: Sandbox, settings: dict[str, Any] | None = None, **more: Any
    ) -> None:
        self.client = aiograpi.Client(
            settings=settings,
            proxy=sandbox.proxy_url,
            tls_verify=str(sandbox.ca_file),
            request_timeout=0,
            **more,
        )
        self.client.small_delay = _nothing

    async def __call__(self, method: str, *args: Any, **more: Any) -> Any:
        return await trio_asyncio.aio_as_trio(getattr(self.client, method))(*args, **more)

    async def post(self, url: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        """Bytes through the client's own transport, which is curl and HTTP/2."""
        session = self.client.private
        response: httpx.Response = await trio_asyncio.aio_as_trio(session.post)(
            url, data=content, headers=headers
        )
        return response

    async def login(self, person: Person, **more: Any) -> bool:
        result: bool = await self("login", person.username, person.password, **more)
        return result

    def settings(self) -> dict[str, Any]:
        """The settings as a daemon would keep them: copied, without the test's own certificate."""
        kept: dict[str, Any] = json.loads(json.dumps(self.client.get_settings()))
        return {name: value for name, value in kept.items() if name != "tls_verify"}

    async def close(self) -> None:
        for session in (self.client.private, self.client.public, self.client.graphql):
            await trio_asyncio.aio_as_trio(session._close)()


async def _nothing(*args: object, **more: object) -> None:
    pass


def trusting(sandbox: Sandbox) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(sandbox.ca_file))


def plain_client(sandbox: Sandbox, **more: Any) -> httpx.AsyncClient:
    """HTTP/1.1 through the proxy."""
    return httpx.AsyncClient(
        proxy=sandbox.proxy_url, verify=trusting(sandbox), timeout=DEADLOCK_S, **more
    )


def logged_in(sandbox: Sandbox, person: Person) -> dict[str, str]:
    """Headers with a fresh session of that person."""
    return {"authorization": sandbox.world.sessions.open(person).bearer}


def upload_headers(upload_id: str, name: str, size: int) -> dict[str, str]:
    """What has to stand beside the uploaded bytes of a story."""
    return {
        "x-instagram-rupload-params": json.dumps({"upload_id": upload_id, "for_album": "1"}),
        "x-entity-name": name,
        "x-entity-length": str(size),
        "offset": "0",
    }


async def upload_photo(
    client: httpx.AsyncClient, path: Path, upload_id: str = "1001"
) -> httpx.Response:
    content, name = path.read_bytes(), f"{upload_id}_0_7"
    headers = upload_headers(upload_id, name, len(content))
    return await client.post(f"{API}/rupload_igphoto/{name}", content=content, headers=headers)


async def configure(
    client: httpx.AsyncClient, upload_id: str = "1001", *, video: bool = False, **fields: object
) -> httpx.Response:
    """Send the configure request with a signed body."""
    body = {"signed_body": "SIGNATURE." + json.dumps({"upload_id": upload_id, **fields})}
    query = "?video=1" if video else ""
    return await client.post(f"{API}/api/v1/media/configure_to_story/{query}", data=body)


@asynccontextmanager
async def open_tunnel(
    sandbox: Sandbox, host: str = "i.instagram.com", alpn: str = "h2"
) -> AsyncIterator[trio.SSLStream[trio.SocketStream]]:
    """A bare TLS stream to a host that the sandbox plays."""
    port = int(sandbox.proxy_url.rpartition(":")[2])
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    try:
        await stream.send_all(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        answer = await stream.receive_some()
        assert answer.startswith(b"HTTP/1.1 200"), answer
        context = trusting(sandbox)
        context.set_alpn_protocols([alpn])
        tls = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
        await tls.do_handshake()
        yield tls
    finally:
        await trio.aclose_forcefully(stream)


class BareHttp2:
    """An HTTP/2 client of which every frame is the test's decision."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.conn = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        )
        self.conn.initiate_connection()
        self.status: dict[int, str] = {}
        self.bodies: dict[int, bytearray] = {}
        self.ended: list[int] = []

    def request(
        self,
        path: str,
        *,
        method: str = "GET",
        host: str = "i.instagram.com",
        end: bool = True,
        **headers: str,
    ) -> int:
        number = self.conn.get_next_available_stream_id()
        pseudo = [(":method", method), (":scheme", "https"), (":authority", host), (":path", path)]
        self.conn.send_headers(number, [*pseudo, *headers.items()], end_stream=end)
        return number

    async def send(self) -> None:
        await self.stream.send_all(self.conn.data_to_send())

    async def receive_until(self, done: Callable[[], bool], *, acknowledge: bool = True) -> None:
        """Read frames until `done` holds; without acknowledging, the window runs out."""
        await self.send()
        while not done():
            data = await self.stream.receive_some()
            if not data:
                raise EOFError
            for event in self.conn.receive_data(data):
                self._take(event, acknowledge)
            await self.send()

    def _take(self, event: h2.events.Event, acknowledge: bool) -> None:
        match event:
            case h2.events.ResponseReceived(stream_id=number, headers=headers):
                self.status[number] = next(str(v) for n, v in headers if str(n) == ":status")
            case h2.events.DataReceived(stream_id=number, data=data):
                self.bodies.setdefault(number, bytearray()).extend(data)
                if acknowledge:
                    self.conn.acknowledge_received_data(event.flow_controlled_length, number)
            case h2.events.StreamEnded(stream_id=number):
                self.ended.append(number)
