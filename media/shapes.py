"""The rounded rectangle, with smooth edges at little cost: cards and video frames share it."""

from __future__ import annotations

from PIL import Image, ImageDraw

_OVERSAMPLING = 8


def rounded_mask(size: tuple[int, int], radius: int) -> Image.Image:
    """Return an "L" mask, 255 inside a rounded rectangle of that size and 0 outside.

    Only one corner is drawn large and made small: all of it would be 64 times the pixels.
    """
    width, height = size
    radius = min(radius, width // 2, height // 2)
    mask = Image.new("L", size, 255)
    if radius == 0:
        return mask
    large = radius * _OVERSAMPLING
    corner = Image.new("L", (large, large), 0)
    ImageDraw.Draw(corner).ellipse((0, 0, 2 * large - 1, 2 * large - 1), fill=255)
    corner = corner.resize((radius, radius), Image.Resampling.BOX)
    mirrored = corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for left, piece in ((0, corner), (width - radius, mirrored)):
        mask.paste(piece, (left, 0))
        mask.paste(piece.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (left, height - radius))
    return mask
