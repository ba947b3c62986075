"""What the viewer saved: the collections, and what is in them."""

from __future__ import annotations

from sandbox.private.asked import act, ids_in, post_of
from sandbox.private.posts import numbered
from sandbox.private.refused import Refused
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.message import JsonObject, Response
from sandbox.world.collections import Collection
from sandbox.world.person import Person

_EVERYTHING = "ALL_MEDIA_AUTO_COLLECTION"


def save(*, on: bool) -> PrivateHandler:
    """A handler that saves a post, into a collection if one is named, or forgets it."""

    async def change(call: Call, viewer: Person) -> Response:
        act(call, viewer)
        post = post_of(call, viewer, call.args[0])
        given = call.form.get("added_collection_ids")
        wanted = ids_in(given, "added_collection_ids") if given else []
        collections = [_collection(call, viewer, pk) for pk in wanted]
        if on:
            call.world.collections.save(viewer, post, collections)
        else:
            call.world.collections.unsave(viewer, post)
        return Response.ok()

    return change


async def collections(call: Call, viewer: Person) -> Response:
    """`collections/list/`: everything that was saved, and the named collections."""
    mine = call.world.collections
    items = [
        _json(str(each.pk), each.name, "MEDIA", len(mine.saved(viewer, each)))
        for each in mine.of(viewer)
    ]
    if everything := mine.saved(viewer):
        items.insert(0, _json(_EVERYTHING, "All posts", _EVERYTHING, len(everything)))
    return Response.ok({"items": items, "more_available": False})


async def content(call: Call, viewer: Person) -> Response:
    """`feed/collection/<pk>/`."""
    collection = _collection(call, viewer, call.args[0])
    posts = call.world.collections.saved(viewer, collection)
    return numbered(call, viewer, posts, wrapped=True)


async def everything(call: Call, viewer: Person) -> Response:
    """`feed/saved/posts/`."""
    return numbered(call, viewer, call.world.collections.saved(viewer), wrapped=True)


def _collection(call: Call, viewer: Person, pk: str) -> Collection:
    found = call.world.collections.find(viewer, pk)
    if found is None:
        raise Refused("Collection not found", 404)
    return found


def _json(pk: str, name: str, kind: str, count: int) -> JsonObject:
    return {
        "collection_id": pk,
        "collection_name": name,
        "collection_type": kind,
        "collection_media_count": count,
    }
