"""Stories as the API shows them: reels, the tray, single media, and taking one's own down."""

from __future__ import annotations

import base64

from sandbox import cdn
from sandbox.accounts import user_json
from sandbox.call import Call
from sandbox.failures import media_gone, not_authorized
from sandbox.message import JsonObject, Response
from sandbox.person import Person
from sandbox.story import Story

_MEDIA_TYPES = {"photo": 1, "video": 2}


def media_json(story: Story, *, with_files: bool = True) -> JsonObject:
    """A story as media; without files as Instagram shows one that has expired."""
    media: JsonObject = {
        "pk": story.pk,
        "id": story.media_id,
        "code": _code(story.pk),
        "taken_at": int(story.taken_at),
        "expiring_at": int(story.expiring_at),
        "device_timestamp": int(story.upload_id or story.taken_at * 1000),
        "media_type": _MEDIA_TYPES[story.kind],
        "product_type": "story",
        "user": user_json(story.owner),
        "original_width": story.width,
        "original_height": story.height,
        "caption": {"text": story.caption} if story.caption else None,
        "reel_mentions": [_mention_json(person) for person in story.mentions],
    }
    if with_files:
        media["image_versions2"] = {"candidates": _candidates(story)}
    if story.kind == "video":
        media["has_audio"] = story.probe.has_sound
        media["video_duration"] = story.duration
        if with_files:
            media["video_versions"] = [_version(story, kind) for kind in (101, 102)]
    return media


def reel_json(owner: Person, stories: list[Story]) -> JsonObject:
    """Some of the owner's stories as a reel."""
    return {
        "id": owner.pk,
        "reel_type": "user_reel",
        "user": user_json(owner),
        "latest_reel_media": max((int(story.taken_at) for story in stories), default=0),
        "media_count": len(stories),
        "items": [media_json(story) for story in stories],
    }


def _candidates(story: Story) -> list[JsonObject]:
    width, height = cdn.small_size(story)
    return [
        {"url": cdn.photo_url(story), "width": story.width, "height": story.height},
        {"url": cdn.photo_url(story, small=True), "width": width, "height": height},
    ]


def _version(story: Story, kind: int) -> JsonObject:
    return {
        "type": kind,
        "id": f"{story.pk}{kind}",
        "url": cdn.video_url(story),
        "width": story.width,
        "height": story.height,
    }


def _mention_json(person: Person) -> JsonObject:
    return {
        "x": 0.5,
        "y": 0.5,
        "z": 0,
        "width": 0.4,
        "height": 0.05,
        "rotation": 0.0,
        "is_pinned": 0,
        "is_hidden": 0,
        "is_sticker": 0,
        "display_type": "mention_username",
        "user": user_json(person),
    }


def _code(pk: int) -> str:
    """The short code in a media's address: its id in base 64."""
    raw = base64.urlsafe_b64encode(pk.to_bytes(9, "big")).decode()
    return raw.lstrip("A")


async def reel(call: Call, viewer: Person) -> Response:
    """What the viewer may see of somebody's stories; null when that is nothing."""
    owner = call.world.find_person(pk=int(call.args[0]))
    if owner is None or not call.world.may_see(viewer, owner):
        return Response.ok({"reel": None})
    stories = call.world.reel(owner)
    return Response.ok({"reel": reel_json(owner, stories) if stories else None})


async def tray(call: Call, viewer: Person) -> Response:
    """The row of reels on the home screen, without their items."""
    reels = []
    for owner in call.world.people:
        if call.world.follows(viewer, owner) and (stories := call.world.reel(owner)):
            entry = reel_json(owner, stories)
            del entry["items"]
            reels.append(entry)
    return Response.ok({"tray": reels, "broadcasts": []})


async def timeline(call: Call, viewer: Person) -> Response:
    return Response.ok({"feed_items": [], "num_results": 0, "more_available": False})


async def media_info(call: Call, viewer: Person) -> Response:
    """One story by its id, with or without the owner's id behind it."""
    story = call.world.stories.get(_story_pk(call))
    if story is None or _is_gone_for(viewer, story, call.world.now()):
        return media_gone().response()
    if not call.world.may_see(viewer, story.owner):
        return not_authorized().response()
    return Response.ok({"items": [media_json(story)], "num_results": 1, "more_available": False})


async def delete_media(call: Call, viewer: Person) -> Response:
    """Take down one of the viewer's own stories."""
    story = call.world.stories.get(_story_pk(call))
    if story is None or _is_gone_for(viewer, story, call.world.now()):
        return media_gone().response()
    if story.owner is not viewer:
        return Response.fail(400, "You can't delete this media")
    call.world.delete_story(story)
    return Response.ok({"did_delete": True})


def _story_pk(call: Call) -> int:
    return int(call.args[0].partition("_")[0])


def _is_gone_for(viewer: Person, story: Story, now: float) -> bool:
    # An expired story stays in its owner's archive.
    return story.deleted if story.owner is viewer else story.is_gone(now)
