"""How cards are meant to look: `python -m tests.repost.goldens [NAME …]` draws them anew.

Look at each of them before you commit it: the test only says that something has changed.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import trio
from PIL import Image, ImageChops, ImageStat

from repost.card import Card, Design, compose
from repost.layout import Template
from repost.overlay import parse_overlay
from tests.media.samples import frames_of, make_video
from tests.repost.scenes import scene

FOLDER = Path(__file__).parent / "golden"
SIZE = (270, 480)
COMMAND = "python -m tests.repost.goldens"
_SHEETS = Path(__file__).parents[2] / "docs" / "images"
MIXED = {"text": "Danke 💛 שלום @{username}\nشكرا جزيلا 🇪🇬 für den Tag 👩‍👩‍👧", "size": "medium"}
STYLED: dict[str, object] = {
    "text": "Golden hour\nwith @{username} ☀️",
    "position": {"x": 0.5, "y": 0.24},
    "size": 72,
    "color": "#ffe9b8",
    "font": "script",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A story and the design of its card."""

    size: tuple[int, int]
    sky: str
    author: str
    template: Template
    overlay: dict[str, object] | None = None
    video: bool = False

    @property
    def design(self) -> Design:
        overlay = parse_overlay(json.dumps(self.overlay)) if self.overlay else None
        return Design(self.template, overlay, tagged=not self.video)


TALL, WIDE, SQUARE = (1080, 1920), (1600, 900), (1000, 1000)
CASES = {
    **{f"{t}-tall": Case(TALL, "dusk", "marta.fotografa", t) for t in Template},
    **{f"{t}-wide": Case(WIDE, "day", "bo", t) for t in Template},
    **{f"{t}-night": Case(SQUARE, "night", "a_rather.long_name.of_30.signs", t) for t in Template},
    **{f"{t}-snow": Case((1080, 1350), "snow", "yuki", t) for t in Template},
    **{f"{t}-video": Case((360, 640), "day", "carla.moves", t, video=True) for t in Template},
    **{f"{t}-overlay": Case(TALL, "day", "marta.fotografa", t, dict(MIXED)) for t in Template},
    "classic-styled": Case(WIDE, "dusk", "marta", Template.CLASSIC, STYLED),
    "frame-video-overlay": Case(
        (640, 360), "dusk", "carla.moves", Template.FRAME, dict(MIXED), video=True
    ),
}


async def drawn(case: Case, folder: Path) -> tuple[Image.Image, Card]:
    """Compose a case's card, and return its picture made small: of a video, its last one."""
    source = folder / ("story.mp4" if case.video else "story.jpg")
    if case.video:
        make_video(source, size=case.size, seconds=0.5, fps=24, draw=lambda n: _shot(case, n))
    else:
        scene(case.size, case.sky).save(source, "JPEG", quality=92)
    card = await compose(source, author=case.author, directory=folder, design=case.design)
    if case.video:
        return frames_of(card.path)[-1].resize(SIZE, Image.Resampling.LANCZOS), card
    with Image.open(card.path) as image:
        return image.resize(SIZE, Image.Resampling.LANCZOS), card


def _shot(case: Case, number: int) -> Image.Image:
    return scene(case.size, case.sky, number / 12)


def differences(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """Return by how much two pictures differ on average, and where they differ most (0 to 255).

    Both are made coarse first, so that the JPEG's own blur does not count.
    """
    coarse = (SIZE[0] // 6, SIZE[1] // 6)
    first, second = (
        image.convert("RGB").resize(coarse, Image.Resampling.BOX) for image in (one, other)
    )
    apart = ImageStat.Stat(ImageChops.difference(first, second))
    return max(apart.mean), float(max(high for _, high in apart.extrema))


def _sheet(names: list[str], path: Path) -> None:
    gap = 14
    width = len(names) * (SIZE[0] + gap) + gap
    sheet = Image.new("RGB", (width, SIZE[1] + 2 * gap), (236, 236, 238))
    for number, name in enumerate(names):
        with Image.open(FOLDER / f"{name}.jpg") as image:
            sheet.paste(image, (gap + number * (SIZE[0] + gap), gap))
    sheet.save(path, quality=84)


def main() -> None:
    chosen = sys.argv[1:] or CASES
    for name, case in ((name, CASES[name]) for name in chosen):
        with TemporaryDirectory() as folder:
            image, _ = trio.run(partial(drawn, case, Path(folder)))
        image.save(FOLDER / f"{name}.jpg", quality=90)
        print(f"drawn anew: {FOLDER / name}.jpg")  # noqa: T201
    for kind in ("tall", "wide", "overlay", "snow", "night", "video"):
        _sheet([f"{template}-{kind}" for template in Template], _SHEETS / f"cards-{kind}.jpg")
    print("Look at them, and at docs/images/cards-*.jpg, before you commit them.")  # noqa: T201


if __name__ == "__main__":
    main()
