from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from media.errors import MediaInvalid, MediaTooLarge
from repost.card import Card, Design, compose
from repost.layout import (
    CANVAS,
    LABEL_FONT_SIZE,
    SAFE,
    SIDE,
    WHOLE,
    CardLayout,
    Rect,
    Template,
    layout,
)
from repost.overlay import parse_overlay
from tests.media.samples import (
    GREEN,
    RED,
    boxes_of,
    colour_at,
    corners,
    frames_of,
    is_near,
    make_video,
    quarters,
)
from tests.support.thinned import sparing

sides = st.integers(1, 12_000)
widths = st.floats(0, 4_000)


def is_within(inner: Rect, outer: Rect) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


@given(sides, sides, widths, st.sampled_from(Template))
def test_everything_is_even_and_in_the_safe_zone(
    width: int, height: int, text: float, template: Template
) -> None:
    plan = layout(width, height, text, template)

    assert is_within(plan.label, SAFE)
    assert is_within(plan.label, Rect(SIDE, 0, CANVAS[0] - 2 * SIDE, CANVAS[1]))
    assert is_within(plan.picture, plan.frame)
    if template is Template.FULL_BLEED:
        assert plan.frame == WHOLE
    else:
        assert is_within(plan.paper or plan.frame, SAFE)
        assert not plan.frame.meets(plan.label)
        assert {2 * box.x + box.width for box in (plan.frame, plan.label)} == {CANVAS[0]}
    if plan.paper is not None:
        assert is_within(plan.label, plan.paper)
    assert not any(side % 2 for side in (plan.frame.x, plan.frame.y, *plan.frame.size))
    assert 0 <= plan.font_size <= LABEL_FONT_SIZE
    assert plan.font_size / LABEL_FONT_SIZE * text < plan.label.width


@given(sides, sides)
def test_the_frame_takes_the_shape_of_the_story(width: int, height: int) -> None:
    plan = layout(width, height, 300)
    shown_width, shown_height = plan.picture.size

    # No side is further from the exact shape than whole even pixels make it.
    assert (shown_width - 2) / (shown_height + 2) <= width / height
    assert shown_height == 2 or width / height <= (shown_width + 2) / (shown_height - 2)
    if 0.36 <= width / height <= 3.2:
        assert plan.picture == plan.frame


@pytest.mark.parametrize(
    ("size", "frame"),
    [
        ((1080, 1920), (680, 1210)),
        ((1080, 1350), (952, 1190)),
        ((1200, 1200), (952, 952)),
        ((1920, 1080), (952, 536)),
        ((100, 100), (560, 560)),  # enlarged, but not to the full
        ((300, 300), (900, 900)),
        ((8000, 1000), (952, 298)),  # the frame does not follow so far
    ],
)
def test_usual_shapes(size: tuple[int, int], frame: tuple[int, int]) -> None:
    assert layout(*size, 300).frame.size == frame


def test_a_long_name_shrinks_to_fit() -> None:
    short, long = layout(1080, 1920, 300), layout(1080, 1920, 2000)

    assert short.font_size == LABEL_FONT_SIZE
    assert long.font_size < LABEL_FONT_SIZE
    assert long.label.width <= 952


def story(path: Path, size: tuple[int, int]) -> Path:
    quarters(size).save(path, "JPEG", quality=92)
    return path


def plan_of(card: Card, size: tuple[int, int], template: Template = Template.CLASSIC) -> CardLayout:
    """Return the layout of a card, the width of its text found out from its sticker."""
    padding = layout(*size, 0, template).label.width
    plan = layout(*size, card.sticker.width * CANVAS[0] - padding, template)
    assert card.sticker.width * CANVAS[0] == plan.label.width
    assert card.sticker.height * CANVAS[1] == plan.label.height
    assert card.sticker.x * CANVAS[0] == plan.label.x + plan.label.width / 2
    assert card.sticker.y * CANVAS[1] == plan.label.y + plan.label.height / 2
    return plan


