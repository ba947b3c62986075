"""What configures a post in the private API: caption, tags, collaborators, place."""

from __future__ import annotations

from sandbox.private.form import json_object, json_value, tidy, whole_number
from sandbox.private.refused import Refused
from sandbox.wire.message import JsonObject
from sandbox.world.person import Person
from sandbox.world.published import UserTag
from sandbox.world.world import World

_LONGEST_CAPTION = 2200
_MOST_TAGS = 20
_MOST_COAUTHORS = 5


def caption(form: JsonObject, name: str = "caption") -> str:
    """The caption as it is shown: trimmed, with plain line ends.

    Raises:
        Refused: it is too long.
    """
    text = str(form.get(name) or "")
    if len(text) > _LONGEST_CAPTION:
        raise Refused("The caption is too long")
    return tidy(text)


def user_tags(form: JsonObject, world: World) -> tuple[UserTag, ...]:
    """The people tagged, from `{"in": [{"user_id": …, "position": [x, y]}]}` in JSON.

    Raises:
        Refused
    """
    if not form.get("usertags"):
        return ()
    entries = (json_object(form["usertags"]) or {}).get("in")
    if not isinstance(entries, list) or len(entries) > _MOST_TAGS:
        raise Refused(f"usertags is not a list of at most {_MOST_TAGS} people")
    return tuple(_tag(entry, world) for entry in entries)


def _tag(entry: object, world: World) -> UserTag:
    fields = entry if isinstance(entry, dict) else {}
    person = world.find_person(pk=whole_number(fields.get("user_id")))
    if person is None:
        raise Refused(f"usertags names an unknown user {fields.get('user_id')}")
    match fields.get("position"):
        case [int() | float() as x, int() | float() as y] if 0 <= x <= 1 and 0 <= y <= 1:
            return UserTag(person.username, person.pk, float(x), float(y))
    raise Refused("usertags: position has to be two numbers from 0 to 1")


def coauthors(form: JsonObject, world: World) -> tuple[Person, ...]:
    """The people invited as authors, by their ids.

    Raises:
        Refused
    """
    given = form.get("invite_coauthor_user_ids") or []
    listed = json_value(given) if isinstance(given, str) else given
    if not isinstance(listed, list) or len(listed) > _MOST_COAUTHORS:
        raise Refused(f"invite_coauthor_user_ids is not a list of at most {_MOST_COAUTHORS} ids")
    people = []
    for pk in listed:
        person = world.find_person(pk=whole_number(pk))
        if person is None:
            raise Refused(f"invite_coauthor_user_ids names an unknown user {pk}")
        people.append(person)
    return tuple(people)


def location_id(form: JsonObject) -> str | None:
    """The id of the place in `location`, which is JSON; None if there is no place.

    Raises:
        Refused
    """
    if not form.get("location"):
        return None
    place = json_object(form["location"])
    if place is None:
        raise Refused("location is not an object in JSON")
    found = place.get("facebook_places_id")
    return None if whole_number(found) is None else str(found)
