"""The activity page, as far as it is about story mentions."""

from __future__ import annotations

from sandbox.private.stories import reel_json
from sandbox.wire.call import Call
from sandbox.wire.message import Response
from sandbox.world.person import Person


async def inbox(call: Call, viewer: Person) -> Response:
    """Counts, and the reels of every visible story that mentions the viewer."""
    world = call.world
    reels = []
    for owner in world.people:
        if owner is viewer or not world.may_see(viewer, owner):
            continue
        if stories := [story for story in world.reel(owner) if viewer in story.mentions]:
            reels.append(reel_json(owner, stories, world))
    total = sum(len(reel["items"]) for reel in reels)
    noun = "story mentions" if total == 1 else "stories mention"
    return Response.ok(
        {
            "counts": {"story_mentions": total, "usertags": 0, "comments": 0, "likes": 0},
            "new_stories": [],
            "old_stories": [],
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
