"""Guides, by who made them and by the place that they are about."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.private.asked import seen_person
from sandbox.private.places import place_of
from sandbox.private.posts import post_json
from sandbox.wire.call import Call
from sandbox.wire.message import Response
from sandbox.world.guides import Guide
from sandbox.world.person import Person


async def by_person(call: Call, viewer: Person) -> Response:
    """`guides/user/<pk>/`."""
    owner = seen_person(call, viewer, call.args[0])
    return _shown(call, viewer, call.world.guides.by(owner))


async def by_place(call: Call, viewer: Person) -> Response:
    """`guides/location/<pk>/`."""
    place = place_of(call, call.args[0])
    guides = call.world.guides.about(place)
    seen = [guide for guide in guides if call.world.may_see(viewer, guide.owner)]
    return _shown(call, viewer, seen)


def _shown(call: Call, viewer: Person, guides: Sequence[Guide]) -> Response:
    return Response.ok(
        {
            "guides": [
                {
                    "summary": {
                        "id": str(guide.pk),
                        "title": guide.title,
                        "description": guide.description,
                        "cover_media": post_json(guide.cover, call.world, viewer),
                    }
                }
                for guide in guides
            ]
        }
    )
