"""Whom a story mentions, in either form in which Instagram tells it. Pure.

It is `reel_mentions`, or a sticker of `story_bloks_stickers` that holds an `ig_mention`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from instagram.fields import Json, entries, identifier, mapping, numeric


@dataclass(frozen=True, slots=True)
class Box:
    """Where a story mentions somebody: centre and size as fractions of the canvas."""

    user_pk: str
    x: float
    y: float
    width: float
    height: float


def boxes_of(story: Json) -> tuple[Box, ...]:
    """Return the mentions of a story from Instagram's JSON, those in no known form left out.

    A mention that is told twice is one: what a card names would not be known by it otherwise.
    """
    found = dict.fromkeys(_box(user_pk, place) for user_pk, place in _told(story) if user_pk)
    sized = {box.user_pk for box in found if box.height}
    return tuple(box for box in found if box.height or box.user_pk not in sized)


def does_mention(story: Json, user_pk: str) -> bool | None:
    """Say whether a story mentions somebody; None where it tells in no known form whom it does."""
    named = [pk for pk, _ in _told(story)]
    if user_pk in named:
        return True
    is_told = isinstance(story.get("reel_mentions"), list) or bool(named)
    return False if is_told and all(named) else None


def _told(story: Json) -> Iterator[tuple[str, Json]]:
    """Yield each mention's person, "" where that is odd, and what tells its place."""
    mentions = story.get("reel_mentions")
    for each in mentions if isinstance(mentions, list) else []:
        place = mapping(each)
        yield identifier(mapping(place.get("user")).get("pk")), place
    for place in entries(story.get("story_bloks_stickers")):
        sticker = mapping(place.get("bloks_sticker"))
        named = mapping(sticker.get("sticker_data")).get("ig_mention")
        if named is not None or sticker.get("bloks_sticker_type") == "mention":
            yield identifier(mapping(named).get("account_id")), place


def _box(user_pk: str, place: Json) -> Box:
    return Box(
        user_pk, *(numeric(place.get(name)) or 0.0 for name in ("x", "y", "width", "height"))
    )
