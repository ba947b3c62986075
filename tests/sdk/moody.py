"""A server with moods in front of the daemon: it refuses, or loses the answer after the effect."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import trio

from tests.support.served import Served

Mood = int | str | None

_ANSWER = (
    b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
    b"connection: close\r\n%s\r\n"
)


@dataclass
class Moody:
    """`moods` are for the next requests, one each: a status, `lost`, or `proxy` (the answer is lost
    by one that says 502); then it passes all on.

    A `stranger` knows neither events nor idempotency keys, as VoidGram's own server; what it says
    instead of events is its mood too: a status, or `page`, as servers of applications do.
    """

    served: Served
    port: int = 0
    moods: list[Mood] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    stranger: bool = False
    more: dict[str, object] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            with suppress(trio.BrokenResourceError):
                await self._answer(stream)

    async def _answer(self, stream: trio.SocketStream) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            part = await stream.receive_some(65536)
            if not part:
                return
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (each.partition(":") for each in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += await stream.receive_some(65536)
        method, path, _ = first.split()
        self.seen.append(f"{method} {path.partition('?')[0].removeprefix('/api/v1')}")
        mood = self.moods.pop(0) if self.moods else None
        if isinstance(mood, int):
            said = json.dumps({"error": "no", "code": "RATE_LIMITED", "status": mood}).encode()
            await stream.send_all(_ANSWER % (mood, len(said), b"retry-after: 0\r\n") + said)
            return
        if self.stranger:
            headers.pop("idempotency-key", None)
            path = path.replace("/events", "/nothing")
        if mood == "page":
            await stream.send_all(_ANSWER % (200, 6, b"") + b"<html>")
            return
        headers["host"] = "localhost"
        answer = await self.served.client.request(method, path, headers=headers, content=body)
        if mood == "lost":
            return
        if mood == "proxy":
            await stream.send_all(_ANSWER % (502, 6, b"") + b"<html>")
            return
        said = answer.content
        if self.more and answer.headers["content-type"] == "application/json":
            said = json.dumps({**answer.json(), **self.more}).encode()
        await stream.send_all(_ANSWER % (answer.status_code, len(said), b"") + said)


@asynccontextmanager
async def open_moody(served: Served) -> AsyncIterator[Moody]:
    """Run one for as long as the block is open."""
    moody = Moody(served)
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    moody.port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, moody.serve, [listener])
        yield moody
        nursery.cancel_scope.cancel()
