"""Files as bodies of requests."""

from __future__ import annotations

import os
from pathlib import Path

from ground.file_body import FileBody

MB = 1_000_000


def is_open(path: Path) -> bool:
    return any(one.resolve() == path for one in Path("/proc/self/fd").iterdir())


async def test_a_part_is_read_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content := os.urandom(MB))
    for body, wanted in (
        (FileBody(path), content),
        (FileBody(path, 400_000), content[400_000:]),
        (FileBody(path, 10, 500_000), content[10:500_010]),
        (FileBody(path, MB), b""),
    ):
        for _again in range(2):
            assert b"".join([piece async for piece in body]) == wanted


async def test_a_body_that_is_broken_off_leaves_no_file_open(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(MB))
    pieces = aiter(FileBody(path))
    assert await anext(pieces)
    assert not is_open(path)
