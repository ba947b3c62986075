"""Where the user's own line goes on a card: inside the safe area, and clear of the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from media.lettering import Block, fit
from repost.layout import CANVAS, SAFE, SIDE, SMALLEST_TEXT, CardLayout, Rect

if TYPE_CHECKING:
    from repost.overlay import Overlay, Point

_ROOM = CANVAS[0] - 2 * SIDE
_GAP = 20
_HIGHEST = 0.44  # the share of the safe area that the text may take


def lettered(overlay: Overlay, author: str, plan: CardLayout) -> Block:
    """Set the text in its size, or smaller where there is too much of it."""
    # A print's paper is white: text on it stays on the picture.
    width = _ROOM if plan.paper is None else plan.frame.width - 2 * _GAP
    room = width, SAFE.height * _HIGHEST
    return fit(overlay.text_for(author), overlay.font, overlay.pixels, room, SMALLEST_TEXT)


def placed(overlay: Overlay, size: tuple[int, int], label: Rect) -> Rect:
    """Return where a text of that size goes: as near to its place as the label lets it."""
    width, height = min(size[0], _ROOM), size[1]
    x, y = _corner(overlay.position, width, height)
    left = round(min(max(x, SIDE), CANVAS[0] - SIDE - width))
    top = round(min(max(y, SAFE.y), SAFE.bottom - height))
    wanted = Rect(left, top, width, height)
    if not _around(label).meets(wanted):
        return wanted
    above = Rect(left, label.y - _GAP - height, width, height)
    below = Rect(left, label.bottom + _GAP, width, height)
    fitting = [
        place for place in (above, below) if SAFE.y <= place.y and place.bottom <= SAFE.bottom
    ]
    return min(fitting, key=lambda place: abs(place.y - top))


def alignment(overlay: Overlay) -> float:
    """Return where shorter lines stand: 0 at the left, 1 at the right."""
    if not isinstance(overlay.position, str):
        return 0.5
    return _share(overlay.position, "left", "right")


def _corner(position: str | Point, width: int, height: int) -> tuple[float, float]:
    if not isinstance(position, str):
        return position.x * CANVAS[0] - width / 2, position.y * CANVAS[1] - height / 2
    across, down = _share(position, "left", "right"), _share(position, "top", "bottom")
    return SIDE + across * (_ROOM - width), SAFE.y + down * (SAFE.height - height)


def _share(position: str, first: str, last: str) -> float:
    return 0.0 if first in position else 1.0 if last in position else 0.5


def _around(label: Rect) -> Rect:
    return Rect(label.x - _GAP, label.y - _GAP, label.width + 2 * _GAP, label.height + 2 * _GAP)
