"""Any bytes as an upload: a media file or a clear refusal, and nothing is left over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.raw_uploads import BOUNDARY, END, Uploads, part, uploading

SHARED: Any = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
SHORT = settings(derandomize=True, **SHARED)


@pytest.fixture(scope="module")
def uploads(sandbox_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Uploads]:
    with uploading(tmp_path_factory.mktemp("uploads"), sandbox_keys) as found:
        yield found


@st.composite
def damaged(draw: st.DrawFn, kinds: list[str], files: dict[str, bytes]) -> bytes:
    """Return a real file: whole, cut off, with other bytes in it, or with something after it."""
    content = bytearray(files[draw(st.sampled_from(kinds))])
    match draw(st.sampled_from(["whole", "cut", "changed", "longer"])):
        case "cut":
            del content[draw(st.integers(0, len(content))) :]
        case "changed":
            for _ in range(draw(st.integers(1, 8))):
                at = draw(st.integers(0, len(content) - 1))
                content[at : at + 1] = draw(st.binary(min_size=1, max_size=9))
        case "longer":
            content += draw(st.binary(min_size=1, max_size=99))
    return bytes(content)


def any_photo(uploads: Uploads, data: st.DataObject) -> None:
    """Upload bytes that are, or were, or look like a photo, under any name."""
    photos = ["JPEG", "PNG", "WEBP", "AVIF"]
    magic = st.sampled_from([uploads.samples[kind][:16] for kind in photos])
    content = data.draw(
        damaged(photos, uploads.samples)
        | st.binary(max_size=300)
        | st.builds(bytes.__add__, magic, st.binary(max_size=300)),
        label="content",
    )
    name = data.draw(
        st.text(max_size=60)
        | st.sampled_from(["../../x", "..\\x", "/etc/passwd", "\0", "a" * 10_000, "\u202egpj.exe"]),
        label="name",
    ).translate({ord(c): None for c in '"\r\n\\'})
    uploads.send(part(content, f'name="file"; filename="{name}"') + END)


def any_video(uploads: Uploads, data: st.DataObject) -> None:
    """Upload a video that may be damaged."""
    videos = ["mp4", "mov", "mkv", "avi"]
    content = data.draw(damaged(videos, uploads.samples), label="content")
    uploads.send(part(content, more="Content-Type: image/jpeg\r\n") + END)


def any_multipart(uploads: Uploads, data: st.DataObject) -> None:
    """Upload a multipart body whose pieces are in disorder."""
    photo = part(uploads.samples["JPEG"])
    pieces = st.sampled_from(
        [
            photo,
            END,
            part(b"text", 'name="caption"'),
            part(b"", 'name="file"; filename=""'),
            part(uploads.samples["JPEG"], 'name="file"'),
            part(uploads.samples["JPEG"], 'filename="a.jpg"'),
            part(b"x", "name=file; filename*=UTF-8''%ff%00"),
            photo.replace(b"\r\n", b"\n", 3),
            photo[: len(photo) // 2],
            f"--{BOUNDARY}\r\n\r\n".encode(),
            f"--{BOUNDARY}\r\nContent-Disposition: \xff\r\n\r\nx\r\n".encode("latin-1"),
            b"--" + b"-" * 500,
            b"\r\n",
        ]
    )
    body = b"".join(data.draw(st.lists(pieces | st.binary(max_size=30), max_size=6), label="body"))
    form = "multipart/form-data"
    kinds = [f"{form}; boundary={BOUNDARY}"] * 6 + [
        form,
        f"{form}; boundary=",
        f'{form}; boundary="{"x" * 5000}"',
        f"{form}; boundary=other",
        "application/json",
        "image/jpeg",
    ]
    uploads.send(body, data.draw(st.sampled_from(kinds), label="type"))


@settings(SHORT, max_examples=40)
@given(data=st.data())
def test_any_photo(uploads: Uploads, data: st.DataObject) -> None:
    any_photo(uploads, data)


@settings(SHORT, max_examples=8)
@given(data=st.data())
def test_any_video(uploads: Uploads, data: st.DataObject) -> None:
    any_video(uploads, data)


@settings(SHORT, max_examples=40)
@given(data=st.data())
def test_any_multipart(uploads: Uploads, data: st.DataObject) -> None:
    any_multipart(uploads, data)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("kind", "examples"), [(any_photo, 5_000), (any_video, 500), (any_multipart, 5_000)]
)
def test_any_upload_for_long(uploads: Uploads, kind: Any, examples: int) -> None:
    settings(max_examples=examples, **SHARED)(given(st.data())(lambda data: kind(uploads, data)))()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../x.jpg", "x.jpg"),
        ("C:\\\\photos\\\\x.jpg", "x.jpg"),
        ("a\0b.jpg", "ab.jpg"),
        ("n" * 10_000, "n" * 255),
        ("sømmer☀️.jpg", "sømmer☀️.jpg"),
        ("/", "upload"),
    ],
)
def test_names_are_for_showing_only(uploads: Uploads, name: str, kept: str) -> None:
    found = uploads.send(part(uploads.samples["JPEG"], f'name="file"; filename="{name}"') + END)
    assert found["originalFilename"] == kept
    assert found["storagePath"].startswith(found["storagePath"][3:5] + "/")
