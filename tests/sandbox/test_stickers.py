from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiograpi import exceptions
from aiograpi.types import (
    Hashtag,
    Location,
    StoryHashtag,
    StoryLink,
    StoryLocation,
    StoryMedia,
    StoryMention,
    UserShort,
)

from sandbox import Sandbox
from sandbox.world.person import Person
from tests.sandbox.clients import (
    AIOGRAPI,
    App,
    configure,
    logged_in,
    plain_client,
    upload_photo,
)

pytestmark = [AIOGRAPI, pytest.mark.usefixtures("no_waiting")]

_PLACE = {"x": 0.5, "y": 0.5, "width": 0.4, "height": 0.1}


@pytest.fixture
async def client(sandbox: Sandbox, studio: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as opened:
        yield opened


@pytest.mark.parametrize("kind", ["photo", "video"])
async def test_every_sticker_at_once(
    sandbox: Sandbox,
    app: App,
    studio: Person,
    anna: Person,
    photo: Path,
    video: Path,
    square: Path,
    kind: str,
) -> None:
    cafe = sandbox.world.add_place("Café", 52.5, 13.4)
    post = sandbox.world.add_post(anna, square)
    await app.login(studio)
    place = Location(pk=cafe.pk, external_id=cafe.pk, name="Café", lat=52.5, lng=13.4)
    stickers = {
        "mentions": [StoryMention(user=UserShort(pk=str(anna.pk)), **_PLACE)],
        "hashtags": [StoryHashtag(hashtag=Hashtag(id="1", name="coffee"), **_PLACE)],
        "locations": [StoryLocation(location=place, **_PLACE)],
        "links": [StoryLink(webUri="https://example.com/menu")],
        "medias": [StoryMedia(media_pk=post.pk, user_id=anna.pk, **_PLACE)],
    }
    if kind == "photo":
        await app("photo_upload_to_story", photo, **stickers)
    else:
        await app("video_upload_to_story", video, thumbnail=photo, **stickers)

    [published] = sandbox.world.published(studio)
    assert [told.username for told in published.mentions] == ["anna"]
    kept = {sticker["type"]: sticker for sticker in published.stickers}
    assert set(kept) == {"hashtag", "location", "story_link", "feed_media"}
    assert kept["hashtag"]["tag_name"] == "coffee"
    assert kept["location"]["location_id"] == str(cafe.pk)
    assert kept["story_link"]["url"] == "https://example.com/menu"
    assert kept["feed_media"]["media_id"] == str(post.pk)

    [shown] = await app("user_stories_v1", str(studio.pk))
    assert [found.hashtag.name for found in shown.hashtags] == ["coffee"]
    assert [found.location.name for found in shown.locations] == ["Café"]
    assert [str(found.webUri) for found in shown.links] == ["https://example.com/menu"]
    assert [found.media_pk for found in shown.medias] == [post.pk]
    assert not sandbox.ledger.unknown


@pytest.mark.parametrize(
    "sticker",
    [
        {"type": "hashtag"},
        {"type": "location", "location_id": "Berlin"},
        {"type": "story_link", "url": "javascript:alert(1)"},
        {"type": "feed_media", "media_id": "12345"},
        {"type": "feed_media", "media_id": "{hidden}"},
    ],
)
async def test_stickers_that_lack_something(
    sandbox: Sandbox,
    client: httpx.AsyncClient,
    photo: Path,
    square: Path,
    sticker: dict[str, str],
) -> None:
    secret = sandbox.world.add_person("secret", private=True)
    hidden = str(sandbox.world.add_post(secret, square).pk)
    sticker = {name: value.replace("{hidden}", hidden) for name, value in sticker.items()}
    await upload_photo(client, photo)
    answer = await configure(client, tap_models=json.dumps([{**_PLACE, **sticker}]))
    assert answer.status_code == 400
    assert sandbox.ledger.published == []


async def test_other_stickers_are_kept_as_they_are(
    sandbox: Sandbox, client: httpx.AsyncClient, photo: Path
) -> None:
    await upload_photo(client, photo)
    poll = {**_PLACE, "type": "poll", "question": "tea?"}
    assert (await configure(client, tap_models=json.dumps([poll]))).status_code == 200
    assert sandbox.ledger.published[0].stickers == [poll]


async def test_a_link_is_checked_first(sandbox: Sandbox, app: App, studio: Person) -> None:
    await app.login(studio)
    for url, is_good in (("https://example.com", True), ("ftp://example.com", False)):
        call = app("private_request", "media/validate_reel_url/", {"url": url})
        if is_good:
            assert (await call)["status"] == "ok"
        else:
            with pytest.raises(exceptions.UnknownError, match="link"):
                await call
