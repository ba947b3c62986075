"""Stickers on the wire: what aiograpi itself would send for them, and what it gets wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiograpi.types import (
    Hashtag,
    Location,
    StoryHashtag,
    StoryLink,
    StoryLocation,
    StoryMention,
    UserShort,
)

from instagram.private.client import PrivateClient
from instagram.private.stickers import (
    MentionSticker,
    Shown,
    StickerKind,
    StorySticker,
    shown,
    to_be_shown,
)
from instagram.private.uploads import VideoUse
from sandbox.world.sample_media import make_video
from tests.support.studio import Studio

PLACE = {"x": 0.25, "y": 0.75, "width": 0.5, "height": 0.125}
LINK = "https://example.com/menu?day=1"
FIELDS = ("tap_models", "story_sticker_ids", "text_metadata", "reel_mentions")


@pytest.mark.parametrize("is_video", [False, True])
async def test_they_are_those_of_aiograpi(studio: Studio, is_video: bool) -> None:
    anna = studio.friend("anna")
    api, pixels = studio.api, (180, 320)
    duration_s = 3.0 if is_video else None
    if is_video:
        file = studio.files / "story.mp4"
        make_video(file, *pixels, seconds=3, fps=10, seed=1)
        await api.upload_video(file, file.stat().st_size, "17800", pixels, 3.0, VideoUse.STORY)
    else:
        file = studio.photo(*pixels)
        await api.upload_photo(file, file.stat().st_size, "17800")

    place = Location(pk=77, external_id=77, name="Cafe", lat=1.5, lng=2.5)
    given: dict[str, Any] = {
        "mentions": [StoryMention(user=UserShort(pk=str(anna.pk)), **PLACE)],
        "hashtags": [StoryHashtag(hashtag=Hashtag(id="1", name="sea"), **PLACE)],
        "locations": [StoryLocation(location=place, **PLACE)],
        "links": [StoryLink(webUri=LINK, **PLACE)],
    }

    async def as_aiograpi(client: PrivateClient) -> None:
        if is_video:
            await client.video_configure_to_story("17800", *pixels, 3.0, file, caption="", **given)
        else:
            await client.photo_configure_to_story("17800", *pixels, caption="", **given)

    await api._door.call("configure", as_aiograpi, writes=True)
    stickers = [  # in another order: the app has one of its own
        StorySticker(kind=StickerKind.LINK, value=LINK, **PLACE),
        StorySticker(kind=StickerKind.HASHTAG, value="sea", **PLACE),
        StorySticker(kind=StickerKind.LOCATION, value="77", **PLACE),
    ]
    await api.configure_story(
        "17800", pixels, duration_s, [MentionSticker(user_pk=str(anna.pk), **PLACE)], stickers
    )

    theirs, ours = studio.sandbox.world.published(studio.person)
    for field in FIELDS:
        assert read(ours.extra.get(field)) == read(theirs.extra.get(field)), field


def read(value: object) -> object:
    try:
        return json.loads(str(value))
    except ValueError:
        return value


def test_a_hashtag_is_known_again_however_its_letters_are_composed() -> None:
    place = {"x": 0.5, "y": 0.5, "width": 0.5, "height": 0.1}
    sticker = StorySticker(kind=StickerKind.HASHTAG, value="Mu\u0308sli", **place)
    seen = {"story_hashtags": [{"hashtag": {"name": "m\u00fcsli"}}]}
    assert shown(seen) == to_be_shown([sticker]) != Shown()


@pytest.mark.parametrize(
    "odd", [None, 5, "x", [None], [{"hashtag": None}], [{"hashtag": []}], {"hashtag": {}}]
)
def test_odd_stickers_of_a_story_count_as_none(odd: object) -> None:
    assert shown({"story_hashtags": odd}) == Shown()
