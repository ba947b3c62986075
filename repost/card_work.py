"""What the worker draws of cards: whole ones of photos, and what stands still in those of videos.

Each function writes into `folder` and returns where the sticker goes. Runs in the worker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from media.photo import open_photo, probe_photo, save_jpeg
from repost.drawing import draw_still, text_width, whole
from repost.drawing import layer as layer_of
from repost.layout import CANVAS, CardLayout, Template, layout

if TYPE_CHECKING:
    from repost.overlay import Overlay

_Report = Callable[[float], None]
_THUMBNAIL = (CANVAS[0] // 4, CANVAS[1] // 4)


def photo(
    _: _Report,
    *,
    source: str,
    author: str,
    template: str,
    overlay: str | None,
    folder: str,
    named: bool,
) -> dict[str, Any]:
    """Write the card of a photo, with or without name and text, and its thumbnail."""
    info = probe_photo(Path(source))
    plan = layout(info.width, info.height, text_width(author), Template(template))
    picture = open_photo(Path(source), at_least=plan.picture.size)
    still = draw_still(picture, plan, author, _overlay(overlay))
    card = whole(still if named else replace(still, pieces=()), picture)
    save_jpeg(card, Path(folder) / "card.jpg")
    _thumbnail(card, folder)
    return {"sticker": _sticker(plan)}


def layer(
    _: _Report,
    *,
    poster: str,
    width: int,
    height: int,
    author: str,
    template: str,
    overlay: str | None,
    folder: str,
) -> dict[str, Any]:
    """Write what stands still in a video's card, and the thumbnail of the whole.

    Returns also the box in which the video of that width and height moves.
    """
    plan = layout(width, height, text_width(author), Template(template))
    picture = open_photo(Path(poster))
    still = draw_still(picture, plan, author, _overlay(overlay))
    layer_of(still).save(Path(folder) / "layer.png", compress_level=1)
    _thumbnail(whole(still, picture), folder)
    return {"sticker": _sticker(plan), "box": (plan.frame.x, plan.frame.y, *plan.frame.size)}


def copied(
    _: _Report,
    *,
    poster: str,
    width: int,
    height: int,
    author: str,
    template: str,
    overlay: str | None,
    folder: str,
) -> dict[str, Any]:
    """Write the thumbnail of a video that stays as it is."""
    plan = layout(width, height, text_width(author), Template(template))
    _thumbnail(open_photo(Path(poster)), folder)
    return {"sticker": _sticker(plan)}


def _overlay(text: str | None) -> Overlay | None:
    if text is None:
        return None
    from repost.overlay import read_overlay  # takes longer to import than a card to draw

    return read_overlay(text)


def _thumbnail(card: Image.Image, folder: str) -> None:
    small = card.resize(_THUMBNAIL, Image.Resampling.BOX, reducing_gap=2.0)
    save_jpeg(small, Path(folder) / "thumbnail.jpg", quality=85)


def _sticker(plan: CardLayout) -> dict[str, float]:
    label, (width, height) = plan.label, CANVAS
    return {
        "x": (label.x + label.width / 2) / width,
        "y": (label.y + label.height / 2) / height,
        "width": label.width / width,
        "height": label.height / height,
    }
