"""HTTP/1.1 byte by byte: requests that no client would send, and what comes back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import trio


@dataclass
class RawAnswer:
    """One answer; `is_open` says whether the connection took another request after it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_open: bool = False


PROBE = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class RawClient:
    """Sends bytes to a daemon, each time on a connection of its own."""

    def __init__(self, url: str) -> None:
        self._port = urlsplit(url).port or 80

    async def ask(self, sent: bytes, *, timeout_s: float = 10) -> RawAnswer:
        """Send one request, read its answer, and try the connection again."""
        with trio.fail_after(timeout_s):
            async with await trio.open_tcp_stream("127.0.0.1", self._port) as stream:
                await _send(stream, sent)
                reader = _Reader(stream)
                answer = await reader.answer(is_head=sent.startswith(b"HEAD "))
                if answer.headers.get("connection") == "close":
                    assert not await reader.rest(), "more than one answer"
                else:
                    await _send(stream, PROBE)
                    again = await reader.answer(is_head=False)
                    assert again.status == 200, again
                    answer.is_open = True
                return answer


async def _send(stream: trio.SocketStream, data: bytes) -> None:
    try:
        await stream.send_all(data)
    except trio.BrokenResourceError:
        return  # refused before all of it was there


class _Reader:
    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._data = b""

    async def answer(self, *, is_head: bool) -> RawAnswer:
        while b"\r\n\r\n" not in self._data:
            assert await self._more(), self._data
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", first).group(1))  # type: ignore[union-attr]
        if status == 100:
            return await self.answer(is_head=is_head)
        headers = dict(line.lower().split(": ", 1) for line in lines)
        size = 0 if is_head or status in (204, 304) else int(headers["content-length"])
        while len(self._data) < size:
            assert await self._more(), "the answer is shorter than it says"
        body, self._data = self._data[:size], self._data[size:]
        return RawAnswer(status, headers, body)

    async def rest(self) -> bytes:
        while await self._more():
            pass
        return self._data

    async def _more(self) -> bool:
        try:
            data = await self._stream.receive_some()
        except trio.BrokenResourceError:
            return False
        self._data += data
        return bool(data)
