from __future__ import annotations

import errno
import os
import random
import resource
import struct
import zlib
from io import BytesIO
from pathlib import Path

import av
import pytest
from PIL import ExifTags, Image, ImageCms

from media import photo
from media.errors import MediaInvalid, MediaTooLarge
from media.photo import PhotoInfo, open_photo, probe_photo, save_jpeg
from media.sniff import FileType
from media.source import reading
from tests.media.samples import colour_at, corners, is_near, quarters

UPRIGHT = ["red", "green", "blue", "yellow"]


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
def test_every_format_opens(tmp_path: Path, name: str) -> None:
    path = tmp_path / "story.bin"
    quarters((64, 48)).save(path, name)

    assert probe_photo(path) == PhotoInfo(64, 48, FileType[name])
    picture = open_photo(path)

    assert (picture.mode, picture.size) == ("RGB", (64, 48))
    assert corners(picture) == UPRIGHT


@pytest.mark.parametrize("trouble", [errno.EIO, errno.EMFILE, errno.ENOMEM])
def test_the_machines_trouble_is_not_the_photos(tmp_path: Path, trouble: int) -> None:
    path = tmp_path / "story.jpg"
    quarters((64, 48)).save(path, "JPEG")
    with pytest.raises(OSError, match=os.strerror(trouble)), photo._opened(path):
        raise OSError(trouble, os.strerror(trouble))
    with pytest.raises(MediaInvalid, match="damaged"), photo._opened(path):
        raise OSError("broken data stream")  # as decoders say it


