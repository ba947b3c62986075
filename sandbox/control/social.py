"""The control interface's half for what people do: come, follow, like, comment, write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sandbox.control.reading import BadInput, Types, check_types, object_in, read_person
from sandbox.control.shown import person_json
from sandbox.wire.message import JsonObject, Request, Response
from sandbox.world.post import Post
from sandbox.world.thread import Content
from sandbox.world.world import World

SOCIAL_ABOUT = {
    "POST /people": '{"username": "dora", "full_name": "Dora", "private": true, "password": "…"}',
    "POST /follows": '{"from": "anna", "to": "studio"}: follows, or asks somebody private',
    "POST /likes": '{"from": "anna", "post": 37…} likes a post by its pk',
    "POST /comments": '{"from": "anna", "post": 37…, "text": "Nice"}',
    "POST /messages": '{"from": "anna", "to": "studio", "text": "Hello"}',
}
_PERSON: Types = {
    "username": (str,),
    "full_name": (str,),
    "private": (bool,),
    "password": (str, type(None)),
}


class SocialControl:
    """The handlers by method and path."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.handlers: dict[tuple[str, str], Callable[[Request], Awaitable[Response]]] = {
            ("POST", "/people"): self._add_person,
            ("POST", "/follows"): self._follow,
            ("POST", "/likes"): self._like,
            ("POST", "/comments"): self._comment,
            ("POST", "/messages"): self._write,
        }

    async def _add_person(self, request: Request) -> Response:
        order = object_in(request)
        check_types(order, _PERSON)
        if not order.get("username"):
            raise BadInput("username is missing")
        try:
            person = self._world.add_person(**order)
        except ValueError as error:
            raise BadInput(str(error), 409) from None
        return Response.json(201, person_json(person, self._world))

    async def _follow(self, request: Request) -> Response:
        order = _order(request, {"from": (str,), "to": (str,)})
        follower, followed = (read_person(order, name, self._world) for name in ("from", "to"))
        self._world.ties.ask(follower, followed)
        return Response.json(201, {"follows": self._world.follows(follower, followed)})

    async def _like(self, request: Request) -> Response:
        order = _order(request, {"from": (str,), "post": (int,)})
        person, post = read_person(order, "from", self._world), self._post(order)
        if self._world.likes.add(person, post):
            self._world.activity.tell(post.owner, "like", person, post)
        return Response.json(201, {"likes": self._world.likes.count(post)})

    async def _comment(self, request: Request) -> Response:
        order = _order(request, {"from": (str,), "post": (int,), "text": (str,)})
        author, post = read_person(order, "from", self._world), self._post(order)
        comment = self._world.comments.add(post, author, order["text"])
        return Response.json(201, {"pk": comment.pk})

    async def _write(self, request: Request) -> Response:
        order = _order(request, {"from": (str,), "to": (str,), "text": (str,)})
        author, to = (read_person(order, name, self._world) for name in ("from", "to"))
        thread = self._world.thread_between(author, to)
        item = self._world.chats.send(thread, Content(text=order["text"]))
        return Response.json(201, {"item_id": item.id, "thread_id": thread.id})

    def _post(self, order: JsonObject) -> Post:
        post = self._world.library.posts.get(order["post"])
        if post is None or post.deleted:
            raise BadInput("post has to be the pk of a post", 404)
        return post


def _order(request: Request, types: Types) -> JsonObject:
    """A JSON object that has exactly these values."""
    order = object_in(request)
    check_types(order, types)
    if len(order) < len(types):
        raise BadInput(f"this takes {' and '.join(types)}")
    return order