def framed(card: Image.Image, plan: CardLayout) -> Image.Image:
    box = plan.picture
    return card.crop((box.x, box.y, box.x + box.width, box.y + box.height))


def check_looks(image: Image.Image, plan: CardLayout) -> None:
    """The story stands in its frame, its corners are cut, and the author is named below."""
    assert image.size == CANVAS
    assert corners(framed(image, plan)) == ["red", "green", "blue", "yellow"]
    for x in (plan.frame.x + 1, plan.frame.x + plan.frame.width - 2):
        assert not is_near(colour_at(image, (x, plan.frame.y + 1)), RED)
        assert not is_near(colour_at(image, (x, plan.frame.y + 1)), GREEN)
    assert max(colour_at(image, (2, 2))) < 200  # the backdrop is darker than the story
    label = plan.label
    pill = image.crop((label.x, label.y, label.x + label.width, label.y + label.height))
    shades = [shade for shade, count in enumerate(pill.convert("L").histogram()) if count]
    assert shades[0] < 70
    assert shades[-1] > 235


@pytest.mark.parametrize(
    "size", [(1080, 1920), (1600, 900), (800, 800), (100, 100), (3000, 4000), (2000, 400)]
)
async def test_a_photo_card(tmp_path: Path, size: tuple[int, int]) -> None:
    source = story(tmp_path / "story.mp4", size)  # names are not to be trusted
    folder = tmp_path / "cards"
    folder.mkdir()

    card = await compose(source, author="marta.fotografa", directory=folder)

    assert (card.kind, card.duration_s) == ("photo", None)
    assert {file.name for file in folder.iterdir()} == {card.path.name, card.thumbnail.name}
    assert card.path.stat().st_size < 8 * 1024**2
    with Image.open(card.path) as image:
        assert image.format == "JPEG"
        check_looks(image.convert("RGB"), plan_of(card, size))
    with Image.open(card.thumbnail) as image:
        assert (image.format, image.size) == ("JPEG", (270, 480))


@pytest.mark.parametrize("size", [(9000, 200), (200, 6000), (1, 3000), (3000, 1), (1, 1)])
async def test_extreme_shapes_are_shown_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    quarters(size).save(tmp_path / "story", "PNG")

    card = await compose(tmp_path / "story", author="a", directory=tmp_path)

    with Image.open(card.path) as image:
        assert image.size == CANVAS
        plan = plan_of(card, size)
        if min(size) > 1:
            assert corners(framed(image, plan)) == ["red", "green", "blue", "yellow"]


@pytest.mark.parametrize("author", ["a", "@marta", "x" * 30, "W" * 30, "", "two\nlines", "w" * 500])
async def test_any_name_fits(tmp_path: Path, author: str) -> None:
    card = await compose(story(tmp_path / "a", (200, 300)), author=author, directory=tmp_path)

    plan = plan_of(card, (200, 300))
    assert plan.label.x >= 64
    with Image.open(card.path) as image:
        assert image.size == CANVAS


async def test_two_cards_of_one_story_have_their_own_names(tmp_path: Path) -> None:
    source = story(tmp_path / "a", (200, 300))

    one = await compose(source, author="a", directory=tmp_path)
    two = await compose(source, author="a", directory=tmp_path)

    assert len({one.path, one.thumbnail, two.path, two.thumbnail}) == 4
    assert one.path.read_bytes() == two.path.read_bytes()


