"""What can be tapped on a story, as the app writes it: mentions, links, hashtags and places.

Instagram draws none of it: a sticker is an area of the picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from aiograpi.utils import dumps

from instagram.fields import Json, entries, read_of, text
from instagram.private.client import PrivateClient


class StickerKind(StrEnum):
    HASHTAG = "hashtag"
    LOCATION = "location"
    LINK = "link"
    # A post, by its id and its owner's as Instagram joins them: `<post>_<owner>`.
    FEED_MEDIA = "feed_media"
    # Any other, as JSON with its `type`, its `id` and what else aiograpi would send.
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionSticker:
    """An @mention sticker: centre and size as fractions of the canvas."""

    user_pk: str
    x: float = 0.5
    y: float = 0.5
    width: float = 0.5
    height: float = 0.1
    rotation: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySticker:
    """Another sticker, placed likewise; `value` is a name, a number or an address."""

    kind: StickerKind
    value: str
    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The stickers of a story that is live, as far as Instagram tells them unchanged.

    It leads links through an address of its own, and may know a place by another number.
    """

    hashtags: frozenset[str] = frozenset()
    links: int = 0
    places: int = 0
    posts: frozenset[str] = frozenset()


# In the order in which the app lists them; a shared post is named by a field of its own.
_IDS = {
    StickerKind.HASHTAG: "hashtag_sticker",
    StickerKind.LOCATION: "location_sticker",
    StickerKind.LINK: "link_sticker_default",
    StickerKind.FEED_MEDIA: None,
    StickerKind.APP: None,
}


async def validate_link(client: PrivateClient, url: str) -> None:
    """Ask Instagram whether a story may lead there, as the app does; raises when it refuses."""
    about = {"url": url, "_uid": str(client.user_id), "_uuid": str(client.uuid)}
    await client.private_request("media/validate_reel_url/", about)


def configuring(
    mentions: Sequence[MentionSticker], stickers: Sequence[StorySticker], *, on_video: bool
) -> dict[str, str]:
    """Return the fields of a configure request that place them all.

    aiograpi would look every place up, keep one link, and of several mentions on a photo only
    the last.
    """
    fields: dict[str, str] = {}
    told = [_mention(mention, on_video=on_video) for mention in mentions]
    ordered = [one for kind in _IDS for one in stickers if one.kind is kind]
    if told or ordered:
        fields["tap_models"] = dumps([*told, *map(_sticker, ordered)])
    if told and on_video:
        fields["text_metadata"] = dumps([_text(mention) for mention in mentions])
    elif told:
        fields["reel_mentions"] = dumps(told)
    if names := dict.fromkeys(filter(None, map(_id_of, ordered))):
        fields["story_sticker_ids"] = ",".join(names)
    for one in ordered:
        if one.kind is StickerKind.FEED_MEDIA:
            fields["reshared_media_id"] = one.value.partition("_")[0]
        if one.kind is StickerKind.APP and json.loads(one.value)["type"] == "gif":
            fields["has_animated_sticker"] = "1"
    return fields


def shown(item: Json) -> Shown:
    """Return what a story's JSON says of its stickers; what is odd there counts as absent."""
    tags = [entry.get("hashtag") for entry in entries(item.get("story_hashtags"))]
    names = [text(tag.get("name")) for tag in tags if isinstance(tag, Mapping)]
    posts = [entry.get("media_id") for entry in entries(item.get("story_feed_media"))]
    return Shown(
        hashtags=frozenset(read_of(name).casefold() for name in names),
        links=len(entries(item.get("story_link_stickers"))),
        places=len(entries(item.get("story_locations"))),
        posts=frozenset(str(post).partition("_")[0] for post in posts),
    )


def to_be_shown(stickers: Sequence[StorySticker]) -> Shown:
    """Return how stickers will be shown once their story is live."""
    of = {kind: [one.value for one in stickers if one.kind is kind] for kind in StickerKind}
    return Shown(
        hashtags=frozenset(read_of(name).casefold() for name in of[StickerKind.HASHTAG]),
        links=len(of[StickerKind.LINK]),
        places=len(of[StickerKind.LOCATION]),
        posts=frozenset(value.partition("_")[0] for value in of[StickerKind.FEED_MEDIA]),
    )


def _mention(mention: MentionSticker, *, on_video: bool) -> dict[str, object]:
    model = {
        "x": mention.x,
        "y": mention.y,
        "z": 0,
        "width": mention.width,
        "height": mention.height,
        "rotation": mention.rotation,
        "type": "mention",
        "user_id": mention.user_pk,
        "is_sticker": False,
        "display_type": "mention_username",
    }
    return {**model, "tap_state": 0, "tap_state_str_id": "mention_text"} if on_video else model


def _text(mention: MentionSticker) -> dict[str, float]:
    shape = {"font_size": 24.0, "scale": 1.0, "width": 366.0, "height": 102.0}
    return {**shape, "x": mention.x, "y": mention.y, "rotation": mention.rotation}


def _id_of(sticker: StorySticker) -> str | None:
    if sticker.kind is StickerKind.APP:
        named: str | None = json.loads(sticker.value).get("id")
        return named
    return _IDS[sticker.kind]


def _sticker(sticker: StorySticker) -> dict[str, object]:
    model: dict[str, object] = {
        "x": sticker.x,
        "y": sticker.y,
        "z": 0,
        "width": sticker.width,
        "height": sticker.height,
        "rotation": sticker.rotation,
        "is_sticker": True,
        "tap_state": 0,
    }
    match sticker.kind:
        case StickerKind.HASHTAG:
            style = "hashtag_sticker_gradient"
            own: dict[str, object] = {"type": "hashtag", "tag_name": sticker.value}
        case StickerKind.LOCATION:
            style = "location_sticker_vibrant"
            own = {"type": "location", "location_id": sticker.value}
        case StickerKind.LINK:
            style = "link_sticker_default"
            own = {"type": "story_link", "url": sticker.value, "link_type": "web"}
            own["selected_index"] = 0
        case StickerKind.FEED_MEDIA:
            style = "feed_post_sticker_square"
            media, _, owner = sticker.value.partition("_")
            own = {"type": "feed_media", "media_id": media, "media_owner_id": owner}
            own["product_type"] = "feed"
        case StickerKind.APP:
            said = json.loads(sticker.value)
            style = said.get("id") or said["type"]
            own = {"type": said["type"], "selected_index": 0, **(said.get("extra") or {})}
        case _:
            assert_never(sticker.kind)
    return {**model, **own, "tap_state_str_id": style}
