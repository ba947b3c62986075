"""Stories that look like something, drawn the same at every run: hills under a sky."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
SKIES: dict[str, tuple[Colour, Colour, Colour]] = {  # above, at the horizon, the nearest hill
    "dusk": ((46, 40, 92), (247, 154, 110), (28, 20, 44)),
    "day": ((74, 148, 222), (214, 236, 250), (32, 96, 72)),
    "night": ((4, 6, 16), (18, 26, 52), (2, 3, 8)),
    "snow": ((236, 242, 250), (255, 252, 246), (206, 216, 230)),
}


def scene(size: tuple[int, int], sky: str, shift: float = 0.0) -> Image.Image:
    """Draw the hills; `shift` moves the sun along, from 0 to 1."""
    width, height = size
    top, horizon, near = SKIES[sky]
    ramp = Image.linear_gradient("L").resize(size)
    image = Image.composite(Image.new("RGB", size, horizon), Image.new("RGB", size, top), ramp)
    radius = min(size) * 0.11
    x, y = width * (0.25 + 0.5 * shift), height * 0.34
    glow = Image.new("L", size)
    ImageDraw.Draw(glow).ellipse((x - radius, y - radius, x + radius, y + radius), fill=235)
    image.paste(tuple(min(255, c + 70) for c in horizon), mask=glow.filter(ImageFilter.BoxBlur(2)))
    dice = random.Random(sky)
    for ridge in range(4):
        share = (ridge + 1) / 4
        colour = tuple(round(h + (n - h) * share) for h, n in zip(horizon, near, strict=True))
        phases = [dice.uniform(0, math.tau) for _ in range(4)]
        crest = [
            height * (0.46 + 0.13 * ridge)
            + height * 0.05 * sum(
                math.sin(phase + step / width * math.tau * (number + 0.6)) / (number + 1)
                for number, phase in enumerate(phases)
            )
            for step in range(0, width + 8, 8)
        ]  # fmt: skip
        points = [(step * 8, level) for step, level in enumerate(crest)]
        ImageDraw.Draw(image).polygon([*points, (width, height), (0, height)], fill=colour)
    return image
