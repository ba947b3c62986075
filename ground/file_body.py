"""A file as the body of a request, read piece by piece in a thread."""

from __future__ import annotations

from pathlib import Path

import trio

_PIECE = 256 * 1024


class FileBody:
    """A file from `first` on, of `size` bytes or to its end; it can be sent again.

    Raises `OSError` where it cannot be read.
    """

    def __init__(self, path: Path, first: int = 0, size: int | None = None) -> None:
        self._path, self._first, self._size = path, first, size

    def __aiter__(self) -> _Pieces:
        return _Pieces(self._path, self._first, self._size)


class _Pieces:
    """Between two pieces the file is not open: whoever breaks off has nothing to close."""

    def __init__(self, path: Path, first: int, size: int | None) -> None:
        self._path, self._at, self._left = path, first, size

    def __aiter__(self) -> _Pieces:
        return self

    async def __anext__(self) -> bytes:
        most = _PIECE if self._left is None else min(_PIECE, self._left)
        piece = await trio.to_thread.run_sync(_read, self._path, self._at, most)
        if not piece:
            raise StopAsyncIteration
        self._at += len(piece)
        if self._left is not None:
            self._left -= len(piece)
        return piece


def _read(path: Path, first: int, most: int) -> bytes:
    with path.open("rb") as file:
        file.seek(first)
        return file.read(most)
