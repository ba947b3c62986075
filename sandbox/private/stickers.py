"""The stickers of a story: read from what configures it, and shown to those who look at it."""

from __future__ import annotations

import math
from collections.abc import Callable
from urllib.parse import urlsplit

from sandbox.private.form import json_value, whole_number
from sandbox.private.refused import Refused
from sandbox.wire.message import JsonObject
from sandbox.world.hashtags import tag_id
from sandbox.world.published import Mention
from sandbox.world.world import World

_PLACEMENT = ("x", "y", "width", "height")


def placed_stickers(form: JsonObject, field: str) -> list[JsonObject]:
    """A list of stickers from its JSON, each with a place and a size; empty if not given.

    Raises:
        Refused
    """
    if not form.get(field):
        return []
    stickers = json_value(form[field])
    if not isinstance(stickers, list):
        raise Refused(f"{field} is not a list in JSON")
    for sticker in stickers:
        if not isinstance(sticker, dict):
            raise Refused(f"{field} holds something that is no sticker")
        for name in _PLACEMENT:
            if not _is_number(sticker.get(name)):
                raise Refused(f"{field}: {name} is not a number")
    return stickers


def mentions_in(stickers: list[JsonObject], world: World) -> tuple[Mention, ...]:
    """The mentions among the stickers.

    Raises:
        Refused: somebody mentioned does not exist.
    """
    found = []
    for sticker in stickers:
        if sticker.get("type") != "mention":
            continue
        person = world.find_person(pk=whole_number(sticker.get("user_id")))
        if person is None:
            raise Refused(f"tap_models mentions an unknown user {sticker.get('user_id')}")
        x, y, width, height = (float(sticker[name]) for name in _PLACEMENT)
        found.append(Mention(person.username, person.pk, x, y, width, height))
    return tuple(found)


def others_in(stickers: list[JsonObject], world: World) -> list[JsonObject]:
    """The stickers that are no mentions; those of a known type have to hold what it needs.

    Raises:
        Refused
    """
    others = [sticker for sticker in stickers if sticker.get("type") != "mention"]
    for sticker in others:
        check = _CHECKS.get(str(sticker.get("type")))
        if check is not None and not check(sticker, world):
            raise Refused(f"the {sticker['type']} sticker is not complete")
    return others


def is_web_address(url: object) -> bool:
    """Whether a link sticker may lead there."""
    parts = urlsplit(url) if isinstance(url, str) else None
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)


def stickers_json(stickers: list[JsonObject], world: World) -> JsonObject:
    """The stickers as they stand in a story's JSON."""
    shown: JsonObject = {}
    for sticker in stickers:
        show = _SHOWN.get(str(sticker.get("type")))
        if show is not None:
            field, make = show
            shown.setdefault(field, []).append({**_placement(sticker), **make(sticker, world)})
    return shown


def _placement(sticker: JsonObject) -> JsonObject:
    place = {name: sticker[name] for name in _PLACEMENT}
    return {**place, "z": 0, "rotation": 0.0, "is_pinned": 0, "is_hidden": 0}


def _hashtag(sticker: JsonObject, world: World) -> JsonObject:
    name = str(sticker["tag_name"])
    return {"hashtag": {"id": str(tag_id(name)), "name": name}}


def _location(sticker: JsonObject, world: World) -> JsonObject:
    place = world.places.find(sticker["location_id"])
    name = place.name if place else ""
    facts: JsonObject = {"pk": int(sticker["location_id"]), "name": name}
    if place is not None:
        facts |= {"address": place.address, "lat": place.lat, "lng": place.lng}
    return {"location": facts}


def _link(sticker: JsonObject, world: World) -> JsonObject:
    return {"story_link": {"url": sticker["url"], "link_type": "web"}}


def _feed_media(sticker: JsonObject, world: World) -> JsonObject:
    return {"media_id": str(sticker["media_id"]).partition("_")[0], "product_type": "feed"}


def _knows_media(sticker: JsonObject, world: World) -> bool:
    pk = whole_number(str(sticker.get("media_id")).partition("_")[0])
    post = world.library.posts.get(pk or 0)
    # A sticker of somebody's post: that of a private account cannot be passed on.
    return post is not None and not post.deleted and not post.owner.private


_CHECKS: dict[str, Callable[[JsonObject, World], bool]] = {
    "hashtag": lambda sticker, _: bool(sticker.get("tag_name")),
    "location": lambda sticker, _: whole_number(sticker.get("location_id")) is not None,
    "story_link": lambda sticker, _: is_web_address(sticker.get("url")),
    "feed_media": _knows_media,
}
_SHOWN: dict[str, tuple[str, Callable[[JsonObject, World], JsonObject]]] = {
    "hashtag": ("story_hashtags", _hashtag),
    "location": ("story_locations", _location),
    "story_link": ("story_link_stickers", _link),
    "feed_media": ("story_feed_media", _feed_media),
}


def _is_number(value: object) -> bool:
    # In JSON true is no number, and there is neither infinity nor "not a number".
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
