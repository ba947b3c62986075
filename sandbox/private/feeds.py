"""The feeds that Instagram puts together: the timeline, Reels, explore."""

from __future__ import annotations

from sandbox.private.asked import asked, media_of
from sandbox.private.media import media_json
from sandbox.private.posts import PAGE, clips, page_of_posts, post_json
from sandbox.wire.call import Call
from sandbox.wire.message import Response
from sandbox.world.person import Person
from sandbox.world.post import Post


async def timeline(call: Call, viewer: Person) -> Response:
    """The home screen: posts of those the viewer follows and has not muted, newest first."""
    ties = call.world.ties
    posts = [
        post
        for post in call.world.library.newest_posts()
        if ties.follows(viewer, post.owner) and not ties.has("mutes_posts", viewer, post.owner)
    ]
    shown, cursor = page_of_posts(call, posts, call.form.get("max_id"), PAGE)
    items = [{"media_or_ad": post_json(post, call.world, viewer)} for post in shown]
    return Response.ok(
        {
            "feed_items": items,
            "num_results": len(items),
            "more_available": bool(cursor),
            **({"next_max_id": cursor} if cursor else {}),
        }
    )


async def followed_reels(call: Call, viewer: Person) -> Response:
    """`clips/connected/`: Reels of those the viewer follows."""
    reels = [post for post in _reels(call) if call.world.follows(viewer, post.owner)]
    return clips(call, viewer, reels, call.request.query.get("max_id"), PAGE)


async def new_reels(call: Call, viewer: Person) -> Response:
    """`clips/discover/`: Reels of public accounts."""
    reels = [post for post in _public(call, viewer) if post.product == "reel"]
    return clips(call, viewer, reels, call.request.query.get("max_id"), PAGE)


async def friends_reels(call: Call, viewer: Person) -> Response:
    """`clips/discover/social/`: Reels that somebody likes whom the viewer follows."""
    world = call.world
    reels = [
        post
        for post in _reels(call)
        if world.may_see(viewer, post.owner)
        and any(world.follows(viewer, person) for person, _ in world.likes.people(post))
    ]
    return clips(call, viewer, reels, call.request.query.get("max_id"), PAGE)


async def explore(call: Call, viewer: Person) -> Response:
    """`discover/topical_explore/`: posts of public accounts that the viewer does not follow."""
    posts = [post for post in _public(call, viewer) if not call.world.follows(viewer, post.owner)]
    shown, cursor = page_of_posts(call, posts, call.request.query.get("max_id"), PAGE)
    medias = [{"media": post_json(post, call.world, viewer)} for post in shown]
    section = {"layout_type": "media_grid", "layout_content": {"medias": medias}}
    return Response.ok(
        {
            "sectional_items": [section] if medias else [],
            "clusters": [],
            "more_available": bool(cursor),
            "next_max_id": cursor,
        }
    )


async def explored(call: Call, viewer: Person) -> Response:
    """`discover/media_metadata/`: one of those posts."""
    media = media_of(call, viewer, asked(call, "media_id"))
    return Response.ok({"media_or_ad": media_json(media, call.world, viewer)})


def _reels(call: Call) -> list[Post]:
    return [post for post in call.world.library.newest_posts() if post.product == "reel"]


def _public(call: Call, viewer: Person) -> list[Post]:
    return [
        post
        for post in call.world.library.newest_posts()
        if not post.owner.private
        and post.owner is not viewer
        and call.world.may_see(viewer, post.owner)
    ]
