"""Hashtags, and the posts with a hashtag or of a place."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.private.asked import asked
from sandbox.private.form import json_value
from sandbox.private.places import place_of
from sandbox.private.posts import TAGGED_PAGE, page_of_posts, post_json
from sandbox.private.refused import Refused
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.message import JsonObject, Response
from sandbox.world.hashtags import tag_id
from sandbox.world.person import Person
from sandbox.world.post import Post

_TABS = ("top", "recent", "clips", "ranked")
_ROW = 3


def tag_json(call: Call, name: str, viewer: Person) -> JsonObject:
    return {
        "id": str(tag_id(name)),
        "name": name,
        "media_count": len(call.world.hashtags.posts(name)),
        "formatted_media_count": str(len(call.world.hashtags.posts(name))),
        "following": int(call.world.hashtags.follows(viewer, name)),
        "allow_following": 1,
        "profile_pic_url": None,
    }


async def info(call: Call, viewer: Person) -> Response:
    """`tags/<name>/info/`."""
    return Response.ok(tag_json(call, _known(call), viewer))


async def search(call: Call, viewer: Person) -> Response:
    """`tags/search/`: the tags that have a text in them."""
    wanted = asked(call, "q").strip().lstrip("#").lower()
    found = [name for name in call.world.hashtags.names() if wanted in name]
    results = [tag_json(call, name, viewer) for name in found[: call.number("count", 30, 50)]]
    return Response.ok({"results": results, "has_more": False})


async def sections(call: Call, viewer: Person) -> Response:
    """`tags/<name>/sections/`: the posts with a tag, as many as a page of Instagram has."""
    posts = call.world.hashtags.posts(_known(call))
    return _sections(call, viewer, posts)


async def place_sections(call: Call, viewer: Person) -> Response:
    """`locations/<pk>/sections/`: the posts of a place."""
    place = place_of(call, call.args[0])
    posts = [
        post
        for post in call.world.library.newest_posts()
        if post.location_id == str(place.pk) and not post.owner.private
    ]
    return _sections(call, viewer, posts)


def _sections(call: Call, viewer: Person, posts: Sequence[Post]) -> Response:
    tab = call.form.get("tab")
    if tab not in _TABS:
        raise Refused("Invalid parameter: tab")
    if tab == "clips":
        posts = [post for post in posts if post.product == "reel"]
    elif tab != "recent":
        posts = sorted(posts, key=lambda post: -call.world.likes.count(post))
    shown, cursor = _page(call, posts) if tab != "recent" else _recent(call, posts)
    rows = [shown[start : start + _ROW] for start in range(0, len(shown), _ROW)]
    return Response.ok(
        {
            "sections": [
                {
                    "layout_type": "media_grid",
                    "layout_content": {
                        "medias": [{"media": post_json(each, call.world, viewer)} for each in row]
                    },
                }
                for row in rows
            ],
            "more_available": bool(cursor),
            **(
                {"next_max_id": cursor, "next_page": 1, "next_media_ids": [shown[-1].pk]}
                if cursor
                else {}
            ),
        }
    )


def _recent(call: Call, posts: Sequence[Post]) -> tuple[list[Post], str]:
    return page_of_posts(call, posts, _cursor(call), TAGGED_PAGE)


def _page(call: Call, posts: Sequence[Post]) -> tuple[list[Post], str]:
    """A page of what is sorted by rank: behind the post that the cursor names."""
    last = _cursor(call)
    start = next((at + 1 for at, post in enumerate(posts) if post.media_id == last), 0)
    shown = list(posts[start : start + TAGGED_PAGE])
    return shown, shown[-1].media_id if len(posts) > start + TAGGED_PAGE else ""


def _cursor(call: Call) -> object:
    """The cursor; it is good only together with the ids that came with it."""
    cursor = call.form.get("max_id")
    ids = call.form.get("next_media_ids")
    ids = json_value(ids) if isinstance(ids, str) else ids
    if cursor and not isinstance(ids, list):
        raise Refused("Invalid max_id")
    return cursor


def follow(*, on: bool) -> PrivateHandler:
    """A handler of the website that follows a hashtag, or stops."""

    async def change(call: Call, viewer: Person) -> Response:
        call.world.hashtags.follow(viewer, _known(call), on=on)
        return Response.ok()

    return change


def _known(call: Call) -> str:
    """The tag in the address, which has to be in use."""
    name = call.args[0].lstrip("#").lower()
    if name not in call.world.hashtags.names():
        raise Refused("Hashtag not found", 404)
    return name