async def test_a_video_card(tmp_path: Path) -> None:
    size = (90, 160)
    source = make_video(tmp_path / "story.jpg.mp4", size=size, seconds=0.5)
    folder = tmp_path / "cards"
    folder.mkdir()

    card = await compose(
        source.rename(tmp_path / "story.jpg"), author="marta.fotografa", directory=folder
    )

    assert card.kind == "video"
    assert card.duration_s == pytest.approx(0.5, abs=0.04)
    assert {file.name for file in folder.iterdir()} == {card.path.name, card.thumbnail.name}
    boxes = boxes_of(card.path)
    assert boxes.index("moov") < boxes.index("mdat")
    with av.open(str(card.path)) as container:
        assert len(container.streams.audio) == 1
        rate = container.streams.video[0].average_rate
        assert rate is not None
        assert Fraction(rate.numerator, rate.denominator) == 30
    frames = frames_of(card.path)
    plan = plan_of(card, size)
    for frame in (frames[0], frames[-1]):
        check_looks(frame, plan)
    assert framed(frames[0], plan).tobytes() != framed(frames[-1], plan).tobytes()
    with Image.open(card.thumbnail) as image:
        assert image.size == (270, 480)
        assert corners(framed(image.resize(CANVAS), plan)) == corners(framed(frames[0], plan))


def pictures_in(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


async def full_bleed(source: Path, overlay: str | None = None, *, tagged: bool = True) -> Card:
    design = Design(Template.FULL_BLEED, parse_overlay(overlay) if overlay else None, tagged)
    return await compose(source, author="marta", directory=source.parent, design=design)


async def test_a_full_bleed_story_that_fits_is_copied(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", size=(90, 160), seconds=3)

    card = await full_bleed(source)

    assert card.untouched
    assert card.size == (90, 160)
    assert card.duration_s == pytest.approx(3, abs=0.05)
    assert pictures_in(card.path) == pictures_in(source)
    assert card.path != source
    assert source.exists()
    with Image.open(card.thumbnail) as image:
        assert image.size == (270, 480)


@pytest.mark.parametrize(
    ("change", "overlay", "tagged"),
    sparing(
        [
            ({}, '{"text": "x"}', True),  # there is something to draw
            ({}, None, False),  # no sticker names the author, so the card must
            ({"size": (160, 90)}, None, True),  # another shape
            ({"codec": "mpeg4"}, None, True),  # what Instagram would not take
        ],
        every=4,
    ),
)
async def test_other_full_bleed_stories_are_encoded_with_the_name(
    tmp_path: Path, change: dict[str, Any], overlay: str | None, tagged: bool
) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=0.3, **change)

    card = await full_bleed(source, overlay, tagged=tagged)

    assert not card.untouched
    assert card.size == CANVAS
    first = frames_of(card.path)[0]
    label = plan_of(card, change.get("size", (90, 160)), Template.FULL_BLEED).label
    name = first.crop((label.x, label.y, label.right, label.bottom)).convert("L")
    assert sum(name.histogram()[225:]) > 500  # white letters


async def test_nothing_is_left_of_a_bad_story(tmp_path: Path) -> None:
    folder = tmp_path / "cards"
    folder.mkdir()
    whole = make_video(tmp_path / "a.mp4", size=(64, 64))
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (tmp_path / "page.jpg").write_bytes(b"<html>gone</html>")
    (tmp_path / "empty.jpg").write_bytes(b"")
    story(tmp_path / "whole.jpg", (400, 400))
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:2000])
    long = make_video(
        tmp_path / "l.mp4", size=(16, 16), sound=None, times=range(0, 3_700_000, 9_999)
    )

    for source in (tmp_path / name for name in ("cut.mp4", "page.jpg", "empty.jpg", "cut.jpg")):
        with pytest.raises(MediaInvalid):
            await compose(source, author="a", directory=folder)
    with pytest.raises(MediaTooLarge):
        await compose(long, author="a", directory=folder)

    assert list(folder.iterdir()) == []


async def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=3)
    folder = tmp_path / "cards"
    folder.mkdir()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(compose, source, author="a", directory=folder))
        while not list(folder.rglob("video.mp4")):  # the worker has begun
            await trio.sleep(0.02)
        nursery.cancel_scope.cancel()

    assert list(folder.iterdir()) == []
