"""What is done with stories: likes, who looked, and the archive of the own ones."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.private.accounts import user_json
from sandbox.private.asked import act, media_of, page
from sandbox.private.refused import Refused, no_such_media
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.message import Response
from sandbox.world.person import Person
from sandbox.world.story import Story

_VIEWERS_PAGE = 50
_DAYS_PAGE = 20
_DAY_S = 24 * 3600


def story_of(call: Call, viewer: Person, media_id: object) -> Story:
    """A story that the viewer may see."""
    story = media_of(call, viewer, media_id)
    if not isinstance(story, Story):
        raise no_such_media()
    return story


def own_story(call: Call, viewer: Person, media_id: object) -> Story:
    """One of the viewer's own stories, those that are over included."""
    story = story_of(call, viewer, media_id)
    if story.owner is not viewer:
        raise Refused("Not authorized to view this story", 403)
    return story


def like(*, on: bool) -> PrivateHandler:
    """A handler that likes a story, or takes the like back."""

    async def change(call: Call, viewer: Person) -> Response:
        act(call, viewer, "media_id")
        story = story_of(call, viewer, call.form["media_id"])
        if on:
            call.world.likes.add(viewer, story)
        else:
            call.world.likes.remove(viewer, story)
        return Response.ok()

    return change


async def viewers(call: Call, viewer: Person) -> Response:
    """Who looked at one of the own stories, the latest first; without `viewers` if nobody did."""
    story = own_story(call, viewer, call.args[0])
    everybody = call.world.views.people(story)
    after = call.request.query.get("max_id")
    shown, cursor = page(everybody, lambda pair: pair[1], after, _VIEWERS_PAGE)
    likes = call.world.likes
    listed = [
        {"user": user_json(person), "has_liked": likes.has(person, story)} for person, _ in shown
    ]
    return Response.ok(
        {
            "user_count": len(everybody),
            "total_viewer_count": len(everybody),
            **({"viewers": listed} if everybody else {}),
            **({"next_max_id": cursor} if cursor else {}),
        }
    )


async def archive(call: Call, viewer: Person) -> Response:
    """`archive/reel/day_shells_paginated/`: the days on which the viewer had stories."""
    days: dict[int, list[Story]] = {}
    for story in call.world.library.stories.values():
        if story.owner is viewer and not story.deleted:
            days.setdefault(int(story.taken_at) // _DAY_S, []).append(story)
    after = call.request.query.get("max_id")
    shown, cursor = page(sorted(days, reverse=True), lambda day: day, after, _DAYS_PAGE)
    items = [
        {
            "id": f"archiveDay:{viewer.pk}{day}",
            "timestamp": day * _DAY_S,
            "date": datetime.fromtimestamp(day * _DAY_S, UTC).date().isoformat(),
            "media_count": len(days[day]),
            "reel_type": "archive_day_reel",
            "latest_reel_media": max(int(story.taken_at) for story in days[day]),
        }
        for day in shown
    ]
    return Response.ok({"items": items, "more_available": bool(cursor), "max_id": cursor})
