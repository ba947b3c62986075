"""Photos drawn anew in the shape that a use wants. Blocks: call it from a worker thread."""

from __future__ import annotations

from pathlib import Path

from media.backdrop import backdrop, filling
from media.fit import Shape
from media.limits import MAX_IMAGE_BYTES
from media.photo import open_photo, save_jpeg_within


def fit_photo(source: Path, output: Path, shape: Shape) -> tuple[int, int]:
    """Write the photo in that shape as a JPEG that Instagram takes; returns its size in pixels.

    Around a padded photo lies its own blur. Raises MediaInvalid, MediaTooLarge.
    """
    photo = open_photo(source)
    x, y, width, height = shape.box
    picture = filling(photo, (width, height))
    if shape.is_padded:
        still = backdrop(photo, shape.canvas)
        still.paste(picture, (x, y))
        picture = still
    return save_jpeg_within(picture, output, MAX_IMAGE_BYTES).size
