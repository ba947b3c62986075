"""Posts as the private API shows them: a profile's grid, its Reels, and places."""

from __future__ import annotations

from sandbox.private.accounts import user_json
from sandbox.private.failures import not_authorized
from sandbox.private.form import whole_number
from sandbox.private.stories import files_json
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.places import Place
from sandbox.world.post import Post, short_code
from sandbox.world.shot import Shot
from sandbox.world.world import World

_PAGE = 12
_LARGEST_PAGE = 50
_PRODUCT_TYPES = {"feed": "feed", "reel": "clips", "carousel": "carousel_container"}
_ALBUM = 8


def post_json(post: Post, world: World) -> JsonObject:
    """A post as media."""
    media: JsonObject = {
        "pk": post.pk,
        "id": post.media_id,
        "code": short_code(post.pk),
        "taken_at": int(post.taken_at),
        "device_timestamp": int(post.upload_id or post.taken_at * 1000),
        "product_type": _PRODUCT_TYPES[post.product],
        "user": user_json(post.owner),
        "caption": {"text": post.caption} if post.caption else None,
        "like_count": 0,
        "comment_count": 0,
        "coauthor_producers": [],
        "invited_coauthor_producers": [user_json(person) for person in post.collaborators],
    }
    place = world.places.find(post.location_id)
    if place is not None:
        media["location"] = _place_json(place)
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
    owner = call.world.find_person(pk=int(call.args[0]))
    if owner is None or not call.world.may_see(viewer, owner):
        return not_authorized().response()
    count = call.number("count", _PAGE, _LARGEST_PAGE)
    posts, cursor = _page(call, call.world.grid(owner), call.request.query.get("max_id"), count)
    return Response.ok(
        {
            "items": [post_json(post, call.world) for post in posts],
            "num_results": len(posts),
            "more_available": bool(cursor),
            "user": user_json(owner),
            **({"next_max_id": cursor} if cursor else {}),
        }
    )


async def reels(call: Call, viewer: Person) -> Response:
    """`clips/user/`: somebody's Reels, newest first, a page at a time."""
    owner = call.world.find_person(pk=whole_number(call.form.get("target_user_id")))
    if owner is None or not call.world.may_see(viewer, owner):
        return not_authorized().response()
    every = [post for post in call.world.grid(owner) if post.product == "reel"]
    count = min(whole_number(call.form.get("page_size")) or _PAGE, _LARGEST_PAGE)
    posts, cursor = _page(call, every, call.form.get("max_id"), count)
    return Response.ok(
        {
            "items": [{"media": post_json(post, call.world)} for post in posts],
            "paging_info": {"more_available": bool(cursor), "max_id": cursor},
        }
    )


def _page(call: Call, posts: list[Post], cursor: object, count: int) -> tuple[list[Post], str]:
    """The posts behind a cursor, and the cursor of the next page, "" if there is none.

    It is the id of a post, so that what is made or deleted meanwhile shifts nothing.
    """
    last = call.world.library.posts.get(whole_number(str(cursor or "").partition("_")[0]) or 0)
    if last is not None:
        posts = [post for post in posts if post.age_key < last.age_key]
    shown = posts[:count]
    return shown, shown[-1].media_id if len(posts) > count else ""


async def search_places(call: Call, viewer: Person) -> Response:
    """`location_search/`: the places near some coordinates, the nearest first."""
    try:
        lat, lng = (float(call.request.query[name]) for name in ("latitude", "longitude"))
    except (KeyError, ValueError):
        return Response.fail(400, "latitude and longitude have to be numbers")
    venues = [_place_json(place) for place in call.world.places.near(lat, lng)]
    return Response.ok({"venues": venues, "request_id": "venues"})


async def place_info(call: Call, viewer: Person) -> Response:
    """`locations/<pk>/location_info/`."""
    place = call.world.places.find(call.args[0])
    if place is None:
        return Response.fail(404, "Location not found")
    return Response.ok(_place_json(place))


def _place_json(place: Place) -> JsonObject:
    return {
        "pk": place.pk,
        "name": place.name,
        "address": place.address,
        "lat": place.lat,
        "lng": place.lng,
        "external_id": place.pk,
        "external_id_source": "facebook_places",
        "facebook_places_id": place.pk,
    }
