from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from media.sniff import FileType, sniff
from tests.media.samples import make_video


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
def test_photos_are_known_by_their_bytes(tmp_path: Path, name: str) -> None:
    path = tmp_path / "story.mp4"
    Image.new("RGB", (32, 32), "red").save(path, name)

    kind = sniff(path)

    assert kind is FileType[name]
    assert kind.is_photo
    assert not kind.is_video
    assert kind.mime == f"image/{name.lower()}"


@pytest.mark.parametrize(
    ("suffix", "codec", "mime"),
    [
        ("mp4", "libx264", "video/mp4"),
        ("mov", "libx264", "video/quicktime"),
        ("mkv", "libx264", "video/x-matroska"),
        ("webm", "libvpx-vp9", "video/webm"),
        ("avi", "mpeg4", "video/x-msvideo"),
    ],
)
def test_videos_are_known_by_their_bytes(
    tmp_path: Path, suffix: str, codec: str, mime: str
) -> None:
    made = make_video(tmp_path / f"a.{suffix}", codec=codec, sound=None, seconds=0.1)
    path = made.rename(tmp_path / "story.jpg")

    kind = sniff(path)

    assert kind is not None
    assert kind.is_video
    assert (kind.value, kind.mime, kind.suffix) == (suffix, mime, f".{suffix}")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", FileType.HEIC),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", FileType.AVIF),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", FileType.MOV),
        (b"\0\0\0\x08wide\0\0\0\0mdat", FileType.MOV),
        (b"\0\0\0\x1cftypisom\0\0\x02\0isomiso2mp41", FileType.MP4),
        (b"", None),
        (b"\xff\xd8", None),
        (b"<!DOCTYPE html><html>", None),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", None),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"%PDF-1.7", None),
    ],
)
def test_heads(tmp_path: Path, head: bytes, kind: FileType | None) -> None:
    path = tmp_path / "story.jpg"
    path.write_bytes(head)

    assert sniff(path) is kind


def test_a_missing_file_is_not_a_wrong_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sniff(tmp_path / "nothing.jpg")
