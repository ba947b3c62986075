"""What stands still on a card, drawn: backdrop, window for the story, the name, the user's line.

A photo card is these pieces and the photo; a video card has the moving story in the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageStat

from media.backdrop import SMALL, enlarged, filling, small_backdrop, small_blur
from media.lettering import draw, margin, set_line
from media.shapes import rounded_mask
from repost.layout import CANVAS, LABEL_FONT_SIZE, CardLayout, Rect, Template
from repost.signature import alignment, lettered, placed

if TYPE_CHECKING:
    from repost.overlay import Overlay

WHITE, INK = (255, 255, 255, 255), (24, 24, 27, 255)
_FILLING_LIGHT = 0.8
_FRAME_RADIUS, _PRINT_RADIUS, _PAPER_RADIUS = 44, 6, 14
_SHADOW_BLUR, _SHADOW_DROP, _SHADOW_DARKNESS = 4, 2, 150
_RING = 2  # a fine light line around the frame, which keeps dark stories off dark backdrops
_RING_LIGHT = 0.2
_PILL, _PILL_IN_THE_DARK = ((12, 12, 14), 0.55), ((255, 255, 255), 0.16)
_DARK = 36  # a ground on which a dark pill would not be seen
_PAPER_COLOUR, _PAPER_EDGE = (250, 249, 246), (222, 220, 214)
_FEATHER, _FEATHER_BLUR = 7, 2.6  # of the picture made small
_MELT_BLUR, _MELT_COLOUR, _MELT_LIGHT = 9, 1.1, 0.95
_GROUND_LIGHT = 0.62
_BRIGHT = 150  # a ground that asks for dark letters


@dataclass(frozen=True, slots=True)
class DrawnPiece:
    """Something with alpha that lies over story and backdrop."""

    image: Image.Image
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Still:
    """A card without its story. `window` is the frame's mask: 255 where the story shows."""

    plan: CardLayout
    backdrop: Image.Image
    window: Image.Image | None
    pieces: tuple[DrawnPiece, ...]


def draw_still(
    picture: Image.Image, plan: CardLayout, author: str, overlay: Overlay | None
) -> Still:
    """Draw all of a card but its story; `picture` gives the colours."""
    ground = _GROUNDS[plan.template](picture, plan)
    pieces = [_label(author, plan, ground)]
    if overlay is not None:
        pieces.append(_signature(overlay, author, plan))
    return Still(plan, ground, _window(plan), tuple(pieces))


def whole(still: Still, picture: Image.Image) -> Image.Image:
    """Return the card with a story that does not move. Draws on the still's backdrop."""
    frame, inner, card = still.plan.frame, still.plan.picture, still.backdrop
    framed = filling(picture, inner.size)
    if inner != frame:  # too wide or too tall a story: its own blur fills the rest of the frame
        small = ImageEnhance.Brightness(small_blur(picture, frame.size)).enhance(_FILLING_LIGHT)
        rest = enlarged(small, frame.size)
        rest.paste(framed, (inner.x - frame.x, inner.y - frame.y))
        framed = rest
    card.paste(framed, (frame.x, frame.y), still.window)
    for piece in still.pieces:
        card.paste(piece.image, (piece.x, piece.y), piece.image)
    return card


def layer(still: Still) -> Image.Image:
    """Return the card as it lies around and over a moving story, with alpha."""
    frame = still.plan.frame
    hole = Image.new("L", CANVAS, 255)
    window = still.window
    shut = ImageChops.invert(window) if window else Image.new("L", frame.size)
    hole.paste(shut, (frame.x, frame.y))
    card = still.backdrop.copy()
    card.putalpha(hole)
    for piece in still.pieces:
        card.alpha_composite(piece.image, (piece.x, piece.y))
    return card


def text_width(author: str) -> float:
    """Return how wide the name is at LABEL_FONT_SIZE."""
    return set_line(_handle(author), "sans", LABEL_FONT_SIZE).width


# Grounds


def _dark_blur(picture: Image.Image, plan: CardLayout) -> Image.Image:
    small = small_backdrop(picture, CANVAS)
    _shade(small, plan.frame)
    canvas = enlarged(small, CANVAS)
    size = plan.frame.width + 2 * _RING, plan.frame.height + 2 * _RING
    ring = rounded_mask(size, _FRAME_RADIUS + _RING).point(lambda value: value * _RING_LIGHT)
    canvas.paste("white", (plan.frame.x - _RING, plan.frame.y - _RING), ring)
    return canvas


