"""Requests and responses as values, so that handlers and faults never touch a socket.

The wire (`http1`, `http2`) builds a `Request`, hands it to an `Answer` and sends what comes back.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

from sandbox.wire.request_body import CHUNK, RequestBody

_SLOW_PIECES_PER_SECOND = 20

JsonObject = dict[str, Any]
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are lower case, `path` is decoded and has no query.

    `is_cut` is set when the peer left before all of the body had arrived.
    """

    host: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: RequestBody
    http: str
    connection: int
    is_cut: bool = False

    @classmethod
    def build(
        cls,
        *,
        host: str,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: RequestBody,
        http: str,
        connection: int,
        is_cut: bool = False,
    ) -> Request:
        """A request from what the wire says: `host` may carry a port, `target` a query."""
        path, _, query = target.partition("?")
        return cls(
            host=(host.rpartition(":")[0] or host).lower(),
            method=method,
            path=unquote(path),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            body=body,
            http=http,
            connection=connection,
            is_cut=is_cut,
        )


class Content(Protocol):
    """What a response carries: a known number of bytes that can be made piece by piece."""

    @property
    def length(self) -> int: ...

    def chunks(self, size: int) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes in memory."""

    content: bytes

    @property
    def length(self) -> int:
        return len(self.content)

    def chunks(self, size: int) -> Iterator[bytes]:
        for start in range(0, len(self.content), size):
            yield self.content[start : start + size]


@dataclass(frozen=True, slots=True)
class FilePart:
    """`length` bytes of a file, from `start`."""

    path: Path
    start: int
    length: int

    def chunks(self, size: int) -> Iterator[bytes]:
        remaining = self.length
        with self.path.open("rb") as source:
            source.seek(self.start)
            while remaining and (piece := source.read(min(size, remaining))):
                remaining -= len(piece)
                yield piece


@dataclass(frozen=True, slots=True)
class Filler:
    """As many meaningless bytes as asked for, never all in memory."""

    length: int

    def chunks(self, size: int) -> Iterator[bytes]:
        for start in range(0, self.length, size):
            yield b"\x55" * min(size, self.length - start)


class Ending(Enum):
    """How an answer leaves its connection."""

    COMPLETE = "complete"  # sent in full, the connection may carry the next one
    CLOSE = "close"  # the connection ends here
    RESET = "reset"  # nothing is sent and the peer gets a TCP reset
    HANG = "hang"  # nothing is sent and the connection stays open


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, and what shall go wrong on its way out."""

    status: int = 200
    body: Content = Data(b"")
    headers: Fields = ()
    ending: Ending = Ending.COMPLETE
    sends: int | None = None  # only so many bytes of the body, then the connection closes
    announces: int | None = None  # a Content-Length other than the body's
    has_length: bool = True  # whether there is a Content-Length at all
    bytes_per_second: float | None = None

    @classmethod
    def json(cls, status: int, value: object, headers: Fields = ()) -> Response:
        content = json.dumps(value, separators=(",", ":")).encode()
        return cls(
            status, Data(content), (("content-type", "application/json; charset=utf-8"), *headers)
        )

    @classmethod
    def ok(cls, value: JsonObject | None = None, headers: Fields = ()) -> Response:
        """Instagram's usual success: the object with `status: ok` added."""
        return cls.json(200, {**(value or {}), "status": "ok"}, headers)

    @classmethod
    def fail(cls, status: int, message: str, **more: object) -> Response:
        """Instagram's usual refusal: a message with `status: fail`."""
        return cls.json(status, {"message": message, **more, "status": "fail"})

    def fields(self) -> list[tuple[str, str]]:
        """The headers as they go out, Content-Length included when it is announced."""
        if not self.has_length:
            return list(self.headers)
        length = self.body.length if self.announces is None else self.announces
        return [*self.headers, ("content-length", str(length))]

    def pieces(self) -> Iterator[tuple[bytes, float]]:
        """The body to send, piece by piece, each with the seconds to wait before it."""
        size, pause = CHUNK, 0.0
        if self.bytes_per_second is not None:
            size = max(1, min(CHUNK, int(self.bytes_per_second / _SLOW_PIECES_PER_SECOND)))
            pause = size / self.bytes_per_second
        remaining = self.body.length if self.sends is None else self.sends
        for piece in self.body.chunks(size):
            if remaining <= 0:
                return
            yield piece[:remaining], pause
            remaining -= len(piece)

    @property
    def is_cut(self) -> bool:
        """Whether the connection closes before the body is complete."""
        return self.sends is not None


Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Line:
    """What every request of one connection shares."""

    connection: int
    spool: Path
    hang_up: Callable[[Ending], None]  # ends the connection at once, also for concurrent requests


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that a fault has got hold of: its effect is the fault's to cause, or not."""

    request: Request
    perform: Callable[[], Awaitable[Response]]
    later: Callable[[float], None]  # causes the effect so many seconds from now, peer or no peer
