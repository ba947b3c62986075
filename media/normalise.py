"""Uploads made into what Instagram takes: sRGB JPEG, upright, no metadata, not too large."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import trio

from media.errors import MediaInvalid, RenderFailed, Unsupported, VideoInvalid
from media.render import examine_video, normalise_photo
from media.sniff import FileType, sniff

_THUMBNAIL = (480, 480)
PHOTOS = (
    FileType.JPEG,
    FileType.PNG,
    FileType.WEBP,
    FileType.AVIF,
    FileType.HEIC,
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


async def normalise(upload: Path, directory: Path) -> Normalised:
    """Verify an upload by decoding it and return it in its final form, in new files.

    Both are decoded in a child process. Raises `Unsupported`, `VideoInvalid` and other
    `MediaError`s, leaving no new files behind.
    """
    kind = await trio.to_thread.run_sync(sniff, upload)
    if kind is None or (kind.is_photo and kind not in PHOTOS):
        raise Unsupported("it is neither a JPEG, PNG, WebP, AVIF or HEIC photo nor a video we know")
    if kind.is_photo:
        return await _photo(upload, directory)
    return await _video(upload, kind, directory)


def aspect_ratio(width: int, height: int) -> str:
    """Return `9:16` and the like: the simplest ratio close to the pixels."""
    ratio = Fraction(width, height).limit_denominator(20) if height else Fraction(1)
    if ratio == 0:
        ratio = Fraction(1, round(height / width))
    return f"{ratio.numerator}:{ratio.denominator}"


async def _photo(upload: Path, directory: Path) -> Normalised:
    target = directory / f"{upload.name}.normal.jpg"
    thumbnail = directory / f"{upload.name}.thumbnail.jpg"
    try:
        width, height = await normalise_photo(upload, target, thumbnail, _THUMBNAIL)
    except RenderFailed as error:
        raise MediaInvalid(error.reason) from error
    return Normalised(
        file=target,
        suffix=".jpg",
        mime="image/jpeg",
        width=width,
        height=height,
        duration_s=None,
        thumbnail=thumbnail,
    )


async def _video(upload: Path, kind: FileType, directory: Path) -> Normalised:
    thumbnail = directory / f"{upload.name}.thumbnail.jpg"
    try:
        info = await examine_video(upload, thumbnail, within=_THUMBNAIL, quality=80)
    except MediaInvalid as error:
        raise VideoInvalid(error.reason) from error
    return Normalised(
        file=upload,
        suffix=kind.suffix,
        mime=kind.mime,
        width=info.width,
        height=info.height,
        duration_s=info.duration_s,
        thumbnail=thumbnail,
    )
