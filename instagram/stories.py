"""Stories: reading other people's, and publishing and recognising our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiograpi import config
from aiograpi import exceptions as ig

from instagram.client import PrivateClient
from instagram.stickers import Shown, shown
from instagram.versions import largest

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story as Instagram shows it now. `upload_id` is only known of the account's own."""

    pk: str
    owner_pk: str
    owner_username: str
    is_video: bool
    url: str | None
    taken_at: datetime
    expires_at: datetime
    upload_id: str | None
    mentioned_pks: frozenset[str]
    stickers: Shown
    # What it says in words: its caption and its hashtag stickers.
    text: str = ""

    @property
    def kind(self) -> int:
        return 2 if self.is_video else 1

    @property
    def marks(self) -> tuple[frozenset[str], Shown]:
        """What tells it from the account's other stories of its kind."""
        return self.mentioned_pks, self.stickers

    @property
    def permalink(self) -> str:
        return f"https://www.instagram.com/stories/{self.owner_username}/{self.pk}/"


async def stories_of(client: PrivateClient, user_pk: str) -> list[Story]:
    """Return a person's visible stories; none when there are none or they are private."""
    params = {"supported_capabilities_new": json.dumps(config.SUPPORTED_CAPABILITIES)}
    answer = await client.private_request(f"feed/user/{user_pk}/story/", params=params)
    items = (answer.get("reel") or {}).get("items") or []
    return [story for item in items if (story := parse_story(item)) is not None]


async def story(client: PrivateClient, pk: str) -> Story:
    """Return one story by its pk; raises aiograpi's not-found errors."""
    answer = await client.private_request(f"media/{pk}/info/")
    found = [parse_story(item) for item in answer.get("items") or []]
    if not found or found[0] is None:
        raise ig.MediaNotFound("no items")
    return found[0]


def parse_story(item: object) -> Story | None:
    """Return a story from Instagram's JSON, or None when it lacks what makes one."""
    try:
        assert isinstance(item, Mapping)
        user = item.get("user") or {}
        taken_at = datetime.fromtimestamp(int(item["taken_at"]), UTC)
        expiring = item.get("expiring_at")
        video_versions = item.get("video_versions") or []
        candidates = (item.get("image_versions2") or {}).get("candidates") or []
        tapped = shown(item)
        return Story(
            pk=str(item["pk"]),
            owner_pk=str(user.get("pk") or str(item.get("id", "")).rpartition("_")[2]),
            owner_username=str(user.get("username") or ""),
            is_video=item.get("media_type") == 2,
            url=largest(video_versions if item.get("media_type") == 2 else candidates),
            taken_at=taken_at,
            expires_at=datetime.fromtimestamp(int(expiring), UTC)
            if expiring
            else taken_at + LIFETIME,
            upload_id=str(item["device_timestamp"]) if item.get("device_timestamp") else None,
            mentioned_pks=frozenset(
                str(mention["user"]["pk"]) for mention in item.get("reel_mentions") or []
            ),
            stickers=tapped,
            text=_text(item, tapped),
        )
    except (AssertionError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _text(item: Mapping[str, Any], tapped: Shown) -> str:
    caption = item.get("caption")
    text = caption.get("text") if isinstance(caption, Mapping) else None
    said = [text] if isinstance(text, str) and text else []
    return " ".join([*said, *sorted(f"#{name}" for name in tapped.hashtags)])


async def configure_photo(
    client: PrivateClient, upload_id: str, size: tuple[int, int], tapped: dict[str, str]
) -> Story:
    """Publish an uploaded photo as a story. One request; a lost answer is the caller's to ask."""
    answer = await client.photo_configure_to_story(upload_id, *size, caption="", extra_data=tapped)
    return _configured(answer)


async def configure_video(
    client: PrivateClient,
    upload_id: str,
    size: tuple[int, int],
    duration_s: float,
    tapped: dict[str, str],
) -> Story:
    """Publish an uploaded video as a story. One request; a lost answer is the caller's to ask."""
    answer = await client.video_configure_to_story(
        upload_id, *size, duration_s, Path("unused.jpg"), caption="", extra_data=tapped
    )
    return _configured(answer)


async def delete_media(client: PrivateClient, media_pk: str) -> bool:
    """Delete one of the account's own media; says whether Instagram did."""
    media_id = f"{media_pk}_{client.user_id}"
    answer = await client.private_request(
        f"media/{media_id}/delete/", client.with_default_data({"media_id": media_id})
    )
    return bool(answer.get("did_delete"))


def _configured(answer: Mapping[str, Any]) -> Story:
    published = parse_story(answer.get("media"))
    if published is None:
        raise ig.ClientUnknownError("configure answered without its media")
    return published
