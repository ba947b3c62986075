"""Insights: what the app asks `ads/graphql/` for, for business accounts only."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.private.asked import need, own_post
from sandbox.private.form import json_object, whole_number
from sandbox.private.posts import page_of_posts
from sandbox.private.refused import Refused
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.post import Post
from sandbox.world.world import World

_PAGE = 10
_FEED, _ACCOUNT, _POST = "2345520318892697", "2449243051851783", "3221905377882880"
_DAY_S = 24 * 3600
_FRAMES = {
    "ONE_WEEK": 7,
    "ONE_MONTH": 30,
    "THREE_MONTHS": 91,
    "SIX_MONTHS": 182,
    "ONE_YEAR": 365,
    "TWO_YEARS": 730,
}
_TYPES: dict[str, Callable[[Post], bool]] = {
    "ALL": lambda post: True,
    "CAROUSEL_V2": lambda post: post.product == "carousel",
    "IMAGE": lambda post: post.product == "feed" and post.shots[0].kind == "photo",
    "VIDEO": lambda post: post.product != "carousel" and post.shots[0].kind == "video",
    "SHOPPING": lambda post: False,
}
_ORDERS: dict[str, Callable[[World, Post], int]] = {
    "LIKE_COUNT": lambda world, post: world.likes.count(post),
    "COMMENT_COUNT": lambda world, post: world.comments.count(post),
    "SAVE_COUNT": lambda world, post: world.collections.saves.count(post),
    **dict.fromkeys(
        (
            *("REACH_COUNT", "FOLLOW", "SHARE_COUNT", "BIO_LINK_CLICK"),
            *("IMPRESSION_COUNT", "PROFILE_VIEW", "VIDEO_VIEW_COUNT"),
        ),
        lambda world, post: world.views.count(post),
    ),
}


async def graphql(call: Call, viewer: Person) -> Response:
    """`ads/graphql/`: insights of all posts, of the account, or of one post."""
    need(call, "doc_id", "query_params")
    params = json_object(call.form["query_params"])
    if params is None:
        raise Refused("Invalid parameter: query_params")
    match str(call.form["doc_id"]):
        case document if document in (_FEED, _ACCOUNT):
            show = _feed if document == _FEED else _account
            shown = show(call, viewer, params) if viewer.profile.is_business else None
            user = {"id": str(viewer.pk), "business_manager": shown}
            return Response.ok({"data": {"shadow_instagram_user": user}})
        case document if document == _POST:
            node = _one(call, viewer, params) if viewer.profile.is_business else None
            return Response.ok({"data": {"instagram_post_by_igid": node}})
    raise Refused("Unknown query")


def _feed(call: Call, viewer: Person, params: JsonObject) -> JsonObject:
    try:
        days = _FRAMES[str(params["timeframe"])]
        is_wanted = _TYPES[str(params["postType"])]
        order = _ORDERS[str(params["dataOrdering"])]
    except KeyError as error:
        raise Refused(f"Invalid parameter: {error}") from None
    since = call.world.now() - days * _DAY_S
    posts = [p for p in call.world.grid(viewer) if p.taken_at >= since and is_wanted(p)]
    count = min(whole_number(params.get("count")) or _PAGE, _PAGE)
    shown, cursor = page_of_posts(call, posts, params.get("cursor"), count)
    ranked = sorted(shown, key=lambda post: order(call.world, post), reverse=True)
    info = {"has_next_page": bool(cursor), "end_cursor": cursor or None}
    edges = [{"node": _node(call.world, post)} for post in ranked]
    return {"top_posts_unit": {"top_posts": {"edges": edges, "page_info": info}}}


def _account(call: Call, viewer: Person, params: JsonObject) -> JsonObject:
    followers, _ = call.world.ties.count(viewer)
    posts = call.world.grid(viewer)
    return {
        "account_summary_unit": {"followers_count": followers, "posts_count": len(posts)},
        "account_insights_unit": {
            "reach_metrics": {"value": sum(call.world.views.count(post) for post in posts)}
        },
    }


def _one(call: Call, viewer: Person, params: JsonObject) -> JsonObject:
    asked = params.get("query_params")
    post = own_post(call, viewer, asked.get("id") if isinstance(asked, dict) else None)
    return _node(call.world, post)


def _node(world: World, post: Post) -> JsonObject:
    metrics = {
        "reach_count": world.views.count(post),
        "like_count": world.likes.count(post),
        "comment_count": world.comments.count(post),
        "save_count": world.collections.saves.count(post),
    }
    return {
        "id": str(post.pk),
        "instagram_media_id": str(post.pk),
        "creation_time": int(post.taken_at),
        "like_count": metrics["like_count"],
        "comment_count": metrics["comment_count"],
        "inline_insights_node": {"state": "COMPLETE", "metrics": metrics},
    }
