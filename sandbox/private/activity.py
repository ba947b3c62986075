"""The activity page: what others did, and the stories that mention the viewer."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.private import cdn
from sandbox.private.stories import reel_json
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.activity import Event, Kind
from sandbox.world.person import Person
from sandbox.world.post import Post

_MOST_OLD = 50
# What each kind counts as, Instagram's number for it, and what it says.
_STORY: dict[Kind, tuple[str, int, str]] = {
    "like": ("likes", 60, "liked your post"),
    "comment": ("comments", 12, "commented"),
    "comment_like": ("comment_likes", 13, "liked your comment"),
    "follow": ("relationships", 101, "started following you"),
    "follow_request": ("requests", 75, "requested to follow you"),
}


async def inbox(call: Call, viewer: Person) -> Response:
    """Counts, and the reels of every visible story that mentions the viewer."""
    world = call.world
    reels = []
    for owner in world.people:
        if owner is viewer or not world.may_see(viewer, owner):
            continue
        if stories := [story for story in world.reel(owner) if viewer in story.mentions]:
            reels.append(reel_json(owner, stories, world))
    new, old = world.activity.of(viewer)
    if call.request.query.get("mark_as_seen", "").lower() == "true":
        world.activity.see(viewer)
    total = sum(len(reel["items"]) for reel in reels)
    noun = "story mentions" if total == 1 else "stories mention"
    return Response.ok(
        {
            "counts": {"story_mentions": total, "usertags": 0, **_counts(new)},
            "new_stories": [_event_json(event) for event in new],
            "old_stories": [_event_json(event) for event in old[:_MOST_OLD]],
            "last_checked": world.now(),
            "continuation_token": 0,
            "story_mentions": {
                "mentions_count_string": f"{total} {noun} you.",
                "reels": reels,
                "product_stories_count": 0,
                "product_stories_reels": [],
            },
        }
    )


def _counts(events: Sequence[Event]) -> JsonObject:
    """How many new events there are, by what the app counts."""
    counts = dict.fromkeys(("likes", "comments", "comment_likes", "relationships", "requests"), 0)
    for event in events:
        counts[_STORY[event.kind][0]] += 1
    return counts


def _event_json(event: Event) -> JsonObject:
    _, story_type, says = _STORY[event.kind]
    actor = event.actor
    post = event.post
    return {
        "pk": str(event.number),
        "type": 1 if post else 3,
        "story_type": story_type,
        "args": {
            "text": f"{actor.username} {says}{f': {event.text}' if event.text else '.'}",
            "profile_id": actor.pk,
            "profile_name": actor.username,
            "profile_image": cdn.avatar_url(actor),
            "timestamp": event.at,
            "tuuid": f"t{event.number}",
            "media": [_cover_json(post)] if post else [],
            "links": [],
        },
        "counts": {},
    }


def _cover_json(post: Post) -> JsonObject:
    return {"id": post.media_id, "image": cdn.photo_url(post.shots[0], small=True)}
