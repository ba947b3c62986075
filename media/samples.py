"""Pictures that stand in for a story where there is none yet: drawn, so that they are nobody's."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

Colour = tuple[int, int, int]


class Sample(StrEnum):
    """What a story may be like that is hard on a card."""

    TALL = "tall"
    WIDE = "wide"
    DARK = "dark"
    BRIGHT = "bright"
    VIDEO = "video"


class _Scene(NamedTuple):
    size: tuple[int, int]
    above: Colour
    below: Colour
    sun: Colour
    hills: tuple[Colour, Colour]


_SCENES = {
    Sample.TALL: _Scene(
        (1080, 1920), (84, 140, 180), (244, 196, 150), (255, 232, 190), ((58, 96, 90), (30, 60, 62))
    ),
    Sample.WIDE: _Scene(
        (1600, 900), (66, 110, 160), (226, 216, 190), (255, 240, 200), ((80, 112, 80), (40, 76, 66))
    ),
    Sample.DARK: _Scene(
        (1080, 1350), (8, 10, 22), (34, 28, 52), (190, 190, 210), ((16, 18, 30), (6, 8, 14))
    ),
    Sample.BRIGHT: _Scene(
        (1080, 1350), (250, 252, 255), (255, 246, 232), (255, 255, 255),
        ((232, 238, 232), (214, 226, 220)),
    ),
    Sample.VIDEO: _Scene(
        (720, 1280), (120, 92, 150), (250, 186, 140), (255, 214, 160), ((96, 70, 96), (52, 40, 66))
    ),
}  # fmt: skip


def draw_sample(sample: Sample, path: Path) -> None:
    """Write the picture, or what a video shows, as a JPEG: a sky, a sun and two rows of hills."""
    from PIL import Image, ImageDraw  # a daemon draws in a process of its own

    scene = _SCENES[sample]
    width, height = scene.size
    sky = Image.new("RGB", (1, 2))
    sky.putpixel((0, 0), scene.above)
    sky.putpixel((0, 1), scene.below)
    picture = sky.resize(scene.size, Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(picture)
    radius = min(scene.size) // 9
    at = (int(width * 0.68), int(height * 0.36))
    draw.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), scene.sun)
    for number, colour in enumerate(scene.hills):
        top = int(height * (0.56 + 0.14 * number))
        left = int(width * (-0.35 + 0.3 * number))
        draw.ellipse((left, top, left + int(width * 1.15), height * 2), colour)
        draw.rectangle((0, int(height * (0.8 + 0.09 * number)), width, height), colour)
    picture.save(path, "JPEG", quality=88)
