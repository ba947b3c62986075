"""Photos from strangers, decoded with bounds into plain sRGB pictures without metadata.

Runs in the worker: the only place where a photo is opened.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from media import png
from media.errors import MediaError, MediaInvalid, MediaTooLarge
from media.sniff import FileType, sniff

# More than this is never held at once. A JPEG can be made smaller while it is read, so it may have
# more: phones take photos of 200 million pixels. Those of other formats have to be held whole.
MAX_PIXELS = 80_000_000
MAX_JPEG_PIXELS = 300_000_000
_DRAFTS = (1, 2, 4, 8)  # by how much a JPEG decoder can shrink
_MOST_SCANS = 200  # cameras and editors make twelve at most; each is a walk over the whole picture
_MARKER = re.compile(rb"\xff+[^\x00\x01\xff\xd0-\xd8]")  # those with a length, and the end
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_LARGEST_PROFILE = 4 * 1024 * 1024
_WAY_ROUND = "export it smaller, or as a JPEG"
_DAMAGED_EXIF = (
    ValueError, TypeError, LookupError, OSError, SyntaxError, AttributeError, ArithmeticError,
    struct.error, RecursionError,
)  # fmt: skip
_QUALITIES = (92, 85, 75)

# The decoders that strangers' bytes may reach.
_DECODERS: dict[FileType, str] = {
    kind: kind.name for kind in FileType if kind.is_photo and kind != FileType.HEIC
}
with contextlib.suppress(ImportError):  # Pillow alone cannot read HEIC; the extra `heic` can
    import pillow_heif

    pillow_heif.register_heif_opener()
    _DECODERS[FileType.HEIC] = "HEIF"
# Our own bounds, from the header, hold; Pillow would refuse what is shrunk while it is read.
Image.MAX_IMAGE_PIXELS = None
png.be_lenient()
_SRGB = ImageCms.createProfile("sRGB")
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class PhotoInfo:
    """A photo as it is to be looked at, its EXIF orientation applied."""

    width: int
    height: int
    type: FileType


def probe_photo(path: Path) -> PhotoInfo:
    """Read the header only: pixels after it may still be damaged.

    Raises MediaInvalid, MediaTooLarge.
    """
    with _opened(path) as (image, kind):
        width, height = image.size
        if _is_sideways(_orientation(image)):
            width, height = height, width
        return PhotoInfo(width, height, kind)


def open_photo(path: Path, *, at_least: tuple[int, int] | None = None) -> Image.Image:
    """Decode the whole photo, upright, in sRGB on white, with nothing but its pixels.

    `at_least` allows a smaller picture, not below that width and height: a JPEG is then decoded
    at a half, a quarter or an eighth of its size, and what is larger still is shrunk. A JPEG of
    more than `MAX_PIXELS` is shrunk anyway. Of an animation the first picture counts.
    Raises MediaInvalid (also for a photo that ends early), MediaTooLarge.
    """
    with _opened(path) as (image, kind):
        orientation = _orientation(image)
        if at_least is not None and _is_sideways(orientation):
            at_least = at_least[1], at_least[0]
        if kind is FileType.JPEG:
            _draft(image, at_least)
        image.load()
        profile = image.info.get("icc_profile")
        picture = _to_simple_mode(image)
        if at_least is not None:  # before the copies that colours and alpha take
            factor = min(picture.width // at_least[0], picture.height // at_least[1])
            if factor > 1:
                picture = picture.reduce(factor)
        picture = _flatten(_to_srgb(picture, profile))
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    picture.info.clear()
    return picture


def contained(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the picture as large as fits into `size`, however thin it is."""
    scale = min(size[0] / picture.width, size[1] / picture.height)
    fitting = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(fitting, Image.Resampling.BICUBIC, reducing_gap=2.0)


