"""What stickers a story may have: a link, hashtags and a place. Pure; the limits are the app's.

The official API carries none of them. Mentions are no stickers here: the contract has a field of
their own for them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ground.refusal import ErrorCode, Refusal
from publish.rules import Content, share
from storage.posts import MediaType

CODE = ErrorCode.INVALID_STICKERS
MOST = {"link": 1, "hashtag": 10, "location": 1}
MOST_OF_APP = 5  # which only come by session
URL_LENGTH, HASHTAG_LENGTH, NAME_LENGTH = 2048, 100, 256
APP_LENGTH = 4096
SMALLEST = 0.01  # of the picture's width or height
# Centre and size as shares of the picture, rotation as a share of a full turn.
DEFAULTS = {"x": 0.5, "y": 0.5, "width": 0.5, "height": 0.1, "rotation": 0.0}
LOCATION_ID = re.compile(r"[0-9]{1,20}")
_JOINER = "\u200d"  # between the parts of one emoji


def checked(content: Content) -> Content:
    """Return `content` with its stickers in their stored form; raises `Refusal`."""
    given = content.story_stickers
    if not given:
        return replace(content, story_stickers=None)
    if content.media_type is not MediaType.STORIES:
        raise Refusal(CODE, "Stickers are for STORIES only")
    most = MOST | ({"app": MOST_OF_APP} if content.by_session else {})
    if len(given) > sum(most.values()):
        raise Refusal(CODE, f"At most {sum(most.values())} stickers are allowed")
    stickers = [_sticker(entry, most) for entry in given]
    for kind, count in Counter(sticker["type"] for sticker in stickers).items():
        if count > most[kind]:
            raise Refusal(CODE, f"A story has at most {most[kind]} {kind} sticker(s)")
    return replace(content, story_stickers=stickers)


def _sticker(entry: object, known: Collection[str]) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise Refusal(CODE, "Each sticker is an object with a `type`")
    kind = entry.get("type")
    said = _KINDS.get(kind) if isinstance(kind, str) and kind in known else None
    if said is None:
        raise Refusal(CODE, f"The `type` of a sticker is one of {', '.join(known)}")
    place = {name: share(entry, name, CODE, default) for name, default in DEFAULTS.items()}
    if min(place["width"], place["height"]) < SMALLEST:
        raise Refusal(CODE, f"`width` and `height` are at least {SMALLEST}")
    return {"type": kind, **said(entry), **place}


def _link(entry: Mapping[str, Any]) -> dict[str, Any]:
    url = entry.get("url")
    if not isinstance(url, str) or not _is_web_address(url):
        raise Refusal(CODE, "The `url` of a link sticker is an http or https address")
    if len(url) > URL_LENGTH:
        raise Refusal(CODE, f"The `url` of a link sticker has at most {URL_LENGTH} characters")
    return {"url": url}


def _hashtag(entry: Mapping[str, Any]) -> dict[str, Any]:
    name = entry.get("name")
    name = name.strip().removeprefix("#") if isinstance(name, str) else ""
    if not 1 <= len(name) <= HASHTAG_LENGTH or name.isdecimal() or not all(map(_in_tags, name)):
        raise Refusal(
            CODE,
            f"The `name` of a hashtag has 1 to {HASHTAG_LENGTH} letters, digits and underscores,"
            " and not digits alone",
        )
    return {"name": name}


def _location(entry: Mapping[str, Any]) -> dict[str, Any]:
    place_id, name = entry.get("id"), entry.get("name")
    if not isinstance(place_id, str) or not LOCATION_ID.fullmatch(place_id):
        raise Refusal(CODE, "The `id` of a location sticker is the number of a place, as text")
    if name is not None and not (isinstance(name, str) and len(name) <= NAME_LENGTH):
        raise Refusal(CODE, f"The `name` of a location has at most {NAME_LENGTH} characters")
    return {"id": place_id} | ({} if name is None else {"name": name})


def _app(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A sticker of the app that is handed over as it came: a GIF, a question, a countdown."""
    text = entry.get("sticker")
    if not isinstance(text, str) or len(text) > APP_LENGTH:
        raise Refusal(CODE, f"A sticker of the app has at most {APP_LENGTH} characters")
    said = json.loads(text)
    if not isinstance(said, dict) or not isinstance(said.get("type"), str):
        raise Refusal(CODE, "A sticker of the app has a `type`")
    return {"sticker": text}


_KINDS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "link": _link,
    "hashtag": _hashtag,
    "location": _location,
    "app": _app,
}


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        told = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port that is none
        return False
    return told and url.isprintable() and " " not in url


def _in_tags(sign: str) -> bool:
    # Letters and marks of every script, and emoji; punctuation and spaces end a hashtag.
    category = unicodedata.category(sign)
    return category[0] in "LMN" or category in ("So", "Sk") or sign in ("_", _JOINER)
