"""Highlights: shown, made, changed and taken down."""

from __future__ import annotations

from sandbox.private import cdn
from sandbox.private.accounts import user_json
from sandbox.private.asked import act, ids_in, need, person_of, seen_person
from sandbox.private.form import json_object, json_value, whole_number
from sandbox.private.refused import Refused
from sandbox.private.stories import reel_json, story_json
from sandbox.private.story_acts import own_story
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.highlights import Highlight
from sandbox.world.person import Person
from sandbox.world.story import Story

_LONGEST_TITLE = 16
_MOST_STORIES = 100


def highlight_json(call: Call, highlight: Highlight, *, with_items: bool = False) -> JsonObject:
    stories = highlight.shown()
    shown: JsonObject = {
        "id": highlight.id,
        "title": highlight.title,
        "created_at": int(highlight.created_at),
        "latest_reel_media": max(int(story.taken_at) for story in stories),
        "media_count": len(stories),
        "media_ids": [story.pk for story in stories],
        "cover_media": {
            "media_id": highlight.cover.media_id,
            "cropped_image_version": {"url": cdn.photo_url(highlight.cover, small=True)},
        },
        "user": user_json(highlight.owner),
        "is_pinned_highlight": False,
        "reel_type": "highlight_reel",
    }
    if with_items:
        shown["items"] = [story_json(story, call.world) for story in stories]
    return shown


async def tray(call: Call, viewer: Person) -> Response:
    """`highlights/<pk>/highlights_tray/`: somebody's highlights without their stories."""
    owner = seen_person(call, viewer, call.args[0])
    shown = [highlight_json(call, each) for each in call.world.highlights.of(owner)]
    return Response.ok({"tray": shown})


async def reels(call: Call, viewer: Person) -> Response:
    """`feed/reels_media/`: reels and highlights with their stories; what is gone is left out."""
    need(call, "user_ids")
    found: JsonObject = {}
    for wanted in ids_in(call.form["user_ids"], "user_ids"):
        highlight = call.world.highlights.find(wanted)
        if highlight is not None and call.world.may_see(viewer, highlight.owner):
            found[wanted] = highlight_json(call, highlight, with_items=True)
        elif (pk := whole_number(wanted)) is not None:
            owner = person_of(call, viewer, pk)
            stories = call.world.reel(owner) if call.world.may_see(viewer, owner) else []
            if stories:
                found[wanted] = reel_json(owner, stories, call.world)
    return Response.ok({"reels": found, "reels_media": list(found.values())})


async def create(call: Call, viewer: Person) -> Response:
    """Make a highlight of some of the viewer's own stories."""
    act(call, viewer, "title", "media_ids", "cover")
    title = _title(call)
    stories = _stories(call, viewer, "media_ids")
    if not stories:
        raise Refused("Invalid parameter: media_ids")
    cover = _cover(call, viewer)
    made = call.world.highlights.add(viewer, title, stories, cover)
    return Response.ok({"reel": highlight_json(call, made)})


async def edit(call: Call, viewer: Person) -> Response:
    """Change title and cover, add stories and take some out; without any it is gone."""
    act(call, viewer)
    highlight = _own(call, viewer)
    added = _stories(call, viewer, "added_media_ids")
    removed = _stories(call, viewer, "removed_media_ids")
    title = _title(call) if call.form.get("title") else highlight.title
    cover = _cover(call, viewer) if call.form.get("cover") else highlight.cover
    kept = [story for story in highlight.stories if story not in removed]
    kept += [story for story in added if story not in kept]
    if not kept:
        raise Refused("A highlight needs a story")
    highlight.stories, highlight.title = kept, title
    highlight.cover = cover if cover in kept else kept[0]
    return Response.ok({"reel": highlight_json(call, highlight)})


async def delete(call: Call, viewer: Person) -> Response:
    act(call, viewer)
    _own(call, viewer).deleted = True
    return Response.ok()


def _own(call: Call, viewer: Person) -> Highlight:
    highlight = call.world.highlights.find(call.args[0])
    if highlight is None or highlight.owner is not viewer:
        raise Refused("Highlight not found", 404)
    return highlight


def _title(call: Call) -> str:
    title = str(call.form["title"]).strip()
    if not title or len(title) > _LONGEST_TITLE:
        raise Refused(f"Titles have 1 to {_LONGEST_TITLE} characters")
    return title


def _stories(call: Call, viewer: Person, field: str) -> list[Story]:
    """The own stories that a list in JSON names; none if it is empty or not there."""
    listed = json_value(call.form.get(field, "[]"))
    if not isinstance(listed, list) or len(listed) > _MOST_STORIES:
        raise Refused(f"Invalid parameter: {field}")
    return [own_story(call, viewer, media_id) for media_id in listed]


def _cover(call: Call, viewer: Person) -> Story:
    cover = json_object(call.form["cover"]) or {}
    return own_story(call, viewer, cover.get("media_id"))
