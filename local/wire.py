"""One question and one answer per connection: a line of JSON each way, and a file after the first.

→ {"operation": "publish_post", "target": "", "given": {…}, "bytes": 0, "version": "0.1.0",
   "idempotencyKey": null, "person": null}
→ {"asks": "publish_post", "guest": {"via": "agent", "scopes": "posts:read"}, …}   for less than
   all that the owner may; the other word, so that an older daemon takes no guest for the owner
  "tells": true says that whoever asks reads lines of what is done meanwhile, before the answer:
← {"tells": "…"}
← {"answer": {…}, "replayed": false, "warning": null, "version": "0.1.0", "scopes": null}
   or   {"refused": {"code": …, "message": …}, …}
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import orjson
import trio

SOCKET_FILE = "reprise.sock"
LONGEST_LINE = 64 * 1024 * 1024
_PIECE = 1024 * 1024


_LONGEST_PATH = 100  # a socket's address has room for 104 bytes on macOS, 108 on Linux


@contextmanager
def address_in(directory: Path) -> Iterator[str]:
    """Yield an address of the socket in a directory that is short enough for one."""
    path = directory / SOCKET_FILE
    if len(bytes(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    # Of a sandbox the directory for what is temporary lies as deep as its data.
    is_deep = len(gettempdir()) > _LONGEST_PATH - len("/reprise-12345678/d/reprise.sock")
    with TemporaryDirectory(prefix="reprise-", dir="/tmp" if is_deep else None) as beside:  # noqa: S108 - its own, 0700
        link = Path(beside) / "d"
        link.symlink_to(directory.absolute(), target_is_directory=True)
        yield str(link / SOCKET_FILE)


class Garbled(Exception):
    """The other side broke off, or what it sent is no line of this protocol."""


@dataclass(slots=True)
class Line:
    """Reads one line from a stream, and then the bytes that follow it."""

    stream: trio.abc.ReceiveStream
    _left: bytes = b""

    async def read(self) -> dict[str, Any]:
        """Return the line as a JSON object; raises `Garbled`."""
        parts: list[bytes] = []
        length = 0
        while True:
            part = await self.stream.receive_some(_PIECE)
            head, end, rest = bytes(part).partition(b"\n")
            parts.append(head)
            length += len(head)
            if end:
                self._left = rest
                break
            if not part or length > LONGEST_LINE:
                raise Garbled("it broke off")
        try:
            found = orjson.loads(b"".join(parts))
        except orjson.JSONDecodeError:
            raise Garbled("it is no JSON") from None
        if not isinstance(found, dict):
            raise Garbled("it is no object")
        return found

    async def body(self, size: int) -> AsyncIterator[bytes]:
        """Yield the `size` bytes after the line; raises `Garbled` when they end early."""
        while size > 0:
            part = self._left or bytes(await self.stream.receive_some(min(size, _PIECE)))
            self._left = b""
            if not part:
                raise Garbled("the file broke off")
            part, self._left = part[:size], part[size:]
            size -= len(part)
            yield part


async def send(stream: trio.abc.SendStream, message: dict[str, Any]) -> None:
    """Send one line."""
    await stream.send_all(orjson.dumps(message) + b"\n")
