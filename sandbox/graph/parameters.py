"""Reading the parameters of a container: text, numbers, and lists that come as JSON or as text."""

from __future__ import annotations

import re

from sandbox.graph.failures import GraphRefusal
from sandbox.private.form import json_value, tidy, whole_number
from sandbox.wire.message import JsonObject
from sandbox.world.person import Person
from sandbox.world.published import UserTag
from sandbox.world.world import World

_LONGEST_CAPTION = 2200
_MOST_HASHTAGS = 30
_MOST_MENTIONS = 20
_MOST_TAGS = 20
_MOST_COLLABORATORS = 3
_HASHTAG = re.compile(r"(?<!\w)#\w+")
_MENTION = re.compile(r"(?<!\w)@[\w.]+")


def flag(parameters: JsonObject, name: str) -> bool:
    """A yes or no, in any of the ways to write one."""
    return str(parameters.get(name, "")).lower() in ("true", "1")


def caption(parameters: JsonObject) -> str:
    """The caption within its limits, as it is shown: trimmed, with plain line ends.

    Raises:
        GraphRefusal
    """
    text = str(parameters.get("caption") or "")
    if (
        len(text) > _LONGEST_CAPTION
        or len(_HASHTAG.findall(text)) > _MOST_HASHTAGS
        or len(_MENTION.findall(text)) > _MOST_MENTIONS
    ):
        raise GraphRefusal("caption_too_long")
    return tidy(text)


def location_id(parameters: JsonObject) -> str | None:
    """The id of the place, which is that of a Facebook Page.

    Raises:
        GraphRefusal
    """
    given = parameters.get("location_id")
    if given in (None, ""):
        return None
    if whole_number(given) is None:
        raise invalid("location_id has to be the id of a Page")
    return str(given)


def thumb_offset(parameters: JsonObject) -> None:
    """Check the thumbnail's offset as far as that can be done without the video.

    Raises:
        GraphRefusal
    """
    given = parameters.get("thumb_offset")
    if given is not None and whole_number(given) is None:
        raise GraphRefusal("thumb_offset")


def user_tags(parameters: JsonObject, world: World, *, with_place: bool) -> tuple[UserTag, ...]:
    """The people tagged; in a photo each needs a place, as fractions of it.

    Raises:
        GraphRefusal
    """
    entries = _listed(parameters, "user_tags")
    if len(entries) > _MOST_TAGS:
        raise GraphRefusal("too_many_tags")
    return tuple(_tag(entry, world, with_place) for entry in entries)


def collaborators(parameters: JsonObject, world: World) -> tuple[Person, ...]:
    """The people invited as authors.

    Raises:
        GraphRefusal
    """
    names = _listed(parameters, "collaborators")
    if len(names) > _MOST_COLLABORATORS:
        raise invalid(f"At most {_MOST_COLLABORATORS} collaborators can be invited")
    return tuple(_public_person(name, world) for name in names)


def child_ids(parameters: JsonObject) -> list[str]:
    """The ids of a carousel's children, from a list or from text with commas."""
    given = parameters.get("children")
    if isinstance(given, str) and not given.lstrip().startswith("["):
        return [part.strip() for part in given.split(",") if part.strip()]
    return [str(entry) for entry in _listed(parameters, "children")]


def invalid(message: str) -> GraphRefusal:
    return GraphRefusal("invalid_parameter", f"(#100) {message}")


def _tag(entry: object, world: World, with_place: bool) -> UserTag:
    if not isinstance(entry, dict):
        raise invalid("user_tags has to be a list of objects")
    person = _public_person(entry.get("username"), world)
    x, y = entry.get("x"), entry.get("y")
    if x is None and y is None and not with_place:
        return UserTag(person.username, person.pk, None, None)
    return UserTag(person.username, person.pk, _fraction(x), _fraction(y))


def _public_person(username: object, world: World) -> Person:
    person = world.find_person(username=str(username).removeprefix("@"))
    if person is None or person.private:
        raise invalid(f"There is no public account called {str(username)[:40]}")
    return person


def _fraction(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= float(str(value)) <= 1:
        raise invalid("user_tags: x and y have to be numbers from 0 to 1")
    return float(str(value))


def _listed(parameters: JsonObject, name: str) -> list[object]:
    """A list, from a JSON body or as JSON in a form field; empty if not given."""
    given = parameters.get(name)
    if given in (None, ""):
        return []
    found = json_value(given) if isinstance(given, str) else given
    if not isinstance(found, list):
        raise invalid(f"{name} has to be a list")
    return found