def test_that_no_descriptor_is_left_is_not_the_videos(tmp_path: Path) -> None:
    path = tmp_path / "story.mp4"
    path.write_bytes(b"any")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)), reading():
            av.open(str(path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_the_exif_orientation_is_applied(tmp_path: Path, name: str, orientation: int) -> None:
    path = tmp_path / "story"
    upright = quarters((64, 32))
    # What a camera stores so that this orientation makes it upright again.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored.save(path, name, exif=exif)

    info = probe_photo(path)
    picture = open_photo(path)

    assert (info.width, info.height) == picture.size == (64, 32)
    assert corners(picture) == UPRIGHT


def test_a_large_jpeg_is_decoded_smaller_but_never_too_small(tmp_path: Path) -> None:
    path = tmp_path / "story.jpg"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    quarters((1600, 800)).save(path, exif=exif)

    assert open_photo(path).size == (800, 1600)
    assert open_photo(path, at_least=(390, 700)).size == (400, 800)
    assert open_photo(path, at_least=(401, 700)).size == (800, 1600)
    assert open_photo(path, at_least=(5000, 5000)).size == (800, 1600)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_mode_becomes_rgb_with_its_colours(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "story"
    grey = mode in ("1", "L", "LA", "I;16")
    image = Image.new("RGB", (16, 16), "white" if grey else "red")
    if mode == "I;16":
        image = Image.new("I;16", (16, 16), 65535)
    else:
        image = image.convert(mode)
    image.save(path, "JPEG" if mode == "CMYK" else "PNG")

    picture = open_photo(path)

    assert picture.mode == "RGB"
    assert is_near(colour_at(picture, (8, 8)), (255, 255, 255) if grey else (255, 0, 0))


def test_sixteen_bits_keep_their_middle(tmp_path: Path) -> None:
    path = tmp_path / "story.png"
    Image.new("I;16", (8, 8), 32768).save(path)

    assert is_near(colour_at(open_photo(path), (4, 4)), (128, 128, 128), 2)


def test_sixteen_bits_with_a_transparent_grey_keep_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("I;16", (8, 8), 0x8000).save(path, transparency=0x1234)
    assert open_photo(path).getpixel((4, 4)) == (128, 128, 128)


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    clear, palette = tmp_path / "clear.png", tmp_path / "palette.gif"
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(clear)
    image = Image.new("P", (8, 8), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.save(palette, transparency=0)

    assert colour_at(open_photo(clear), (4, 4)) == (255, 255, 255)
    assert colour_at(open_photo(palette), (4, 4)) == (255, 255, 255)


def swapped_profile() -> bytes:
    """An RGB profile in which red and green have changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {profile[n : n + 4].decode(): n for n in range(132, 132 + 12 * profile[131], 12)}
    red, green = at["rXYZ"], at["gXYZ"]
    profile[red + 4 : red + 12], profile[green + 4 : green + 12] = (
        profile[green + 4 : green + 12],
        profile[red + 4 : red + 12],
    )
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_colour_profile_is_applied(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "story.png"
    Image.new(mode, (8, 8), "red").save(path, icc_profile=swapped_profile())

    assert is_near(colour_at(open_photo(path), (4, 4)), (0, 255, 0), 4)


@pytest.mark.parametrize("profile", [b"nonsense", swapped_profile()])
def test_a_wrong_profile_is_passed_over(tmp_path: Path, profile: bytes) -> None:
    path = tmp_path / "story.png"
    Image.new("L", (8, 8), 200).save(path, icc_profile=profile)

    assert colour_at(open_photo(path), (4, 4)) == (200, 200, 200)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_spoil_a_photo(tmp_path: Path) -> None:
    path = tmp_path / "story.jpg"
    quarters((64, 32)).save(path, exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff garbage")

    assert probe_photo(path).width == 64
    assert corners(open_photo(path)) == UPRIGHT


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6, 0.95])
def test_a_truncated_photo_is_invalid(tmp_path: Path, name: str, kept: float) -> None:
    buffer = BytesIO()
    Image.effect_noise((160, 160), 80).convert("RGB").save(buffer, name)
    path = tmp_path / "story"
    path.write_bytes(buffer.getvalue()[: int(len(buffer.getvalue()) * kept)])

    with pytest.raises(MediaInvalid) as error:
        open_photo(path)
    assert error.value.reason


def test_a_truncated_photo_is_invalid_when_decoded_smaller(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.effect_noise((1600, 1600), 80).save(buffer, "JPEG")
    path = tmp_path / "story.jpg"
    path.write_bytes(buffer.getvalue()[:-2000])

    with pytest.raises(MediaInvalid):
        open_photo(path, at_least=(100, 100))


@pytest.mark.parametrize(
    "content", [b"", b"<html><body>not found</body></html>", b"\xff\xd8\xff\xe0", b"GIF89a"]
)
def test_what_is_no_photo_is_invalid(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "story.jpg"
    path.write_bytes(content)

    with pytest.raises(MediaInvalid):
        probe_photo(path)
    with pytest.raises(MediaInvalid):
        open_photo(path)


def png_chunk(name: bytes, content: bytes) -> bytes:
    whole = name + content
    return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))


LONG = zlib.compress(random.Random(1).randbytes(2_000_000))
BOMB = zlib.compress(bytes(100_000_000))


@pytest.mark.parametrize(
    "beside",
    [
        png_chunk(b"iCCP", b"display\0\0" + LONG),
        png_chunk(b"iCCP", b"display\0\0" + BOMB),
        png_chunk(b"iCCP", b"display\0\7" + LONG),
        png_chunk(b"zTXt", b"Comment\0\0" + LONG),
        png_chunk(b"zTXt", b"Comment\0\0" + BOMB),
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB),
        png_chunk(b"tEXt", b"workflow\0" + bytes(65 * 1024 * 1024)),
        png_chunk(b"tEXt", b"k\0v")[:-1] + b"?",
        png_chunk(b"cHRM", b"short"),
        png_chunk(b"gAMA", b""),
        png_chunk(b"tRNS", b"1"),
        png_chunk(b"eXIf", b"nonsense"),
        png_chunk(b"vpAg", b"whose?"),
    ],
    ids=range(13),
)
def test_what_a_png_says_beside_its_pixels_does_not_spoil_it(tmp_path: Path, beside: bytes) -> None:
    path = tmp_path / "story.png"
    quarters((64, 32)).save(path)
    whole = path.read_bytes()
    for at in (33, len(whole) - 12):  # before the pixels and after them
        path.write_bytes(whole[:at] + beside + whole[at:])
        assert corners(open_photo(path)) == UPRIGHT


def test_a_png_whose_pixels_or_size_are_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "story.png"
    quarters((64, 32)).save(path)
    whole = path.read_bytes()
    for at in (20, 31):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(MediaInvalid) as error:
            open_photo(path)
        assert str(tmp_path) not in error.value.reason  # which the API would tell anybody


def test_a_png_that_lacks_its_palette_says_more_than_that_it_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "story.png"
    quarters((64, 32)).convert("P").save(path)
    path.write_bytes(path.read_bytes().replace(b"PLTE", b"pLTE"))
    with pytest.raises(MediaInvalid, match=r"is damaged: \w"):
        open_photo(path)


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares its size and has nothing else."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + data + struct.pack(">I", 0) + b"IDAT" + bytes(8)


@pytest.mark.parametrize("size", [(50_000, 50_000), (12_000, 9_000), (9_000, 9_000)])
def test_a_bomb_is_refused_from_its_header(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "story.png"
    path.write_bytes(png_header(*size))

    with pytest.raises(MediaTooLarge):
        probe_photo(path)
    with pytest.raises(MediaTooLarge):
        open_photo(path)


def test_nothing_but_pixels_is_kept(tmp_path: Path) -> None:
    path, saved = tmp_path / "story.jpg", tmp_path / "saved.jpg"
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "a stranger"
    quarters((64, 64)).save(
        path, exif=exif, comment=b"a secret", icc_profile=swapped_profile(), dpi=(300, 300)
    )

    picture = open_photo(path)
    save_jpeg(picture, saved)

    assert picture.info == {}
    assert not picture.getexif()
    with Image.open(saved) as image:
        assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not image.getexif()
    assert b"secret" not in saved.read_bytes()


def test_a_saved_jpeg_is_private_and_baseline(tmp_path: Path) -> None:
    path = tmp_path / "saved.jpg"
    image = quarters((64, 64))
    image.info["comment"] = b"a secret"

    save_jpeg(image, path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert b"secret" not in path.read_bytes()
    with Image.open(path) as saved:
        assert "progressive" not in saved.info


def test_a_failed_save_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "saved.jpg"
    path.write_bytes(b"before")

    with pytest.raises(OSError, match="cannot write mode"):
        save_jpeg(Image.new("RGBA", (8, 8)), path)

    assert [file.name for file in tmp_path.iterdir()] == ["saved.jpg"]
    assert path.read_bytes() == b"before"
