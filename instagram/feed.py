"""Feed posts, Reels and albums: publishing our own, and recognising them afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiograpi import exceptions as ig

from instagram.client import PrivateClient
from instagram.versions import largest

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

    @property
    def marks(self) -> str:
        """What tells it from the account's other posts of its kind."""
        return self.caption

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
    """An uploaded file of a post: `duration_s` for videos."""

    upload_id: str
    pixels: tuple[int, int]
    duration_s: float | None = None


async def own_posts(client: PrivateClient) -> list[FeedPost]:
    """Return the newest page of the account's own posts."""
    answer = await client.private_request(
        f"feed/user/{client.user_id}/", params={"count": "33", "exclude_comment": "true"}
    )
    found = [parse_post(item) for item in answer.get("items") or []]
    return [post for post in found if post is not None]


async def post(client: PrivateClient, pk: str) -> FeedPost:
    """Return one post by its pk; raises aiograpi's not-found errors."""
    answer = await client.private_request(f"media/{pk}/info/")
    found = [parse_post(item) for item in answer.get("items") or []]
    if not found or found[0] is None:
        raise ig.MediaNotFound("no items")
    return found[0]


def parse_post(item: object) -> FeedPost | None:
    """Return a post from Instagram's JSON, or None when it lacks what makes one."""
    try:
        assert isinstance(item, Mapping)
        stamp = item.get("client_sidecar_id") or item.get("device_timestamp")
        return FeedPost(
            pk=str(item["pk"]),
            code=str(item["code"]),
            kind=int(item["media_type"]),
            is_reel=item.get("product_type") == "clips",
            taken_at=datetime.fromtimestamp(int(item["taken_at"]), UTC),
            upload_id=str(stamp) if stamp else None,
            caption=str((item.get("caption") or {}).get("text") or ""),
            owner_pk=str((item.get("user") or {}).get("pk") or ""),
            picture_url=largest(_pictures(item)),
        )
    except (AssertionError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


async def configure_photo(client: PrivateClient, part: Part, said: Said) -> FeedPost:
    """Publish an uploaded photo. One request; a lost answer is the caller's to ask."""
    answer = await client.photo_configure(
        part.upload_id, *part.pixels, said.caption, extra_data=_extra(said, tags=said.tags)
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
        extra_data=_extra(said),
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


def _pictures(item: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    shown = (item.get("carousel_media") or [item])[0]
    candidates: Sequence[Mapping[str, Any]] = (shown.get("image_versions2") or {}).get(
        "candidates"
    ) or []
    return candidates


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
        return {**child, "edits": json.dumps(edits), "scene_capture_type": "", "scene_type": None}
    return {
        **child,
        "clips": json.dumps([{"length": part.duration_s, "source_type": "4"}]),
        "length": part.duration_s,
        "poster_frame_index": "0",
        "filter_type": "0",
        "video_result": "",
        "audio_muted": "false",
    }


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
