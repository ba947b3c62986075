"""Feed posts, Reels and albums: publishing our own, and recognising them afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiograpi import exceptions as ig

from instagram.audience import Limit, limits_of
from instagram.fields import (
    Json,
    addresses,
    entries,
    first_identifier,
    identifier,
    items_of,
    mapping,
    moment,
    number_of,
    read_of,
    text,
)
from instagram.own_media import OwnMedia, own_media
from instagram.private.client import PrivateClient

PHOTO, VIDEO, ALBUM = 1, 2, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPost:
    """One of the account's own posts as Instagram shows it; `kind` is PHOTO, VIDEO or ALBUM."""

    pk: str
    code: str
    kind: int
    is_reel: bool
    taken_at: datetime
    upload_id: str | None
    caption: str
    owner_pk: str = ""
    # A still of it: of a video its cover, of an album its first picture.
    picture_url: str | None = None
    limits: frozenset[Limit] = frozenset()

    @property
    def marks(self) -> str:
        """What tells it from the account's other posts of its kind."""
        return read_of(self.caption)

    @property
    def permalink(self) -> str:
        return f"https://www.instagram.com/{'reel' if self.is_reel else 'p'}/{self.code}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """Somebody tagged on a picture; x and y are fractions of it."""

    user_pk: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a post says besides its media."""

    caption: str = ""
    tags: Sequence[Tag] = ()
    coauthor_pks: Sequence[str] = ()
    location_id: str | None = None
    location_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An uploaded file of a post: `duration_s` for videos, what a photo shows in `alt`."""

    upload_id: str
    pixels: tuple[int, int]
    duration_s: float | None = None
    alt: str | None = None


async def own_posts(client: PrivateClient) -> OwnMedia[FeedPost]:
    """Return the newest page of the account's own posts."""
    answer = await client.private_request(
        f"feed/user/{client.user_id}/", params={"count": "33", "exclude_comment": "true"}
    )
    return own_media(items_of(answer), parse_post)


async def post(client: PrivateClient, pk: str) -> FeedPost:
    """Return one post by its pk; raises aiograpi's not-found errors."""
    answer = await client.private_request(f"media/{pk}/info/")
    found = [parse_post(item) for item in items_of(answer)]
    if not found:
        raise ig.MediaNotFound("no items")
    if found[0] is None or found[0].pk != pk:
        raise ig.ClientUnknownError("a post in a form that is not known")
    return found[0]


def parse_post(item: object) -> FeedPost | None:
    """Return a post from Instagram's JSON, or None when it lacks what makes one."""
    known = mapping(item)
    pk = first_identifier(known.get("pk"), text(known.get("id")).partition("_")[0])
    taken_at, kind = moment(known.get("taken_at")), number_of(known.get("media_type"))
    if not pk or taken_at is None or kind is None:
        return None
    stamp = first_identifier(known.get("client_sidecar_id"), known.get("device_timestamp"))
    return FeedPost(
        pk=pk,
        code=text(known.get("code")),
        kind=kind,
        is_reel=known.get("product_type") == "clips",
        taken_at=taken_at,
        upload_id=stamp or None,
        caption=text(mapping(known.get("caption")).get("text")),
        owner_pk=identifier(mapping(known.get("user")).get("pk")),
        picture_url=next(iter(addresses(_pictures(known))), None),
        limits=limits_of(known),
    )


async def configure_photo(client: PrivateClient, part: Part, said: Said) -> FeedPost:
    """Publish an uploaded photo. One request; a lost answer is the caller's to ask."""
    answer = await client.photo_configure(
        part.upload_id,
        *part.pixels,
        said.caption,
        extra_data={**_extra(said, tags=said.tags), **_alt(part)},
    )
    return _configured(answer)


async def configure_reel(client: PrivateClient, part: Part, said: Said) -> FeedPost:
    """Publish an uploaded video, its cover uploaded under the same id, as a Reel."""
    # aiograpi would upload the cover with each try; `PrivateClient.photo_rupload` does not.
    answer = await client.clip_configure(
        part.upload_id,
        Path("uploaded-before.jpg"),
        *part.pixels,
        part.duration_s,
        said.caption,
        extra_data=_extra(said, tags=said.tags),
    )
    return _configured(answer)


async def configure_album(
    client: PrivateClient, upload_id: str, parts: Sequence[Part], said: Said
) -> FeedPost:
    """Publish uploaded photos and videos as one carousel, in order; tags go on the first."""
    children = [_child(part) for part in parts]
    if said.tags:
        children[0]["usertags"] = _usertags(said.tags)
    extra = {**_extra(said), "client_sidecar_id": upload_id, "upload_id": upload_id}
    return _configured(await client.album_configure(children, said.caption, extra_data=extra))


async def edit(client: PrivateClient, media_id: str, said: Said, title: str | None) -> Any:
    """Change one of the account's own posts. One request.

    What is not said stays as it is: aiograpi would take tags and place away with a new caption.
    """
    number = str(client.media_pk(media_id))
    data = {
        "caption_text": said.caption,
        "container_module": "edit_media_info",
        "feed_position": "0",
        "is_carousel_bumped_post": "false",
        **_extra(said, tags=said.tags),
    }
    if title:
        data["title"] = title
    full = f"{number}_{client.user_id}"
    return await client.private_request(f"media/{full}/edit_media/", client.with_default_data(data))


def _pictures(item: Json) -> object:
    first = next(iter(entries(item.get("carousel_media"))), item)
    return mapping(first.get("image_versions2")).get("candidates")


def _child(part: Part) -> dict[str, Any]:
    width, height = part.pixels
    child: dict[str, Any] = {
        "upload_id": part.upload_id,
        "extra": json.dumps({"source_width": width, "source_height": height}),
    }
    if part.duration_s is None:
        edits = {
            "crop_original_size": [width * 1.0, height * 1.0],
            "crop_center": [0.0, -0.0],
            "crop_zoom": 1.0,
        }
        photo = {"edits": json.dumps(edits), "scene_capture_type": "", "scene_type": None}
        return {**child, **photo, **_alt(part)}
    return {
        **child,
        "clips": json.dumps([{"length": part.duration_s, "source_type": "4"}]),
        "length": part.duration_s,
        "poster_frame_index": "0",
        "filter_type": "0",
        "video_result": "",
        "audio_muted": "false",
    }


def _alt(part: Part) -> dict[str, str]:
    return {"custom_accessibility_caption": part.alt} if part.alt else {}


def _extra(said: Said, *, tags: Sequence[Tag] = ()) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if tags:
        extra["usertags"] = _usertags(tags)
    if said.coauthor_pks:
        extra["invite_coauthor_user_ids"] = list(said.coauthor_pks)
    if said.location_id:
        # The id is that of a Facebook place, so aiograpi's three look-ups are not needed.
        place = {
            "name": said.location_name or "",
            "external_source": "facebook_places",
            "facebook_places_id": said.location_id,
        }
        extra["location"] = json.dumps(place, separators=(",", ":"))
    return extra


def _usertags(tags: Sequence[Tag]) -> str:
    return json.dumps({"in": [{"user_id": t.user_pk, "position": [t.x, t.y]} for t in tags]})


def _configured(answer: Mapping[str, Any]) -> FeedPost:
    published = parse_post(answer.get("media"))
    if published is None:
        raise ig.ClientUnknownError("configure answered without its media")
    return published
