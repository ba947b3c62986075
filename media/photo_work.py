"""What the worker does with photos: uploads, previews, other shapes. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from media.backdrop import backdrop, filling, filling_around
from media.limits import MAX_IMAGE_BYTES, MAX_IMAGE_HEIGHT, MAX_IMAGE_WIDTH
from media.photo import contained, open_photo, probe_photo, save_jpeg, save_jpeg_within

_Report = Callable[[float], None]
# A decoder is asked for twice what is needed: the rest is done with better filters than its own.
_SPARE = 2


def normalise(
    _: _Report, *, source: str, target: str, thumbnail: str, within: list[int]
) -> tuple[int, int]:
    """Write a photo as Instagram takes it, and its thumbnail; returns its size in pixels."""
    info = probe_photo(Path(source))
    scale = min(1, MAX_IMAGE_WIDTH / info.width, MAX_IMAGE_HEIGHT / info.height)
    size = max(1, round(info.width * scale)), max(1, round(info.height * scale))
    picture = open_photo(Path(source), at_least=(_SPARE * size[0], _SPARE * size[1]))
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    picture = save_jpeg_within(picture, Path(target), MAX_IMAGE_BYTES)
    save_jpeg(contained(picture, (within[0], within[1])), Path(thumbnail), quality=80)
    return picture.size


def preview(_: _Report, *, source: str, target: str, within: list[int]) -> None:
    """Decode the whole photo, for what ends early is to be noticed, and write it small."""
    size = within[0], within[1]
    picture = open_photo(Path(source), at_least=(_SPARE * size[0], _SPARE * size[1]))
    save_jpeg(contained(picture, size), Path(target), quality=80)


def small(_: _Report, *, source: str, target: str, within: list[int]) -> None:
    """Write a picture as a small WebP without metadata."""
    size = within[0], within[1]
    picture = open_photo(Path(source), at_least=(_SPARE * size[0], _SPARE * size[1]))
    contained(picture, size).save(Path(target), "WEBP", quality=75, method=6)


def fit(
    _: _Report, *, source: str, output: str, canvas: list[int], box: list[int], is_padded: bool
) -> tuple[int, int]:
    """Write the photo in a shape as a JPEG that Instagram takes; returns its size in pixels.

    Around a padded photo lies its own blur.
    """
    photo = open_photo(Path(source))
    x, y, width, height = box
    picture = filling(photo, (width, height))
    if is_padded:
        still = backdrop(photo, (canvas[0], canvas[1]))
        still.paste(picture, (x, y))
        picture = still
    return save_jpeg_within(picture, Path(output), MAX_IMAGE_BYTES).size


def frame(
    _: _Report,
    *,
    source: str,
    output: str,
    canvas: list[int],
    is_padded: bool,
    focus: list[float],
) -> tuple[int, int]:
    """Write a photo in another shape: cut around a point, or whole on its own blur."""
    photo, size = open_photo(Path(source)), (canvas[0], canvas[1])
    if is_padded:
        picture, inside = backdrop(photo, size), contained(photo, size)
        place = ((size[0] - inside.width) // 2, (size[1] - inside.height) // 2)
        picture.paste(inside, place)
    else:
        picture = filling_around(photo, size, (focus[0], focus[1]))
    return save_jpeg_within(picture, Path(output), MAX_IMAGE_BYTES).size