def save_jpeg(image: Image.Image, path: Path, quality: int = 90) -> None:
    """Write a baseline JPEG without metadata, readable by this user only: whole or not at all."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            image.save(file, "JPEG", quality=quality, comment=b"")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def save_jpeg_within(image: Image.Image, path: Path, max_bytes: int) -> Image.Image:
    """Write the best JPEG that is not larger, of fewer pixels if need be; returns what it shows."""
    for quality in _QUALITIES:
        save_jpeg(image, path, quality=quality)
        if path.stat().st_size <= max_bytes:
            return image
    smaller = image.resize(
        (max(1, image.width * 4 // 5), max(1, image.height * 4 // 5)), Image.Resampling.LANCZOS
    )
    return save_jpeg_within(smaller, path, max_bytes)


def _check_size(image: Image.Image, kind: FileType) -> None:
    most = MAX_JPEG_PIXELS if kind is FileType.JPEG else MAX_PIXELS
    if image.width * image.height > most:
        raise MediaTooLarge(
            f"{image.width} x {image.height} pixels are too many: a {kind} photo may have "
            f"{most // 1_000_000} million; {_WAY_ROUND}"
        )


def _check_scans(path: Path) -> None:
    """Refuse a JPEG that has the decoder walk over its pixels again and again."""
    content = path.read_bytes()
    if content.count(b"\xff\xda") > _MOST_SCANS and _scans(content) > _MOST_SCANS:
        raise MediaInvalid(f"the jpeg photo has more than {_MOST_SCANS} scans; export it again")


def _scans(content: bytes) -> int:
    """Count the scans of a JPEG: the bytes of a marker may stand in its metadata, or after it."""
    scans, at = 0, 2
    while (found := _MARKER.search(content, at)) and content[found.end() - 1] != _END_OF_IMAGE:
        scans += content[found.end() - 1] == _START_OF_SCAN
        at = found.end() + int.from_bytes(content[found.end() : found.end() + 2], "big")
    return scans


def _draft(image: Image.Image, at_least: tuple[int, int] | None) -> None:
    """Let a JPEG be decoded at a part of its size, as small as it may be and as it must be."""
    width, height = image.size
    fits = next(each for each in _DRAFTS if width * height <= MAX_PIXELS * each * each)
    spare = [1]
    if at_least is not None:
        spare = [
            each
            for each in _DRAFTS
            if width // each >= at_least[0] and height // each >= at_least[1]
        ]
    factor = max([fits, *spare])
    if factor > 1:
        image.draft(None, (width // factor, height // factor))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Image.Image, FileType]]:
    kind = sniff(path)
    if kind is FileType.HEIC and kind not in _DECODERS:
        raise MediaInvalid(
            "HEIC photos cannot be read here; install the extra (pip install 'reprise[heic]'), or "
            "let the phone export a JPEG"
        )
    if kind not in _DECODERS:
        raise MediaInvalid(f"this is not a photo we can read ({kind or 'unknown format'})")
    try:
        with Image.open(path, formats=(_DECODERS[kind],)) as image:
            _check_size(image, kind)
            if kind is FileType.JPEG:
                _check_scans(path)
            yield image, kind
    except MediaError:
        raise
    except UnidentifiedImageError as error:  # its own words name the file where it lies here
        raise MediaInvalid(f"the {kind} photo is damaged: its header cannot be read") from error
    except MemoryError as error:
        raise MediaTooLarge(f"the {kind} photo takes too much memory; {_WAY_ROUND}") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's word and not a decoder's: it says nothing about the bytes
        # Decoders answer damaged bytes with nearly every exception Python has.
        said = str(error) or "its pixels cannot be decoded"
        raise MediaInvalid(f"the {kind} photo is damaged: {said}") from error


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except _DAMAGED_EXIF:  # editors write the strangest: the pixels are fine
        return 1
    return value if isinstance(value, int) else 1


def _is_sideways(orientation: int) -> bool:
    return orientation in (5, 6, 7, 8)


def _to_simple_mode(image: Image.Image) -> Image.Image:
    """Return the image as L, RGB, CMYK or RGBA, which colour profiles can be applied to."""
    if image.mode in ("L", "RGB", "CMYK", "RGBA") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):  # first: Pillow makes white of all that is to be transparent too
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile is None or len(profile) > _LARGEST_PROFILE:
        return image
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha is not None else image
    try:
        picture = ImageCms.profileToProfile(colours, BytesIO(profile), _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # a profile that is damaged or of another kind of image: as if there were none
    assert picture is not None
    if alpha is not None:
        picture.putalpha(alpha)
    return picture


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image)
    return white
