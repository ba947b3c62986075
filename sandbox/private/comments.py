"""Comments as the private API shows, takes and removes them."""

from __future__ import annotations

import json
import re
from http.cookies import SimpleCookie

from sandbox.private.accounts import user_json
from sandbox.private.asked import act, asked, need, own_post, page, post_of
from sandbox.private.form import json_object, whole_number
from sandbox.private.refused import Refused
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.message import JsonObject, Response
from sandbox.world.comments import Comment
from sandbox.world.person import Person
from sandbox.world.post import Post

_PAGE = 20
_LONGEST = 2200
_MOST_PINNED = 3
_OFFENSIVE = re.compile(r"\b(?:idiots?|stupid|ugly)\b", re.IGNORECASE)


def comment_json(call: Call, comment: Comment, viewer: Person) -> JsonObject:
    world = call.world
    return {
        "pk": str(comment.pk),
        "media_id": comment.post.pk,
        "user_id": comment.author.pk,
        "user": user_json(comment.author),
        "text": comment.text,
        "type": 2 if comment.parent else 0,
        "created_at": int(comment.at),
        "created_at_utc": int(comment.at),
        "content_type": "comment",
        "status": "Active",
        "has_liked_comment": world.likes.has(viewer, comment),
        "comment_like_count": world.likes.count(comment),
        "child_comment_count": len(world.comments.answers(comment)),
        "is_pinned": comment.pinned,
        **({"replied_to_comment_id": str(comment.parent.pk)} if comment.parent else {}),
    }


async def below(call: Call, viewer: Person) -> Response:
    """`media/<id>/comments/`: a page of the comments below a post, the pinned and newest first."""
    post = post_of(call, viewer, call.args[0])
    if post.comments_off:
        return Response.ok({"comments": [], "comment_count": 0, "comments_disabled": True})
    return Response.ok(_page(call, viewer, post))


async def stream(call: Call, viewer: Person) -> Response:
    """`media/<id>/stream_comments/`: the same page, in the answer that the app streams."""
    return Response.ok(_page(call, viewer, post_of(call, viewer, call.args[0])))


def _page(call: Call, viewer: Person, post: Post) -> JsonObject:
    every = sorted(call.world.comments.below(post), key=_rank, reverse=True)
    shown, cursor = page(every, _rank, _read_cursor(call), _PAGE)
    return {
        "comments": [comment_json(call, comment, viewer) for comment in shown],
        "comment_count": call.world.comments.count(post),
        "has_more_comments": False,
        "has_more_headload_comments": bool(cursor),
        **({"next_min_id": _cursor(cursor)} if cursor else {}),
    }


async def answers(call: Call, viewer: Person) -> Response:
    """`media/<id>/comments/<pk>/inline_child_comments/`: a page of the answers to a comment."""
    post = post_of(call, viewer, call.args[0])
    comment = _comment(call, viewer, call.args[1], post)
    every = call.world.comments.answers(comment)
    shown, cursor = page(every, lambda each: each.pk, _read_cursor(call), _PAGE)
    return Response.ok(
        {
            "child_comments": [comment_json(call, each, viewer) for each in shown],
            "child_comment_count": len(every),
            "has_more_head_child_comments": bool(cursor),
            "parent_comment": comment_json(call, comment, viewer),
            **({"next_min_child_cursor": _cursor(cursor)} if cursor else {}),
        }
    )


def _rank(comment: Comment) -> int:
    """What comments are sorted by: the pinned before all others, then by age."""
    return comment.pk + (10**17 if comment.pinned else 0)


def _cursor(key: str) -> str:
    """A cursor as Instagram makes them: an object in JSON."""
    return json.dumps({"server_cursor": key, "is_server_cursor_inverse": True})


def _read_cursor(call: Call) -> object:
    """The place a cursor stands for. Clients send it in the query or, for want of it, as a form."""
    given = call.params.get("min_id")
    if not given:
        return None
    return (json_object(given) or {}).get("server_cursor", "?")