def _melting(picture: Image.Image, plan: CardLayout) -> Image.Image:
    """The story's own blur, with the story once more where it will be: its edges dissolve."""
    small = small_blur(picture, CANVAS)
    x, y, width, height = (side // SMALL for side in _sides(plan.frame))
    small.paste(filling(picture, (width, height), gap=1), (x, y))
    small = small.filter(ImageFilter.GaussianBlur(_MELT_BLUR))
    small = ImageEnhance.Color(small).enhance(_MELT_COLOUR)
    return enlarged(ImageEnhance.Brightness(small).enhance(_MELT_LIGHT), CANVAS)


def _paper(picture: Image.Image, plan: CardLayout) -> Image.Image:
    """A print on paper, on the calm colours of the story."""
    assert plan.paper is not None
    colours = picture.resize((2, 3), Image.Resampling.BOX)
    colours = ImageEnhance.Brightness(colours).enhance(_GROUND_LIGHT)
    small = colours.resize(
        (CANVAS[0] // SMALL, CANVAS[1] // SMALL), Image.Resampling.BICUBIC
    ).filter(ImageFilter.GaussianBlur(12))
    _shade(small, plan.paper)
    canvas = enlarged(small, CANVAS)
    canvas.paste(
        _PAPER_COLOUR, (plan.paper.x, plan.paper.y), rounded_mask(plan.paper.size, _PAPER_RADIUS)
    )
    frame = plan.frame
    edge = frame.x - 1, frame.y - 1, frame.right, frame.bottom
    ImageDraw.Draw(canvas).rounded_rectangle(edge, _PRINT_RADIUS, fill=_PAPER_EDGE)
    return canvas


def _story_itself(picture: Image.Image, plan: CardLayout) -> Image.Image:
    """What the story will cover; the label looks at it to be seen on it."""
    return filling(picture, (CANVAS[0] // SMALL, CANVAS[1] // SMALL), gap=1).resize(CANVAS)


_GROUNDS = {
    Template.CLASSIC: _dark_blur,
    Template.BLUR: _melting,
    Template.FRAME: _paper,
    Template.FULL_BLEED: _story_itself,
}


def _shade(small: Image.Image, box: Rect) -> None:
    """Draw the shadow of a box on a ground that is still small."""
    shadow = Image.new("L", small.size)
    x, y, width, height = (side // SMALL for side in _sides(box))
    top = y + _SHADOW_DROP
    ImageDraw.Draw(shadow).rectangle((x, top, x + width, top + height), fill=_SHADOW_DARKNESS)
    small.paste(0, mask=shadow.filter(ImageFilter.GaussianBlur(_SHADOW_BLUR)))


def _sides(box: Rect) -> tuple[int, int, int, int]:
    return box.x, box.y, box.width, box.height


# The window


def _window(plan: CardLayout) -> Image.Image | None:
    match plan.template:
        case Template.CLASSIC:
            return rounded_mask(plan.frame.size, _FRAME_RADIUS)
        case Template.FRAME:
            return rounded_mask(plan.frame.size, _PRINT_RADIUS)
        case Template.BLUR:
            return _feathered(plan.frame)
        case Template.FULL_BLEED:
            return None
        case _:
            assert_never(plan.template)


def _feathered(frame: Rect) -> Image.Image:
    """Return a mask that fades out at the edges, but for those at the edge of the screen."""
    width, height = (max(1, side // SMALL) for side in frame.size)
    inset = 0 if frame.width == CANVAS[0] else _FEATHER
    small = Image.new("L", (width + 2 * SMALL, height + 2 * SMALL))
    ImageDraw.Draw(small).rectangle(
        (
            SMALL + inset if inset else 0,
            SMALL + _FEATHER,
            SMALL + width - inset - 1 if inset else width + 2 * SMALL,
            SMALL + height - _FEATHER - 1,
        ),
        fill=255,
    )
    small = small.filter(ImageFilter.GaussianBlur(_FEATHER_BLUR))
    return enlarged(small.crop((SMALL, SMALL, SMALL + width, SMALL + height)), frame.size)


# The pieces


def _label(author: str, plan: CardLayout, ground: Image.Image) -> DrawnPiece:
    """Return the author's name: on a pill, in ink on paper, or bare."""
    label = plan.label
    image = Image.new("RGBA", label.size)
    colour, shadow = WHITE, False
    match plan.template:
        case Template.FRAME:
            colour = INK
        case Template.BLUR:
            colour, shadow = (INK, False) if _light(ground, label) > _BRIGHT else (WHITE, True)
        case Template.CLASSIC | Template.FULL_BLEED:
            pill, opacity = _PILL if _light(ground, label) > _DARK else _PILL_IN_THE_DARK
            image.paste(pill, (0, 0, *label.size))
            mask = rounded_mask(label.size, label.height // 2)
            image.putalpha(mask.point(lambda value: value * opacity))
        case _:
            assert_never(plan.template)
    block = set_line(_handle(author), "sans", plan.font_size)
    name = draw(block, colour, shadow=shadow)
    over = Image.new("RGBA", label.size)
    over.paste(name, ((label.width - name.width) // 2, (label.height - name.height) // 2))
    return DrawnPiece(Image.alpha_composite(image, over), label.x, label.y)


def _light(ground: Image.Image, box: Rect) -> float:
    """Return how bright the ground is there, 0 to 255."""
    place = box.x, box.y, box.right, box.bottom
    return ImageStat.Stat(ground.crop(place).convert("L")).mean[0]


def _signature(overlay: Overlay, author: str, plan: CardLayout) -> DrawnPiece:
    block = lettered(overlay, author, plan)
    image = draw(block, overlay.rgba, align=alignment(overlay), shadow=overlay.shadow)
    room = placed(overlay, (round(block.width), round(block.height)), plan.label_room)
    rim = margin(block)
    return DrawnPiece(image, room.x - rim, room.y - rim)


def _handle(author: str) -> str:
    name = "".join(letter for letter in author if letter.isprintable())
    return f"@{name.removeprefix('@')}"
