"""The bytes that a request carries, and how many of them are moved at a time."""

from __future__ import annotations

from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType

CHUNK = 64 * 1024
_SPOOL_LIMIT = 1024 * 1024


class RequestBody:
    """The bytes of a request: in memory while small, in an unnamed file once they are large.

    Writes go straight to the file: into the page cache they cost less than a hop to a thread.
    """

    def __init__(self, spool: Path) -> None:
        self._file = SpooledTemporaryFile[bytes](max_size=_SPOOL_LIMIT, dir=str(spool))
        self._holders = 1
        self.size = 0

    def write(self, data: bytes | bytearray) -> None:
        self._file.write(bytes(data))
        self.size += len(data)

    def read(self) -> bytes:
        self._file.seek(0)
        return self._file.read()

    def save(self, path: Path) -> None:
        """Copy the bytes to a new file, a piece at a time. Blocks: call it in a thread."""
        self._file.seek(0)
        with path.open("xb") as target:
            while piece := self._file.read(CHUNK):
                target.write(piece)

    def truncate(self, size: int) -> None:
        """Drop all bytes but the first `size`."""
        self._file.truncate(size)
        self.size = min(size, self.size)

    def append_to(self, path: Path) -> None:
        """Add the bytes to the end of a file. Blocks: call it in a thread."""
        self._file.seek(0)
        with path.open("ab") as target:
            while piece := self._file.read(CHUNK):
                target.write(piece)

    def hold(self) -> None:
        """Keep the bytes for somebody else, who has to `close` as well."""
        self._holders += 1

    def close(self) -> None:
        """Let go of the bytes; they are dropped when nobody holds them any more."""
        self._holders -= 1
        if not self._holders:
            self._file.close()

    def __enter__(self) -> RequestBody:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
