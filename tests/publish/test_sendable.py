"""A field that a route cannot send is refused, or warned of; none is dropped in silence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ground.refusal import Refusal
from publish.rules import Content, checked
from publish.sendable import SENT, left_out
from publish.stickers import checked as stickers_checked
from storage.deliveries import RouteName
from storage.media_files import MediaFile, Origin
from storage.posts import MediaType, Post, PostStatus, SourceType
from tests.support.posting import API, photo_id, story
from tests.support.served import Served

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PERSON = {"username": "anna", "x": 0.5, "y": 0.5}
FILLED: dict[str, tuple[str, Any]] = {
    "caption": ("caption", "Monday"),
    "userTags": ("user_tags", [PERSON]),
    "collaborators": ("collaborators", ["anna"]),
    "locationId": ("location_id", "1"),
    "locationName": ("location_name", "Berlin"),
    "altTexts": ("alt_texts", ["A red cup"]),
    "storyMentions": ("story_mentions", [PERSON]),
    "storyStickers": ("story_stickers", [{"type": "hashtag", "name": "sea"}]),
    "crossPostToFacebook": ("cross_post_to_facebook", True),
}
# What the contract's rules refuse beforehand, on either route.
REFUSED = {
    ("userTags", MediaType.REELS),
    ("userTags", MediaType.STORIES),
    ("collaborators", MediaType.STORIES),
    ("altTexts", MediaType.REELS),
    ("altTexts", MediaType.STORIES),
    ("crossPostToFacebook", MediaType.CAROUSEL),
    *(("storyMentions", kind) for kind in MediaType if kind is not MediaType.STORIES),
    *(("storyStickers", kind) for kind in MediaType if kind is not MediaType.STORIES),
}


def post(kind: MediaType, **said: Any) -> Post:
    return Post(
        id="1",
        user_id="1",
        account_id="1",
        instagram_account_id="1",
        media_type=kind,
        source_type=SourceType.MANUAL,
        status=PostStatus.QUEUED,
        created_at=NOW,
        updated_at=NOW,
        **said,
    )


@pytest.mark.parametrize("field", FILLED)
@pytest.mark.parametrize("kind", MediaType)
@pytest.mark.parametrize("route", RouteName)
def test_every_field_is_sent_or_refused_or_warned_of(
    route: RouteName, kind: MediaType, field: str
) -> None:
    name, value = FILLED[field]
    said = {name: value} | ({"location_id": "1"} if field == "locationName" else {})
    content = Content(media_type=kind, **said)
    try:
        stickers_checked(checked(content, login_method="facebook"))
    except Refusal:
        assert (field, kind) in REFUSED
        return
    assert (field, kind) not in REFUSED
    warned = [text for text in left_out(post(kind, **said), (), route) if f"`{field}`" in text]
    assert (field in SENT[route, kind]) != bool(warned)


def test_what_needs_something_else_says_so() -> None:
    alone = post(MediaType.IMAGE, location_name="Berlin")
    assert "`locationId`" in left_out(alone, (), RouteName.GRAPH)[0]
    video = MediaFile(
        id="1", user_id="1", origin=Origin.UPLOAD, original_filename="a.mp4", sha256="1",
        storage_path="1", mime_type="video/mp4", file_size=1, created_at=NOW,
    )  # fmt: skip
    album = post(MediaType.CAROUSEL, user_tags=[PERSON])
    assert "first file" in left_out(album, (video,), RouteName.GRAPH)[0]
    assert left_out(album, (video,), RouteName.PRIVATE) == []


async def test_a_client_hears_it_when_the_post_is_made(served: Served) -> None:
    body = story(served, await photo_id(served), caption="Monday", locationId="1")
    later = {**body, "scheduledFor": "2099-01-01T10:00:00Z"}
    made = await served.call("POST", f"{API}/schedule", later)
    assert made.status == 201
    assert [text.split("`")[1] for text in made.body["warnings"]] == ["caption", "locationId"]
    drafted = await served.call("POST", f"{API}/posts/draft", body)
    paths = {
        f"/posts/draft/{drafted.body['id']}": {"locationId": None},
        f"/schedule/{made.body['postId']}": {"locationId": None},
    }
    for path, changes in paths.items():
        answer = await served.call("PUT", f"{API}{path}", changes)
        assert [text.split("`")[1] for text in answer.body["warnings"]] == ["caption"]
        answer = await served.call("PUT", f"{API}{path}", {"caption": None})
        assert answer.status == 200
        assert "warnings" not in answer.body
