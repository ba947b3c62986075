"""Where everything of a card goes: pure geometry, no pixels."""

from __future__ import annotations

from dataclasses import dataclass

CANVAS = (1080, 1920)
# Instagram draws its own controls over the top and the bottom of a story.
SAFE_TOP, SAFE_BOTTOM = 250, 340

LABEL_FONT_SIZE = 44.0  # the size at which `author_text_width` is measured
FRAME_RADIUS = 44

_SIDE = 64
_GAP = 36
_LABEL_HEIGHT = 84
_LABEL_PADDING = 36
_NARROWEST, _WIDEST = 0.36, 3.2  # the frame's width / height
_MAX_ZOOM = 3.0  # how much a small picture is enlarged...
_MIN_LONG_SIDE = 560  # ...unless the frame would be lost on the canvas


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


@dataclass(frozen=True, slots=True)
class Layout:
    """The "classic" card: a rounded frame, centred, and the author's label below it.

    `picture` is where the whole story fits: the frame itself, or less of it for shapes so wide or
    tall that the frame does not follow them. The frame is even, as video needs it.
    """

    frame: Rect
    picture: Rect
    label: Rect
    font_size: float


def layout(width: int, height: int, author_text_width: float) -> Layout:
    """Lay out a card for a story of that size; the author's name is as wide at LABEL_FONT_SIZE."""
    room_width = CANVAS[0] - 2 * _SIDE
    room_height = CANVAS[1] - SAFE_TOP - SAFE_BOTTOM - _GAP - _LABEL_HEIGHT
    shape = min(max(width / height, _NARROWEST), _WIDEST)
    frame_width = min(room_width, room_height * shape)
    frame_height = frame_width / shape
    zoom = min(frame_width / width, frame_height / height)
    shrink = min(1.0, max(_MAX_ZOOM / zoom, _MIN_LONG_SIDE / max(frame_width, frame_height)))
    frame_height = _even(frame_height * shrink)
    frame = _centred(
        SAFE_TOP + _even((room_height - frame_height) / 2, least=0),
        frame_width * shrink,
        frame_height,
    )
    text_width = min(author_text_width, room_width - 2 * _LABEL_PADDING)
    return Layout(
        frame=frame,
        picture=frame if shape == width / height else _contained(width, height, frame),
        label=_centred(
            frame.y + frame.height + _GAP, text_width + 2 * _LABEL_PADDING, _LABEL_HEIGHT
        ),
        font_size=LABEL_FONT_SIZE * (text_width / max(author_text_width, 1)),
    )


def _contained(width: int, height: int, frame: Rect) -> Rect:
    zoom = min(frame.width / width, frame.height / height)
    inner = min(_even(width * zoom), frame.width), min(_even(height * zoom), frame.height)
    x, y = (frame.width - inner[0]) // 2, (frame.height - inner[1]) // 2
    return Rect(frame.x + x, frame.y + y, *inner)


def _centred(y: int, width: float, height: int) -> Rect:
    half = _even(width / 2)
    return Rect(CANVAS[0] // 2 - half, y, 2 * half, height)


def _even(value: float, least: int = 2) -> int:
    return max(least, round(value / 2) * 2)
