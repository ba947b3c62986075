"""Where everything of a card goes: pure geometry, no pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

CANVAS = (1080, 1920)
# Instagram draws its own controls over the top and the bottom of a story.
SAFE_TOP, SAFE_BOTTOM = 250, 340

SMALLEST_TEXT = 20  # in pixels
LABEL_FONT_SIZE = 44.0  # the size at which `author_text_width` is measured

SIDE = 64
_ROOM = CANVAS[0] - 2 * SIDE
_GAP = 36
LABEL_HEIGHT = 84
_LABEL_PADDING = 36
_PAPER_MARGIN, _PAPER_FOOT = 32, 132
_NARROWEST, _WIDEST = 0.36, 3.2  # the frame's width / height
_MAX_ZOOM = 3.0  # how much a small picture is enlarged...
_MIN_LONG_SIDE = 560  # ...unless the frame would be lost on the canvas


class Template(StrEnum):
    """How a card looks."""

    CLASSIC = "classic"  # a rounded frame on a dark blur of the story, the name on a pill below
    BLUR = "blur"  # the story melts into its own bright blur, the name stands above it
    FRAME = "frame"  # a print on paper with the name written under it
    FULL_BLEED = "full-bleed"  # the story fills the screen, the name on a pill at the bottom left


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle on the canvas in whole pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def meets(self, other: Rect) -> bool:
        """Whether the two have a pixel in common."""
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.bottom
            and other.y < self.bottom
        )


SAFE = Rect(0, SAFE_TOP, CANVAS[0], CANVAS[1] - SAFE_TOP - SAFE_BOTTOM)
WHOLE = Rect(0, 0, *CANVAS)


@dataclass(frozen=True, slots=True)
class CardLayout:
    """A card: the story in its frame, and the author's label.

    `picture` is where the whole story fits: the frame itself, or less of it for shapes so wide or
    tall that the frame does not follow them. The frame is even, as video needs it. `paper` is what
    a print lies on.
    """

    template: Template
    frame: Rect
    picture: Rect
    label: Rect
    font_size: float
    paper: Rect | None = None

    @property
    def label_room(self) -> Rect:
        """What belongs to the label, and is kept clear of other text."""
        if self.paper is None:
            return self.label
        foot = self.frame.bottom
        return Rect(self.paper.x, foot, self.paper.width, self.paper.bottom - foot)


def layout(
    width: int, height: int, author_text_width: float, template: Template = Template.CLASSIC
) -> CardLayout:
    """Lay out a card for a story of that size; the author's name is as wide at LABEL_FONT_SIZE."""
    spare = LABEL_HEIGHT + _GAP  # what the label takes of the height
    top, paper, widest = SAFE_TOP, None, _ROOM - 2 * _LABEL_PADDING
    match template:
        case Template.CLASSIC:
            frame = _framed(width, height, Rect(SIDE, SAFE_TOP, _ROOM, SAFE.height - spare))
            top = frame.bottom + _GAP
        case Template.BLUR:
            room = Rect(0, SAFE_TOP + spare, CANVAS[0], SAFE.height - spare)
            frame = _framed(width, height, room)
            top = frame.y - spare
        case Template.FRAME:
            margin, foot = _PAPER_MARGIN, _PAPER_FOOT
            room = Rect(
                SIDE + margin, SAFE_TOP + margin, _ROOM - 2 * margin, SAFE.height - margin - foot
            )
            frame = _framed(width, height, room)
            paper = Rect(
                frame.x - margin, frame.y - margin,
                frame.width + 2 * margin, frame.height + margin + foot,
            )  # fmt: skip
            top, widest = frame.bottom + (foot - LABEL_HEIGHT) // 2, frame.width - 2 * margin
        case Template.FULL_BLEED:
            frame, top = WHOLE, SAFE.bottom - LABEL_HEIGHT
        case _:
            assert_never(template)
    text_width = min(author_text_width, widest)
    label = _centred(top, text_width + 2 * _LABEL_PADDING, LABEL_HEIGHT)
    if template is Template.FULL_BLEED:
        label = replace(label, x=SIDE)
    return CardLayout(
        template=template,
        frame=frame,
        picture=frame if template is Template.FULL_BLEED else _contained(width, height, frame),
        label=label,
        font_size=LABEL_FONT_SIZE * (text_width / max(author_text_width, 1)),
        paper=paper,
    )


def _framed(width: int, height: int, room: Rect) -> Rect:
    """Return the frame of a story, centred in the room: as large as fits, but not too enlarged."""
    shape = _clamped(width, height)
    frame_width = min(room.width, room.height * shape)
    frame_height = frame_width / shape
    zoom = min(frame_width / width, frame_height / height)
    shrink = min(1.0, max(_MAX_ZOOM / zoom, _MIN_LONG_SIDE / max(frame_width, frame_height)))
    frame_height = _even(frame_height * shrink)
    y = room.y + _even((room.height - frame_height) / 2, least=0)
    return _centred(y, frame_width * shrink, frame_height)


def _clamped(width: int, height: int) -> float:
    return min(max(width / height, _NARROWEST), _WIDEST)


def _contained(width: int, height: int, frame: Rect) -> Rect:
    if _clamped(width, height) == width / height:
        return frame
    zoom = min(frame.width / width, frame.height / height)
    inner = min(_even(width * zoom), frame.width), min(_even(height * zoom), frame.height)
    x, y = (frame.width - inner[0]) // 2, (frame.height - inner[1]) // 2
    return Rect(frame.x + x, frame.y + y, *inner)


def _centred(y: int, width: float, height: int) -> Rect:
    half = _even(width / 2)
    return Rect(CANVAS[0] // 2 - half, y, 2 * half, height)


def _even(value: float, least: int = 2) -> int:
    return max(least, round(value / 2) * 2)
