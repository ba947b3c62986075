"""Stories as the private API shows them: reels and the tray."""

from __future__ import annotations

from sandbox.private import cdn
from sandbox.private.accounts import user_json
from sandbox.private.stickers import stickers_json
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.post import short_code
from sandbox.world.shot import Shot
from sandbox.world.story import Story
from sandbox.world.world import World

_MEDIA_TYPES = {"photo": 1, "video": 2}


def story_json(story: Story, world: World, *, with_files: bool = True) -> JsonObject:
    """A story as media; without files as Instagram shows one that has expired."""
    return {
        "pk": story.pk,
        "id": story.media_id,
        "code": short_code(story.pk),
        "taken_at": int(story.taken_at),
        "expiring_at": int(story.expiring_at),
        "device_timestamp": int(story.upload_id or story.taken_at * 1000),
        "product_type": "story",
        "user": user_json(story.owner),
        "caption": {"text": story.caption} if story.caption else None,
        "reel_mentions": _mentions_json(story),
        **stickers_json(story.stickers, world),
        **files_json(story, with_files=with_files),
    }


def files_json(shot: Shot, *, with_files: bool = True) -> JsonObject:
    """What is said about a photo or a video itself, with the addresses of its files or without."""
    shown: JsonObject = {
        "media_type": _MEDIA_TYPES[shot.kind],
        "original_width": shot.width,
        "original_height": shot.height,
    }
    if with_files:
        shown["image_versions2"] = {"candidates": _candidates(shot)}
    if shot.kind == "video":
        shown["has_audio"] = shot.probe.has_sound
        shown["video_duration"] = shot.duration
        if with_files:
            shown["video_versions"] = [_version(shot, kind) for kind in (101, 102)]
    return shown


def reel_json(owner: Person, stories: list[Story], world: World) -> JsonObject:
    """Some of the owner's stories as a reel."""
    return {
        "id": owner.pk,
        "reel_type": "user_reel",
        "user": user_json(owner),
        "latest_reel_media": max((int(story.taken_at) for story in stories), default=0),
        "media_count": len(stories),
        "items": [story_json(story, world) for story in stories],
    }


def _candidates(shot: Shot) -> list[JsonObject]:
    width, height = cdn.small_size(shot)
    return [
        {"url": cdn.photo_url(shot), "width": shot.width, "height": shot.height},
        {"url": cdn.photo_url(shot, small=True), "width": width, "height": height},
    ]


def _version(shot: Shot, kind: int) -> JsonObject:
    return {
        "type": kind,
        "id": f"{shot.pk}{kind}",
        "url": cdn.video_url(shot),
        "width": shot.width,
        "height": shot.height,
    }


def _mentions_json(story: Story) -> list[JsonObject]:
    if not story.placed:
        return [_mention_json(person) for person in story.mentions]
    return [
        _mention_json(person) | {"x": at.x, "y": at.y, "width": at.width, "height": at.height}
        for person, at in zip(story.mentions, story.placed, strict=True)
    ]


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


async def reel(call: Call, viewer: Person) -> Response:
    """What the viewer may see of somebody's stories; null when that is nothing."""
    owner = call.world.find_person(pk=int(call.args[0]))
    if owner is None or not call.world.may_see(viewer, owner):
        return Response.ok({"reel": None})
    stories = call.world.reel(owner)
    return Response.ok({"reel": reel_json(owner, stories, call.world) if stories else None})


async def tray(call: Call, viewer: Person) -> Response:
    """The row of reels on the home screen, without their items."""
    reels = []
    for owner in call.world.people:
        if call.world.follows(viewer, owner) and (stories := call.world.reel(owner)):
            entry = reel_json(owner, stories, call.world)
            del entry["items"]
            reels.append(entry)
    return Response.ok({"tray": reels, "broadcasts": []})
