"""Single media, stories and posts alike: shown, edited, put away, and taken down by its owner."""

from __future__ import annotations

import re

from sandbox.private import cdn
from sandbox.private import post_fields as read
from sandbox.private.accounts import user_json
from sandbox.private.asked import act, asked, media_of, own_post, post_of
from sandbox.private.form import whole_number
from sandbox.private.posts import post_json
from sandbox.private.refused import Refused, no_such_media
from sandbox.private.stories import story_json
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.post import Post, pk_of_code
from sandbox.world.story import Story
from sandbox.world.world import World

_MOST_PINNED = 3
_ADDRESS = re.compile(r"https?://(?:www\.)?instagram\.com/(?:[\w.]+/)?(?:p|reel|tv)/([\w-]+)/?.*")


def media_json(media: Story | Post, world: World, viewer: Person | None = None) -> JsonObject:
    """A story or a post as the private API shows it."""
    if isinstance(media, Story):
        return story_json(media, world)
    return post_json(media, world, viewer)


async def info(call: Call, viewer: Person) -> Response:
    """One story or post by its id, with or without the owner's id behind it."""
    media = media_of(call, viewer, call.args[0])
    items = [media_json(media, call.world, viewer)]
    return Response.ok({"items": items, "num_results": 1, "more_available": False})


async def delete(call: Call, viewer: Person) -> Response:
    """Take down one of the viewer's own stories or posts."""
    media = media_of(call, viewer, call.args[0])
    if media.owner is not viewer:
        raise Refused("You can't delete this media")
    if isinstance(media, Story):
        call.world.delete_story(media)
    else:
        call.world.delete_post(media)
    return Response.ok({"did_delete": True})


async def edit(call: Call, viewer: Person) -> Response:
    """Change the caption, the tags and the place of one of the viewer's own posts."""
    post = own_post(call, viewer, call.args[0])
    caption = read.caption(call.form, "caption_text")
    tags = read.user_tags(call.form, call.world)
    post.location_id = read.location_id(call.form)
    post.caption = caption
    post.shots[0].tags = tags
    return Response.ok({"media": post_json(post, call.world, viewer)})


def like(*, on: bool) -> PrivateHandler:
    """A handler that likes a post, or takes the like back."""

    async def change(call: Call, viewer: Person) -> Response:
        act(call, viewer, "media_id")
        post = post_of(call, viewer, call.form["media_id"])
        if not call.args[0].startswith(str(post.pk)):
            raise Refused("Invalid media_id")
        if not on:
            call.world.likes.remove(viewer, post)
            call.world.activity.take_back(post.owner, "like", viewer, post)
        elif call.world.likes.add(viewer, post):
            call.world.activity.tell(post.owner, "like", viewer, post)
        return Response.ok()

    return change


async def likers(call: Call, viewer: Person) -> Response:
    """Who likes a post, the latest first."""
    post = post_of(call, viewer, call.args[0])
    people = call.world.likes.people(post)
    users = [user_json(person) for person, _ in people]
    return Response.ok({"users": users, "user_count": len(users)})


def put_away(*, on: bool) -> PrivateHandler:
    """A handler that moves one of the viewer's own posts to the archive, or back."""

    async def change(call: Call, viewer: Person) -> Response:
        act(call, viewer, "media_id")
        own_post(call, viewer, call.args[0]).archived = on
        return Response.ok()

    return change


def pin(*, on: bool) -> PrivateHandler:
    """A handler that keeps one of the viewer's own posts at the top of the grid, or not."""

    async def change(call: Call, viewer: Person) -> Response:
        act(call, viewer, "post_id")
        post = own_post(call, viewer, call.form["post_id"])
        pinned = [each for each in call.world.grid(viewer) if each.pinned and each is not post]
        if on and len(pinned) >= _MOST_PINNED:
            raise Refused(f"You can only pin {_MOST_PINNED} posts")
        post.pinned = on
        return Response.ok()

    return change


async def see(call: Call, viewer: Person) -> Response:
    """`media/seen/`: what the viewer has looked at; what is gone meanwhile is left out."""
    act(call, viewer)
    for field in ("reels", "reel_media_skipped"):
        seen = call.form.get(field, {})
        if not isinstance(seen, dict):
            raise Refused(f"Invalid parameter: {field}")
        for key in seen:
            media = call.world.library.find_media(whole_number(str(key).partition("_")[0]) or 0)
            if media is not None and call.world.may_see(viewer, media.owner) and field == "reels":
                call.world.views.add(viewer, media)
    return Response.ok()


async def oembed(call: Call, viewer: Person) -> Response:
    """`oembed`: what a page needs to show a public post."""
    found = _ADDRESS.fullmatch(asked(call, "url"))
    post = call.world.library.posts.get(pk_of_code(found[1])) if found else None
    if post is None or post.deleted or post.archived or post.owner.private:
        raise no_such_media()
    cover = post.shots[0]
    width, height = cdn.small_size(cover)
    return Response.json(
        200,
        {
            "version": "1.0",
            "type": "rich",
            "title": post.caption,
            "author_name": post.owner.username,
            "author_url": f"https://www.instagram.com/{post.owner.username}",
            "author_id": post.owner.pk,
            "media_id": post.media_id,
            "provider_name": "Instagram",
            "provider_url": "https://www.instagram.com",
            "width": 658,
            "height": None,
            "html": '<blockquote class="instagram-media"></blockquote>',
            "thumbnail_url": cdn.photo_url(cover, small=True),
            "thumbnail_width": width,
            "thumbnail_height": height,
            "can_view": True,
        },
    )
