"""A tiny app behind our listener, talked to byte by byte."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
import trio
from quart import request
from quart_trio import QuartTrio

from api.encryption import Encryption
from api.listen import AtOnce, open_sockets, serve
from serving.body import BoundedRequest
from tests.support.limits import DEADLOCK_S

KEEP_ALIVE_S = 0.3


class Server:
    """A served app; `streamed` counts the parts that `/stream` has given away."""

    def __init__(self, sockets: list[socket.socket], shutdown: trio.Event) -> None:
        self.sockets = sockets
        self.port = sockets[0].getsockname()[1]
        self.shutdown = shutdown
        self.streamed = 0
        self.given_up = trio.Event()

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def talk(self, data: bytes) -> bytes:
        """Send bytes and return all that comes until the server closes."""
        async with await self.connect() as stream:
            await stream.send_all(data)
            with trio.fail_after(DEADLOCK_S):
                return await receive_all(stream)

    async def is_alive(self) -> bool:
        url = f"http://127.0.0.1:{self.port}/"
        async with httpx.AsyncClient(trust_env=False, timeout=DEADLOCK_S) as client:
            return (await client.get(url)).text == "hello"


async def receive_all(stream: trio.abc.ReceiveStream) -> bytes:
    data = b""
    while chunk := await stream.receive_some():
        data += chunk
    return data


@asynccontextmanager
async def open_tiny_server(
    keep_alive_s: float = KEEP_ALIVE_S,
    *,
    grace_s: float = 1,
    encryption: Encryption | None = None,
    at_once: AtOnce | None = None,
) -> AsyncIterator[Server]:
    sockets = open_sockets("127.0.0.1", 0)
    server = Server(sockets, trio.Event())
    tiny = partial(
        serve,
        _app(server),
        sockets,
        shutdown=server.shutdown,
        grace_s=grace_s,
        encryption=encryption,
        at_once=at_once,
        keep_alive_s=keep_alive_s,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(tiny)
        yield server
        server.shutdown.set()


def _app(server: Server) -> QuartTrio:
    app = QuartTrio("tiny")
    app.request_class = BoundedRequest
    app.config["RESPONSE_TIMEOUT"] = 0.01

    @app.get("/")
    async def hello() -> str:
        return "hello"

    @app.get("/scheme")
    async def scheme() -> str:
        return request.scheme

    @app.get("/slow")
    async def slow() -> str:
        await trio.sleep(0.2)
        return "slow"

    @app.get("/held")
    async def held() -> str:
        await trio.sleep(3600)
        return ""

    @app.get("/large")
    async def large() -> bytes:
        return b"x" * 50_000_000

    @app.get("/nothing")
    async def nothing() -> tuple[str, int]:
        return "", 204

    @app.get("/stream")
    async def stream() -> AsyncIterator[bytes]:
        padding = b"." * int(request.args.get("padding", 0))

        async def parts() -> AsyncIterator[bytes]:
            try:
                for number in range(5):
                    server.streamed += 1
                    yield b"part %d " % number + padding
                    await trio.sleep(0.02)
            finally:
                server.given_up.set()

        return parts()

    @app.post("/echo")
    async def echo() -> bytes:
        data = await request.get_data()
        assert isinstance(data, bytes)
        return data

    @app.post("/refused")
    async def refused() -> str:
        return "no, thank you"

    @app.post("/wait")
    async def wait() -> str:
        try:
            await trio.sleep_forever()
        finally:
            server.given_up.set()

    return app
