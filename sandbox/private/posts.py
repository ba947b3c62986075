"""Posts as the private API shows them: one by one, in grids, and a person's Reels."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.private.accounts import user_json
from sandbox.private.asked import asked, page, seen_person
from sandbox.private.form import whole_number
from sandbox.private.places import place_json
from sandbox.private.refused import Refused
from sandbox.private.stories import files_json
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.post import Post, short_code
from sandbox.world.shot import Shot
from sandbox.world.world import World

PAGE = 12
TAGGED_PAGE = 21
_LARGEST_PAGE = 50
_PRODUCT_TYPES = {"feed": "feed", "reel": "clips", "carousel": "carousel_container"}
_ALBUM = 8
_CHANNEL = "uservideo_"


def post_json(post: Post, world: World, viewer: Person | None = None) -> JsonObject:
    """A post as media; what the viewer did to it is false without one."""
    media: JsonObject = {
        "pk": post.pk,
        "id": post.media_id,
        "code": short_code(post.pk),
        "taken_at": int(post.taken_at),
        "device_timestamp": int(post.upload_id or post.taken_at * 1000),
        "product_type": _PRODUCT_TYPES[post.product],
        "user": user_json(post.owner),
        "caption": {"text": post.caption} if post.caption else None,
        "like_count": world.likes.count(post),
        "has_liked": world.likes.has(viewer, post),
        "has_viewer_saved": world.collections.saves.has(viewer, post),
        "comment_count": world.comments.count(post),
        "comments_disabled": post.comments_off,
        "coauthor_producers": [],
        "invited_coauthor_producers": [user_json(person) for person in post.collaborators],
        **({"timeline_pinned_user_ids": [post.owner.pk]} if post.pinned else {}),
    }
    place = world.places.find(post.location_id)
    if place is not None:
        media["location"] = place_json(place)
    if post.product == "carousel":
        media["media_type"] = _ALBUM
        media["carousel_media_count"] = len(post.shots)
        media["carousel_media"] = [_child_json(shot, post, world) for shot in post.shots]
        return media
    return media | _shot_json(post.shots[0], world)


def _child_json(shot: Shot, post: Post, world: World) -> JsonObject:
    facts = {"pk": shot.pk, "id": f"{shot.pk}_{post.owner.pk}", "carousel_parent_id": post.media_id}
    return facts | _shot_json(shot, world)


def _shot_json(shot: Shot, world: World) -> JsonObject:
    tags = [
        {"user": user_json(world.person_by_pk(tag.user_id)), "position": [tag.x, tag.y]}
        for tag in shot.tags
    ]
    return {**files_json(shot), **({"usertags": {"in": tags}} if tags else {})}


async def grid(call: Call, viewer: Person) -> Response:
    """`feed/user/<pk>/`: somebody's posts, newest first, a page at a time."""
    owner = seen_person(call, viewer, call.args[0])
    count = call.number("count", PAGE, _LARGEST_PAGE)
    return _grid(call, viewer, call.world.grid(owner), count, {"user": user_json(owner)})


async def channel(call: Call, viewer: Person) -> Response:
    """`igtv/channel/`: somebody's videos, newest first, a page at a time."""
    channel_id = asked(call, "id")
    if not channel_id.startswith(_CHANNEL):
        raise Refused("Invalid channel id")
    owner = seen_person(call, viewer, channel_id.removeprefix(_CHANNEL))
    videos = [post for post in call.world.grid(owner) if _is_video(post)]
    count = call.number("count", PAGE, _LARGEST_PAGE)
    return _grid(call, viewer, videos, count, {"id": channel_id, "user_dict": user_json(owner)})


async def tagged(call: Call, viewer: Person) -> Response:
    """`usertags/<pk>/feed/`: posts in which somebody is tagged; nobody asks how many."""
    person = seen_person(call, viewer, call.args[0])
    ties = call.world.ties
    posts = [
        post
        for post in call.world.library.newest_posts()
        if ties.may_see(viewer, post.owner)
        and any(tag.user_id == person.pk for shot in post.shots for tag in shot.tags)
    ]
    return _grid(call, viewer, posts, TAGGED_PAGE, {"total_count": len(posts)})


def _is_video(post: Post) -> bool:
    return post.product != "carousel" and post.shots[0].kind == "video"


def _grid(
    call: Call, viewer: Person, posts: Sequence[Post], count: int, more: JsonObject
) -> Response:
    shown, cursor = page_of_posts(call, posts, call.request.query.get("max_id"), count)
    return Response.ok(
        {
            "items": [post_json(post, call.world, viewer) for post in shown],
            "num_results": len(shown),
            "more_available": bool(cursor),
            **more,
            **({"next_max_id": cursor} if cursor else {}),
        }
    )


async def reels(call: Call, viewer: Person) -> Response:
    """`clips/user/`: somebody's Reels, newest first, a page at a time."""
    owner = seen_person(call, viewer, call.form.get("target_user_id"))
    every = [post for post in call.world.grid(owner) if post.product == "reel"]
    count = min(whole_number(call.form.get("page_size")) or PAGE, _LARGEST_PAGE)
    return clips(call, viewer, every, call.form.get("max_id"), count)


def clips(
    call: Call, viewer: Person, posts: Sequence[Post], cursor: object, count: int
) -> Response:
    """A page of Reels, in the way that everything called `clips` answers."""
    shown, after = page_of_posts(call, posts, cursor, count)
    return Response.ok(
        {
            "items": [{"media": post_json(post, call.world, viewer)} for post in shown],
            "paging_info": {"more_available": bool(after), "max_id": after},
        }
    )


def page_of_posts(
    call: Call, posts: Sequence[Post], cursor: object, count: int
) -> tuple[list[Post], str]:
    """The posts behind a cursor, and the cursor of the next page, "" if there is none.

    It is the id of a post, so that what is made or deleted meanwhile shifts nothing.
    """
    last = call.world.library.posts.get(whole_number(str(cursor or "").partition("_")[0]) or 0)
    if last is not None:
        posts = [post for post in posts if post.age_key < last.age_key]
    shown = list(posts[:count])
    return shown, shown[-1].media_id if len(posts) > count else ""


async def liked(call: Call, viewer: Person) -> Response:
    """`feed/liked/`: the posts that the viewer likes, the latest like first."""
    done = [
        (thing, number)
        for thing, number in call.world.likes.things(viewer)
        if isinstance(thing, Post) and _is_there(call, viewer, thing)
    ]
    return numbered(call, viewer, done)


def numbered(
    call: Call, viewer: Person, posts: Sequence[tuple[Post, int]], *, wrapped: bool = False
) -> Response:
    """A page of posts in the order of something that was done to them."""
    after = call.request.query.get("max_id")
    shown, cursor = page(posts, lambda pair: pair[1], after, TAGGED_PAGE)
    items = [post_json(post, call.world, viewer) for post, _ in shown]
    return Response.ok(
        {
            "items": [{"media": item} for item in items] if wrapped else items,
            "num_results": len(shown),
            "more_available": bool(cursor),
            **({"next_max_id": cursor} if cursor else {}),
        }
    )


def _is_there(call: Call, viewer: Person, post: Post) -> bool:
    gone = post.deleted or post.archived
    return not gone and call.world.ties.may_see(viewer, post.owner)
