"""An answer as operations give it: a status, headers, and its bytes or a stream of them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache

JSON = "application/json"


@dataclass(slots=True)
class Answer:
    """One answer; headers in the order in which they are sent."""

    body: bytes | AsyncIterator[bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headers.setdefault("Content-Type", JSON)

    def as_bytes(self) -> bytes:
        """Return it as HTTP/1.1, as h11 would write it; a stream is not written at once."""
        assert isinstance(self.body, bytes)
        lines = [f"{name}: {value}\r\n" for name, value in self.headers.items()]
        head = (
            f"HTTP/1.1 {self.status} \r\n{''.join(lines)}content-length: {len(self.body)}\r\n"
            f"date: {_date(int(time.time()))}\r\n\r\n"
        )
        return head.encode("latin-1") + self.body


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