async def write(call: Call, viewer: Person) -> Response:
    """`media/<id>/comment/`: a comment, or an answer to one."""
    act(call, viewer, "comment_text", "idempotence_token")
    post = post_of(call, viewer, call.args[0])
    text = str(call.form["comment_text"])
    if not text.strip() or len(text) > _LONGEST:
        raise Refused(f"Comments have 1 to {_LONGEST} characters")
    if post.comments_off:
        raise Refused("Comments on this post have been limited")
    to = call.form.get("replied_to_comment_id")
    parent = _comment(call, viewer, to, post) if to else None
    token = str(call.form["idempotence_token"])
    comment = call.world.comments.add(post, viewer, text, parent=parent, token=token)
    return Response.ok({"comment": comment_json(call, comment, viewer)})


async def remove(call: Call, viewer: Person) -> Response:
    """`media/<id>/comment/bulk_delete/`: comments of the viewer's, or below the viewer's post."""
    act(call, viewer, "comment_ids_to_delete")
    post = post_of(call, viewer, call.args[0])
    pks = str(call.form["comment_ids_to_delete"]).split(",")
    found = [_comment(call, viewer, pk, post) for pk in pks]
    if any(viewer not in (each.author, post.owner) for each in found):
        raise Refused("You can't delete this comment", 403)
    for comment in found:
        comment.deleted = True
    return Response.ok()


def like(*, on: bool) -> PrivateHandler:
    """A handler that likes a comment, or takes the like back."""

    async def change(call: Call, viewer: Person) -> Response:
        act(call, viewer)
        comment = _comment(call, viewer, call.args[0])
        if not on:
            call.world.likes.remove(viewer, comment)
        elif call.world.likes.add(viewer, comment):
            call.world.activity.tell(comment.author, "comment_like", viewer, comment.post)
        return Response.ok()

    return change


def pin(*, on: bool) -> PrivateHandler:
    """A handler that keeps a comment above the others, or not: below the viewer's own posts."""

    async def change(call: Call, viewer: Person) -> Response:
        act(call, viewer)
        post = own_post(call, viewer, call.args[0])
        comment = _comment(call, viewer, call.args[1], post)
        pinned = [each for each in call.world.comments.below(post) if each.pinned]
        if on and comment not in pinned and len(pinned) >= _MOST_PINNED:
            raise Refused(f"You can only pin {_MOST_PINNED} comments")
        comment.pinned = on
        return Response.ok()

    return change


async def infos(call: Call, viewer: Person) -> Response:
    """`media/comment_infos/`: the first comments of several posts."""
    found = {}
    for media_id in asked(call, "media_ids").split(","):
        post = post_of(call, viewer, media_id.strip())
        found[media_id.strip()] = _page(call, viewer, post)
    return Response.ok({"comment_infos": found})


async def check(call: Call, viewer: Person) -> Response:
    """`media/comment/check_offensive_comment/`: whether a text would hurt somebody."""
    need(call, "_uuid", "media_id", "comment_text")
    post_of(call, viewer, call.form["media_id"])
    is_offensive = _OFFENSIVE.search(str(call.form["comment_text"])) is not None
    return Response.ok({"is_offensive": is_offensive, "text_language": "en"})


def _comment(call: Call, viewer: Person, pk: object, post: Post | None = None) -> Comment:
    """A comment that the viewer may see, below that post if one is named."""
    comment = call.world.comments.find(whole_number(pk) or 0)
    if comment is None or post not in (None, comment.post):
        raise Refused("This comment is unavailable", 404)
    post_of(call, viewer, comment.post.media_id)
    return comment


async def web_likers(call: Call) -> Response:
    """The website's list of who likes a comment; its session comes in a cookie."""
    cookie = SimpleCookie(call.request.headers.get("cookie", "")).get("sessionid")
    viewer = call.world.sessions.viewer(cookie.value) if cookie else None
    if viewer is None:
        raise Refused("login_required", 403)
    variables = json_object(call.request.query.get("variables")) or {}
    comment = _comment(call, viewer, variables.get("comment_id"))
    count = min(whole_number(variables.get("first")) or _PAGE, 50)
    likers = call.world.likes.people(comment)
    shown, cursor = page(likers, lambda pair: pair[1], variables.get("after"), count)
    edges = [{"node": {**user_json(person), "id": str(person.pk)}} for person, _ in shown]
    info = {"has_next_page": bool(cursor), "end_cursor": cursor or None}
    liked_by = {"count": len(likers), "page_info": info, "edges": edges}
    return Response.ok({"data": {"comment": {"id": str(comment.pk), "edge_liked_by": liked_by}}})
