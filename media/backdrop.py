"""Pictures cropped to a shape, and the darkened blur of one that fills the room around another.

The blur is drawn small and enlarged: the same look as a blur of the whole at little cost.
"""

from __future__ import annotations

from PIL import Image, ImageEnhance, ImageFilter

SMALL = 8  # the sides of what is still to be enlarged are an eighth
_BLUR = 12
_COLOUR, _LIGHT = 1.1, 0.6


def backdrop(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the backdrop that goes with a picture, of that size."""
    return enlarged(small_backdrop(picture, size), size)


def small_backdrop(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the backdrop of that size while it is small, to draw shadows on."""
    small = ImageEnhance.Color(small_blur(picture, size)).enhance(_COLOUR)
    return ImageEnhance.Brightness(small).enhance(_LIGHT)


def small_blur(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a blur of the picture that covers `size` once it is enlarged."""
    small = filling(picture, (max(1, size[0] // SMALL), max(1, size[1] // SMALL)), gap=1)
    return small.filter(ImageFilter.GaussianBlur(_BLUR))


def enlarged(small: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Bring what was drawn small to its size."""
    return small.resize(size, Image.Resampling.BILINEAR)


def filling(picture: Image.Image, size: tuple[int, int], gap: float | None = None) -> Image.Image:
    """Return the middle of the picture at that size: cropped to its shape, never distorted.

    `gap` 1 makes it small coarsely and ten times as fast, good enough for what is blurred anyway.
    """
    return filling_around(picture, size, (0.5, 0.5), gap)


def filling_around(
    picture: Image.Image,
    size: tuple[int, int],
    focus: tuple[float, float],
    gap: float | None = None,
) -> Image.Image:
    """Return what lies around a point of the picture, in shares of it, as `filling` its middle."""
    zoom = max(size[0] / picture.width, size[1] / picture.height)
    wide, high = min(picture.width, size[0] / zoom), min(picture.height, size[1] / zoom)
    left = min(max(0.0, picture.width * focus[0] - wide / 2), picture.width - wide)
    top = min(max(0.0, picture.height * focus[1] - high / 2), picture.height - high)
    box = (left, top, left + wide, top + high)
    return picture.resize(size, Image.Resampling.BICUBIC, box, gap)
