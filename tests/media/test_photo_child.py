"""Photos of strangers are decoded in a child: none can cost the daemon its time or its memory."""

from __future__ import annotations

import ast
import mmap
import struct
from pathlib import Path

import pytest
import trio
from PIL import Image

from media import child, render
from media.child import MIB
from media.errors import MediaInvalid, MediaTooLarge, RenderFailed
from media.normalise import normalise
from media.render import draw_preview, fit_photo
from tests.support import warm
from tests.support.workers import HANG, is_gone, record_children, replace_worker

HERE = Path(__file__).parents[2]
# What imports one of these decodes; only the child's own modules may.
DECODING = {"PIL", "av", "media.photo", "media.video", "media.canvas", "media.backdrop"}
ROOMS = ("api", "cli", "daemon", "instagram", "moving", "operations", "publish", "storage")


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[trio.Process]:
    """Every child process started in the test."""
    return record_children(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "out"
    made.mkdir()
    return made


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def scan_bomb(path: Path, scans: int) -> Path:
    """Write a small progressive JPEG whose every scan makes a decoder walk over all of it again."""
    side = 64
    content = b"\xff\xd8" + segment(0xDB, b"\0" + b"\x10" * 64)
    content += segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\x00")
    content += segment(0xC4, b"\x00" + bytes([0, 1] + [0] * 14) + b"\x00")
    content += segment(0xC4, b"\x10" + bytes([0, 1] + [0] * 14) + b"\x00")
    content += segment(0xDA, b"\x01\x01\x00\x00\x00\x00") + b"\x00" * 16
    content += (segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + b"\x00" * 8) * scans
    path.write_bytes(content + b"\xff\xd9")
    return path


async def decoded(what: str, source: Path, folder: Path) -> None:
    """Do one of the things that decode a photo."""
    match what:
        case "upload":
            await normalise(source, folder)
        case "preview":
            await draw_preview(source, folder / "preview.jpg", (480, 480))
        case "card":
            from repost.card import Design, compose_still

            await compose_still(source, author="marta", directory=folder, design=Design())
        case "fit":
            from media.fit import Shape

            shape = Shape((320, 320), (0, 0, 320, 320))
            await fit_photo(source, folder / "fit.jpg", shape)


WAYS = pytest.mark.parametrize("what", ["upload", "preview", "card", "fit"])


@WAYS
async def test_a_photo_is_decoded_in_a_child_that_cancelling_kills(
    what: str,
    tmp_path: Path,
    folder: Path,
    children: list[trio.Process],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.jpg")
    replace_worker(monkeypatch, HANG)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(decoded, what, tmp_path / "a.jpg", folder)
        while not children:
            await trio.sleep(0.01)
        nursery.cancel_scope.cancel()

    assert [is_gone(each) for each in children] == [True]
    assert list(folder.iterdir()) == []


@WAYS
async def test_a_photo_that_takes_too_long_is_given_up(
    what: str,
    tmp_path: Path,
    folder: Path,
    children: list[trio.Process],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.jpg")
    replace_worker(monkeypatch, HANG)
    monkeypatch.setattr(render, "_PHOTO_S", 0.2)

    with pytest.raises((RenderFailed, MediaInvalid), match=r"longer than 0\.2 s"):
        await decoded(what, tmp_path / "a.jpg", folder)

    assert [is_gone(each) for each in children] == [True]
    assert list(folder.iterdir()) == []


async def test_the_processor_time_of_a_photo_is_bounded(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.jpg")
    busy = (
        "import media.photo_work as p, media.worker as w\n"
        "def preview(_, **more):\n    while True: pass\n"
        "p.preview = preview; w.main()"
    )
    replace_worker(monkeypatch, busy)
    monkeypatch.setattr(child, "PHOTO", child.Bounds(child.PHOTO.memory, 1 << 20, cpu_s=1))

    with pytest.raises(RenderFailed, match="processor's time"):
        await draw_preview(tmp_path / "a.jpg", folder / "b.jpg", (48, 48))


@WAYS
async def test_a_jpeg_of_endless_scans_is_refused(what: str, tmp_path: Path, folder: Path) -> None:
    with pytest.raises(MediaInvalid, match="more than 200 scans"):
        await decoded(what, scan_bomb(tmp_path / "bomb.jpg", 22_000), folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("size", [(1, 65_000), (65_000, 1), (2, 20_000), (20_000, 2), (1, 1)])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
async def test_a_photo_however_thin_has_a_thumbnail(
    size: tuple[int, int], suffix: str, tmp_path: Path, folder: Path
) -> None:
    upload = tmp_path / f"thin.{suffix}"
    Image.new("RGB", size, "red").save(upload)

    made = await normalise(upload, folder)

    with Image.open(made.thumbnail) as thumbnail:
        assert max(thumbnail.size) <= 480
    assert sorted(folder.iterdir()) == sorted([made.file, made.thumbnail])


async def test_a_jpeg_of_two_hundred_megapixels_is_taken_and_an_endless_one_is_not(
    tmp_path: Path, folder: Path
) -> None:
    phone = tmp_path / "phone.jpg"
    Image.new("L", (16_320, 12_240), 128).save(phone)

    made = await normalise(phone, folder)

    assert (made.width, made.height) == (1440, 1080)
    content = bytearray(phone.read_bytes())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    phone.write_bytes(content)
    with pytest.raises(MediaTooLarge, match="300 million"):
        await normalise(phone, folder)


async def test_one_child_does_one_photo_after_the_other(
    tmp_path: Path,
    folder: Path,
    children: list[trio.Process],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warm, "PROGRAMS", {})  # started by this process, as a daemon starts it
    Image.new("RGB", (64, 64)).save(tmp_path / "a.jpg")
    large = bytearray(500 * MIB)  # what this process is grown to says nothing about the child
    large[:: mmap.PAGESIZE] = b"x" * len(large[:: mmap.PAGESIZE])

    for number in range(3):
        await draw_preview(tmp_path / "a.jpg", folder / f"{number}.jpg", (48, 48))

    assert len(children) == 1


def imports(path: Path) -> set[str]:
    """Return every module that a file imports, also within functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found | {name.partition(".")[0] for name in found}


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_of_the_daemon_reaches_a_decoder(room: str) -> None:
    reaching = {
        str(path.relative_to(HERE)): names
        for path in (HERE / room).rglob("*.py")
        if (names := imports(path) & DECODING)
    }
    assert reaching == {}
