"""Uploads made into what Instagram takes: sRGB JPEG, upright, no metadata, not too large."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import trio
from PIL import Image, ImageOps

from media.errors import MediaInvalid
from media.limits import MAX_IMAGE_BYTES, MAX_IMAGE_WIDTH
from media.photo import open_photo, save_jpeg, save_jpeg_within
from media.render import examine_video
from media.sniff import MediaType, sniff

_THUMBNAIL = (480, 480)
# A photo of a few hundred kB may take 700 MB while it is decoded: one after the other.
_photos = trio.CapacityLimiter(1)
_videos = trio.CapacityLimiter(2)
PHOTOS = (
    MediaType.JPEG,
    MediaType.PNG,
    MediaType.WEBP,
    MediaType.AVIF,
    MediaType.HEIC,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalised:
    """A usable file and its thumbnail; `file` is the upload itself where it is a video."""

    file: Path
    suffix: str
    mime: str
    width: int
    height: int
    duration_s: float | None
    thumbnail: Path


class Unsupported(MediaInvalid):
    """The file is of a kind that is not taken at all."""


class VideoInvalid(MediaInvalid):
    """The file says it is a video, and cannot be decoded as one."""


async def normalise(upload: Path, directory: Path) -> Normalised:
    """Verify an upload by decoding it and return it in its final form, in new files.

    Photos are decoded in a thread, videos in a child process. Raises `Unsupported`,
    `VideoInvalid` and other `MediaError`s, leaving no new files behind.
    """
    kind = await trio.to_thread.run_sync(sniff, upload)
    if kind is None or (kind.is_photo and kind not in PHOTOS):
        raise Unsupported("it is neither a JPEG, PNG, WebP, AVIF or HEIC photo nor a video we know")
    if kind.is_photo:
        return await trio.to_thread.run_sync(_photo, upload, directory, limiter=_photos)
    async with _videos:
        return await _video(upload, kind, directory)


def aspect_ratio(width: int, height: int) -> str:
    """Return `9:16` and the like: the simplest ratio close to the pixels."""
    ratio = Fraction(width, height).limit_denominator(20) if height else Fraction(1)
    if ratio == 0:
        ratio = Fraction(1, round(height / width))
    return f"{ratio.numerator}:{ratio.denominator}"


def _photo(upload: Path, directory: Path) -> Normalised:
    picture = open_photo(upload)
    if picture.width > MAX_IMAGE_WIDTH:
        height = max(1, round(picture.height * MAX_IMAGE_WIDTH / picture.width))
        picture = picture.resize((MAX_IMAGE_WIDTH, height), Image.Resampling.LANCZOS)
    target = directory / f"{upload.name}.normal.jpg"
    picture = save_jpeg_within(picture, target, MAX_IMAGE_BYTES)
    return Normalised(
        file=target,
        suffix=".jpg",
        mime="image/jpeg",
        width=picture.width,
        height=picture.height,
        duration_s=None,
        thumbnail=_thumbnail(picture, directory / f"{upload.name}.thumbnail.jpg"),
    )


async def _video(upload: Path, kind: MediaType, directory: Path) -> Normalised:
    poster = directory / f"{upload.name}.poster.jpg"
    try:
        info = await examine_video(upload, poster)
        thumbnail = await trio.to_thread.run_sync(
            lambda: _thumbnail(open_photo(poster), directory / f"{upload.name}.thumbnail.jpg")
        )
    except MediaInvalid as error:
        raise VideoInvalid(error.reason) from error
    finally:
        await trio.Path(poster).unlink(missing_ok=True)
    return Normalised(
        file=upload,
        suffix=kind.suffix,
        mime=kind.mime,
        width=info.width,
        height=info.height,
        duration_s=info.duration_s,
        thumbnail=thumbnail,
    )


def _thumbnail(picture: Image.Image, path: Path) -> Path:
    save_jpeg(ImageOps.contain(picture, _THUMBNAIL), path, quality=80)
    return path
