"""Cards look as they were approved: small pictures of them are kept and compared with tolerance."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from media.typefaces import CAN_SHAPE
from tests.repost.goldens import CASES, COMMAND, FOLDER, differences, drawn
from tests.support.thinned import chosen
from tests.support.tools import missing

AVERAGE, PEAK = 1.5, 24.0


def golden(name: str) -> Image.Image:
    with Image.open(FOLDER / f"{name}.jpg") as image:
        return image.convert("RGB")


# Each layout, each kind of story, and what is drawn on it, once.
NOW = (
    "classic-tall", "blur-wide", "frame-night", "full-bleed-snow", "blur-video",
    "full-bleed-overlay", "classic-styled", "frame-video-overlay",
)  # fmt: skip


@pytest.mark.parametrize("name", chosen(CASES, NOW))
async def test_the_card_looks_as_approved(tmp_path: Path, name: str) -> None:
    if CASES[name].overlay and not CAN_SHAPE:
        missing("joining Arabic letters takes libfribidi")
    image, _ = await drawn(CASES[name], tmp_path)

    average, peak = differences(image, golden(name))
    if average > AVERAGE or peak > PEAK:
        image.save(tmp_path / f"{name}.png")
        pytest.fail(
            f"{name} differs from its golden image by {average:.1f}, at most by {peak:.0f}; see "
            f"{tmp_path}/{name}.png. If that is how it should look: {COMMAND}"
        )


def test_every_golden_image_is_of_a_case() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(CASES)


def test_the_tolerance_sees_what_a_person_sees() -> None:
    """Another template, another name, a missing overlay and another sky are each noticed."""
    for one, other in (
        ("classic-tall", "frame-tall"),
        ("classic-wide", "classic-styled"),
        ("full-bleed-overlay", "full-bleed-tall"),
    ):
        assert max(differences(golden(one), golden(other))) > PEAK
    moved = golden("full-bleed-tall")
    label = moved.crop((14, 370, 140, 400))
    moved.paste(golden("full-bleed-tall").crop((14, 340, 140, 370)), (14, 370))
    moved.paste(label, (20, 360))
    assert differences(moved, golden("full-bleed-tall"))[1] > PEAK
