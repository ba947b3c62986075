"""Objects in form fields: each value is one object in JSON or an array of them.

Repeated values and arrays follow each other in their order. What is absent in an object stands
where it would: in the middle.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from instagram.private import calls
from session_api.row import Field

_MIDDLE = MappingProxyType({"x": 0.5, "y": 0.5, "width": 0.5, "height": 0.2, "rotation": 0.0})
_SHARES = tuple(_MIDDLE)
_MOST = 50

DECORATIONS = (
    Field("mentions", "json", many=True, model="StoryMention", defaults=_MIDDLE),
    Field("locations", "json", many=True, model="StoryLocation", defaults=_MIDDLE),
    Field("links", "json", many=True, model="StoryLink"),
    Field("hashtags", "json", many=True, model="StoryHashtag", defaults=_MIDDLE),
    Field("stickers", "json", many=True, model="StorySticker"),
)
TAGS = (
    Field("usertags", "json", many=True, model="Usertag"),
    Field("location", "json", model="Location"),
)


def objects(field: Field, text: str) -> list[BaseModel]:
    """Return the objects of one value; raises `ValueError` with what is wrong."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ValueError("Input should be JSON") from None
    listed = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in listed) or len(listed) > _MOST:
        raise ValueError(f"Input should be an object, or an array of {_MOST} objects at most")
    return [_built(field, each) for each in listed]


def _built(field: Field, value: Mapping[str, Any]) -> BaseModel:
    given = {name: each for name, each in value.items() if each is not None}
    whole = {**field.defaults, **given}
    if isinstance(tag := whole.get("hashtag"), dict):
        whole["hashtag"] = {"id": "", **tag}  # nobody needs it
    try:
        made = calls.built(field.model, whole)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}") from None
    except RecursionError:
        raise ValueError("Input is nested too deep") from None
    for name in _SHARES:
        share = getattr(made, name, None)
        if share is not None and not (math.isfinite(share) and 0 <= share <= 1):
            raise ValueError(f"{name}: Input should be from 0 to 1")
    return made


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")
