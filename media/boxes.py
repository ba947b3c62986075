"""How an MP4 is laid out: what comes first in it, and whether it has edit lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_MOST_BOXES = 100_000  # a file of nothing but boxes must not keep us for ever
_PATH = (b"moov", b"trak")  # the boxes that are looked into


@dataclass(frozen=True, slots=True)
class BoxOrder:
    """What Instagram wants to know of an MP4's boxes."""

    index_first: bool  # moov before mdat, and no fragments
    edit_lists: bool


def read_layout(path: Path) -> BoxOrder:
    """Walk the boxes of an MP4 or MOV without reading what is in them."""
    with path.open("rb") as file:
        names = [
            name for name, _ in zip(_boxes(file, 0, None, _PATH), range(_MOST_BOXES), strict=False)
        ]
    first = next((name for name in names if name in (b"moov", b"mdat", b"moof")), None)
    return BoxOrder(
        index_first=first == b"moov" and b"moof" not in names,
        edit_lists=b"edts" in names,
    )


def _boxes(
    file: IO[bytes], begin: int, end: int | None, path: tuple[bytes, ...]
) -> Iterator[bytes]:
    """Yield the names of the boxes between two places, and of those inside along the path."""
    while end is None or begin + 8 <= end:
        file.seek(begin)
        head = file.read(16)
        if len(head) < 8:
            return
        length, name, inner = int.from_bytes(head[:4], "big"), head[4:8], begin + 8
        if length == 1:  # the real length does not fit into 32 bits
            length, inner = int.from_bytes(head[8:16], "big"), begin + 16
        yield name
        if length < inner - begin:  # 0 is "until the end of the file"; anything else is nonsense
            return
        if name in path[:1]:
            yield from _boxes(file, inner, begin + length, path[1:])
        begin += length
