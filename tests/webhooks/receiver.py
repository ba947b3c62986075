"""A receiver of messages on this machine, which answers as it is told to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio

from tests.support.limits import DEADLOCK_S

FLOOD, HANG, DROP = "flood", "hang", "drop"


@dataclass
class Message:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers with `answer`: a whole response, or one of the ways to misbehave."""

    port: int
    answer: str = "HTTP/1.1 204 N\r\n\r\n"
    messages: list[Message] = field(default_factory=list)
    came: trio.Event = field(default_factory=trio.Event)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/hook"

    def status(self, status: int, *headers: str, body: str = "") -> None:
        lines = "".join(f"{header}\r\n" for header in headers)
        self.answer = f"HTTP/1.1 {status} X\r\n{lines}content-length: {len(body)}\r\n\r\n{body}"

    async def wait_for(self, count: int) -> None:
        with trio.fail_after(DEADLOCK_S):
            while len(self.messages) < count:
                self.came = trio.Event()
                if len(self.messages) < count:
                    await self.came.wait()

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            data = b""
            while b"\r\n\r\n" not in data:
                data += (part := await stream.receive_some(65536))
                if not part:
                    return
            head, _, body = data.partition(b"\r\n\r\n")
            lines = [line.split(":", 1) for line in head.decode().split("\r\n")[1:]]
            headers = {name.lower(): value.strip() for name, value in lines}
            while len(body) < int(headers["content-length"]):
                body += await stream.receive_some(65536)
            self.messages.append(Message(headers, body))
            self.came.set()
            await self._answer(stream)

    async def _answer(self, stream: trio.SocketStream) -> None:
        if self.answer == HANG:
            await trio.sleep_forever()
        elif self.answer == FLOOD:
            await stream.send_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            try:
                while True:
                    await stream.send_all(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            except trio.BrokenResourceError:
                pass
        elif self.answer != DROP:
            await stream.send_all(self.answer.encode())


@asynccontextmanager
async def receivers(count: int = 1) -> AsyncIterator[list[Receiver]]:
    """Run receivers on this machine."""
    async with trio.open_nursery() as nursery:
        opened = []
        for _ in range(count):
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            receiver = Receiver(listener.socket.getsockname()[1])
            nursery.start_soon(trio.serve_listeners, receiver.serve, [listener])
            opened.append(receiver)
        yield opened
        nursery.cancel_scope.cancel()
