"""Uploads that would take much memory take little, one by one and together."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from tests.support.raw_uploads import BOUNDARY, END, Uploads, part, uploading
from tests.support.thinned import sparing

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def uploads(sandbox_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Uploads]:
    with uploading(tmp_path_factory.mktemp("uploads"), sandbox_keys) as found:
        yield found


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + checksum


def png(width: int, height: int, *, rows: int, extra: bytes = b"") -> bytes:
    """Return a black and white PNG that has only its first `rows`."""
    header = b"".join(side.to_bytes(4, "big") for side in (width, height)) + b"\x01\0\0\0\0"
    pixels = zlib.compress(bytes(1 + (width + 7) // 8) * rows, 9)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def unpacking(kind: bytes) -> bytes:
    """Return a small PNG with a chunk of 300 MB."""
    return png(400, 500, rows=500, extra=chunk(kind, b"a\0\0" + zlib.compress(bytes(300 * MIB), 1)))


# Made when they are needed: that takes seconds.
BOMBS: dict[str, Callable[[], bytes]] = {
    "more pixels than anybody's memory": lambda: png(100_000, 100_000, rows=1),
    "a whole picture of 900 megapixels": lambda: png(30_000, 30_000, rows=30_000),
    "a text that unpacks to 300 MB": lambda: unpacking(b"zTXt"),
    "a colour profile that unpacks to 300 MB": lambda: unpacking(b"iCCP"),
}


@pytest.mark.parametrize("bomb", sparing(BOMBS, every=2))
def test_small_files_that_unpack_to_much(uploads: Uploads, bomb: str) -> None:
    content = BOMBS[bomb]()
    assert len(content) < 2 * MIB
    uploads.send(part(content) + END)
    assert uploads.daemon.peak_memory() < 800 * MIB


@pytest.mark.acceptance
def test_large_photos_are_decoded_one_after_the_other(uploads: Uploads) -> None:
    content = io.BytesIO()
    Image.new("RGBA", (4000, 4000), (1, 2, 3, 100)).save(content, "PNG")
    body = part(content.getvalue()) + END
    uploads.send(body)
    alone = uploads.daemon.peak_memory()
    with ThreadPoolExecutor(4) as threads:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        answers = list(threads.map(lambda _: uploads.post(body, kind), range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert uploads.daemon.peak_memory() < 1.5 * alone
