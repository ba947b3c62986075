"""Single media, stories and posts alike: shown, edited, and taken down by its owner."""

from __future__ import annotations

from sandbox.private import post_fields as read
from sandbox.private.failures import media_gone, not_authorized
from sandbox.private.posts import post_json
from sandbox.private.refused import Refused
from sandbox.private.stories import story_json
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.post import Post
from sandbox.world.story import Story
from sandbox.world.world import World


def media_json(media: Story | Post, world: World) -> JsonObject:
    """A story or a post as the private API shows it."""
    if isinstance(media, Story):
        return story_json(media, world)
    return post_json(media, world)


async def info(call: Call, viewer: Person) -> Response:
    """One story or post by its id, with or without the owner's id behind it."""
    media = _found(call, viewer)
    if media is None:
        return media_gone().response()
    if not call.world.may_see(viewer, media.owner):
        return not_authorized().response()
    items = [media_json(media, call.world)]
    return Response.ok({"items": items, "num_results": 1, "more_available": False})


async def delete(call: Call, viewer: Person) -> Response:
    """Take down one of the viewer's own stories or posts."""
    media = _found(call, viewer)
    if media is None:
        return media_gone().response()
    if media.owner is not viewer:
        return Response.fail(400, "You can't delete this media")
    if isinstance(media, Story):
        call.world.delete_story(media)
    else:
        call.world.delete_post(media)
    return Response.ok({"did_delete": True})


async def edit(call: Call, viewer: Person) -> Response:
    """Change the caption, the tags and the place of one of the viewer's own posts."""
    post = _found(call, viewer)
    if not isinstance(post, Post):
        return media_gone().response()
    if post.owner is not viewer:
        return Response.fail(400, "You can't edit this media")
    try:
        caption = read.caption(call.form, "caption_text")
        tags = read.user_tags(call.form, call.world)
        location_id = read.location_id(call.form)
    except Refused as error:
        return Response.fail(400, str(error))
    post.caption, post.location_id = caption, location_id
    post.shots[0].tags = tags
    return Response.ok({"media": post_json(post, call.world)})


def _found(call: Call, viewer: Person) -> Story | Post | None:
    """The media that the address names, None if it is gone for the viewer."""
    media = call.world.library.find_media(int(call.args[0].partition("_")[0]))
    if media is None or media.deleted:
        return None
    # An expired story stays in its owner's archive.
    is_gone = isinstance(media, Story) and media.is_gone(call.world.now())
    return None if is_gone and media.owner is not viewer else media
