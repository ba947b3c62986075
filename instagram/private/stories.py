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
from aiograpi.extractors import extract_story_v1

from instagram.audience import Limit, limits_of
from instagram.fields import (
    Json,
    addresses,
    entries,
    first_identifier,
    first_username,
    identifier,
    items_of,
    mapping,
    moment,
    text,
)
from instagram.mentioned import Box, boxes_of
from instagram.own_media import OwnMedia, own_media
from instagram.private.client import PrivateClient
from instagram.private.stickers import Shown, shown

LIFETIME = timedelta(hours=24)
_UNDATED = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story as Instagram shows it now. `upload_id` is only known of the account's own.

    `url` is where its largest size is: None while its media are not ready.
    """

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
    limits: frozenset[Limit] = frozenset()
    # Whose story it shows again, where it was made with the app's own "Add to your story".
    reshared_from_pk: str = ""
    mentions: tuple[Box, ...] = ()
    other_urls: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of all its sizes, the largest first."""
        return (self.url, *self.other_urls) if self.url else ()

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


class Reel(list[Story]):
    """A person's visible stories; `unread` counts those whose form is not known."""

    unread = 0


async def stories_of(client: PrivateClient, user_pk: str) -> Reel:
    """Return a person's visible stories; none when there are none or they are private."""
    params = {"supported_capabilities_new": json.dumps(config.SUPPORTED_CAPABILITIES)}
    answer = await client.private_request(f"feed/user/{user_pk}/story/", params=params)
    return parse_reel(answer)


async def own_stories(client: PrivateClient) -> OwnMedia[Story]:
    """Return what is in the account's own story now."""
    params = {"supported_capabilities_new": json.dumps(config.SUPPORTED_CAPABILITIES)}
    answer = await client.private_request(f"feed/user/{client.user_id}/story/", params=params)
    if "reel" in answer and answer["reel"] is None:
        return OwnMedia([], [])  # how Instagram says that there is none

    def dated(item: object) -> Story | None:
        found = parse_story(item)
        return None if found is None or found.taken_at == _UNDATED else found

    return own_media(items_of(mapping(answer.get("reel"))), dated)


async def story(client: PrivateClient, pk: str) -> Story:
    """Return one story by its pk; raises aiograpi's not-found errors."""
    answer = await client.private_request(f"media/{pk}/info/")
    found = [parse_story(item) for item in items_of(answer)]
    # Of one that is gone Instagram says so, and does not give an empty list.
    if not found or found[0] is None or found[0].pk != pk:
        raise ig.ClientUnknownError("a story in a form that is not known")
    return found[0]


async def shown_story(client: PrivateClient, pk: str) -> Any:
    """Return one story as aiograpi shows it; one request, where that makes two."""
    answer = await client.private_request(f"media/{pk}/info/")
    return extract_story_v1(answer["items"][0])


def parse_reel(answer: object) -> Reel:
    """Return the stories of a reel; raises ValueError where the answer is no answer to that."""
    if not isinstance(answer, Mapping) or "reel" not in answer:
        raise ValueError("an answer without its reel")
    reel = answer["reel"]
    if reel is None:
        return Reel()
    found = [parse_story(item, of=mapping(reel)) for item in items_of(reel)]
    readable = Reel(story for story in found if story is not None)
    readable.unread = len(found) - len(readable)
    return readable


def parse_story(item: object, *, of: Json | None = None) -> Story | None:
    """Return a story from Instagram's JSON, or None when it does not say which story it is.

    `of` is the reel that it stands in, which says what holds for all of its stories.
    """
    known, reel = mapping(item), of or {}
    owner = mapping(known.get("user"))
    # `<story>_<owner>`, or the story's alone.
    story_id, _, owner_id = text(known.get("id")).partition("_")
    pk = first_identifier(known.get("pk"), story_id)
    if not pk:
        return None
    taken_at, ends_at = moment(known.get("taken_at")), moment(known.get("expiring_at"))
    taken_at = taken_at or (ends_at - LIFETIME if ends_at else _UNDATED)
    candidates = mapping(known.get("image_versions2")).get("candidates")
    is_video = known.get("media_type") in (2, "2") or bool(entries(known.get("video_versions")))
    urls = addresses(known.get("video_versions") if is_video else candidates)
    tapped = shown(known)
    boxes = boxes_of(known)
    return Story(
        pk=pk,
        owner_pk=first_identifier(owner.get("pk"), owner_id, mapping(reel.get("user")).get("pk")),
        owner_username=first_username(
            owner.get("username"), mapping(reel.get("user")).get("username")
        ),
        is_video=is_video,
        url=next(iter(urls), None),
        other_urls=urls[1:],
        taken_at=taken_at,
        expires_at=ends_at or taken_at + LIFETIME,
        upload_id=identifier(known.get("device_timestamp")) or None,
        mentioned_pks=frozenset(box.user_pk for box in boxes),
        stickers=tapped,
        text=_text(known, tapped),
        limits=limits_of(known, reel),
        reshared_from_pk=identifier(mapping(known.get("reshared_story_media_author")).get("pk")),
        mentions=boxes,
    )


def _text(item: Json, tapped: Shown) -> str:
    said = text(mapping(item.get("caption")).get("text"))
    return " ".join([*([said] if said else []), *sorted(f"#{name}" for name in tapped.hashtags)])


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
