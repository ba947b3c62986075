"""What aiograpi's models say of a post, as the publish engine understands it."""

from __future__ import annotations

import json
from typing import Any

from instagram.private.people import current_username
from session_api.given import Malformed
from session_api.question import Question


async def tags(question: Question) -> dict[str, Any]:
    """Return who is tagged and where, as fields of `Content`; looks up what is not told."""
    given = question.given
    place: dict[str, Any] = {}
    if given["location"]:
        (location,) = given["location"]
        place = {
            "location_id": await _place_id(question, "location", location),
            "location_name": location.name,
        }
    people = [
        {**await _person(question, "usertags", tag.user), "x": tag.x, "y": tag.y}
        for tag in given["usertags"]
    ]
    return {"user_tags": people or None, **place}


async def decorations(question: Question) -> dict[str, Any]:
    """Return who is mentioned on a story and what sticks on it, as fields of `Content`."""
    given = question.given
    stickers: list[dict[str, Any]] = [
        {"type": "link", "url": str(link.webUri), **_placed(link)} for link in given["links"]
    ]
    stickers += [
        {"type": "hashtag", "name": each.hashtag.name, **_placed(each)}
        for each in given["hashtags"]
    ]
    for each in given["locations"]:
        number = await _place_id(question, "locations", each.location)
        stickers.append(
            {"type": "location", "id": number, "name": each.location.name, **_placed(each)}
        )
    stickers += [_sticker(each) for each in given["stickers"]]
    mentions = [
        {**await _person(question, "mentions", each.user), **_placed(each)}
        for each in given["mentions"]
    ]
    return {"story_mentions": mentions or None, "story_stickers": stickers or None}


def _placed(sticker: Any) -> dict[str, float]:
    return {
        name: getattr(sticker, name) or 0.0 for name in ("x", "y", "width", "height", "rotation")
    }


def _sticker(sticker: Any) -> dict[str, Any]:
    if sticker.story_link is not None:
        return {"type": "link", "url": str(sticker.story_link.url), **_placed(sticker)}
    said = {"type": sticker.type or "gif", "id": sticker.id, "extra": sticker.extra or {}}
    try:
        text = json.dumps(said, allow_nan=False)
    except ValueError:
        raise _malformed("stickers", "extra: Input should have finite numbers") from None
    return {"type": "app", "sticker": text, **_placed(sticker)}


async def _person(question: Question, field: str, user: Any) -> dict[str, str]:
    number, name = str(user.pk).strip(), (user.username or "").strip().lstrip("@")
    if not number.isascii() or not number.isdecimal() or len(number) > 20:
        raise _malformed(field, "user.pk: Input should be somebody's number")
    if not name:

        async def look_up(client: Any) -> str:
            return await current_username(client, number)

        name = await question.run(look_up, writes=False)
    return {"username": name, "userId": number}


async def _place_id(question: Question, field: str, location: Any) -> str:
    number = location.external_id or location.pk
    if number:
        return str(number)
    if location.lat is None or location.lng is None:
        raise _malformed(field, "A place has a pk, an external_id, or lat and lng")

    async def near(client: Any) -> Any:
        found = await client.location_search(location.lat, location.lng)
        return next((each.external_id or each.pk for each in found), None)

    known = await question.run(near, writes=False)
    if not known:
        raise _malformed(field, "Instagram knows no place there")
    return str(known)


def _malformed(field: str, message: str) -> Malformed:
    return Malformed([{"type": "value_error", "loc": ["body", field], "msg": message}])
