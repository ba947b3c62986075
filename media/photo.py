"""Photos from strangers, decoded with bounds into plain sRGB pictures without metadata.

Everything here blocks: call it from a worker thread.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, ImageCms

from media.errors import MediaError, MediaInvalid, MediaTooLarge
from media.sniff import MediaType, sniff

MAX_PIXELS = 80_000_000
_QUALITIES = (92, 85, 75)

# The decoders that strangers' bytes may reach.
_DECODERS: dict[MediaType, str] = {
    kind: kind.name for kind in MediaType if kind.is_photo and kind != MediaType.HEIC
}
with contextlib.suppress(ImportError):  # Pillow alone cannot read HEIC; the extra `heic` can
    import pillow_heif

    pillow_heif.register_heif_opener()
    _DECODERS[MediaType.HEIC] = "HEIF"
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
    type: MediaType


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
    at a half, a quarter or an eighth of its size. Of an animation the first picture counts.
    Raises MediaInvalid (also for a photo that ends early), MediaTooLarge.
    """
    with _opened(path) as (image, _):
        orientation = _orientation(image)
        if at_least is not None:
            image.draft(None, at_least[::-1] if _is_sideways(orientation) else at_least)
        image.load()
        profile = image.info.get("icc_profile")
    picture = _flatten(_to_srgb(_to_simple_mode(image), profile))
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    picture.info.clear()
    return picture


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


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Image.Image, MediaType]]:
    kind = sniff(path)
    if kind not in _DECODERS:
        raise MediaInvalid(f"this is not a photo we can read ({kind or 'unknown format'})")
    try:
        with Image.open(path, formats=(_DECODERS[kind],)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise MediaTooLarge(f"{image.width} x {image.height} pixels are too many")
            yield image, kind
    except MediaError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise MediaTooLarge(f"the {kind} photo has too many pixels") from error
    except Exception as error:
        # Decoders answer damaged bytes with nearly every exception Python has.
        raise MediaInvalid(f"the {kind} photo is damaged: {error}") from error


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) else 1


def _is_sideways(orientation: int) -> bool:
    return orientation in (5, 6, 7, 8)


def _to_simple_mode(image: Image.Image) -> Image.Image:
    """Return the image as L, RGB, CMYK or RGBA, which colour profiles can be applied to."""
    if image.mode in ("L", "RGB", "CMYK", "RGBA") and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    return image.convert("L" if image.mode == "1" else "RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile is None:
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
