"""The sandbox's own HTTP interface, for people who run it alone: look inside, and cause things."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import trio

from sandbox.control.graph_accounts import GRAPH_ABOUT, GraphControl
from sandbox.control.reading import (
    BadInput,
    check_types,
    object_in,
    read_fault,
    read_mention,
    read_post,
)
from sandbox.control.shown import (
    entry_json,
    fault_json,
    page_post_json,
    person_json,
    post_json,
    published_json,
    story_json,
)
from sandbox.control.social import SOCIAL_ABOUT, SocialControl
from sandbox.wire.faults import Faults
from sandbox.wire.message import Ending, Request, Response
from sandbox.world.ledger import Ledger
from sandbox.world.moving_clock import MovingClock
from sandbox.world.person import Person
from sandbox.world.pictures import photo_of, picture, video_of
from sandbox.world.probe import BadMedia, Kind
from sandbox.world.world import World

_ABOUT = {
    "what": "A simulated Instagram. Use this address as an HTTP proxy and trust its CA file.",
    "GET /ledger": "every request; ?since=N leaves out the first N",
    "GET /posts": "every story and every post that went live, on Instagram and on Pages",
    "GET /world": "people, stories, posts and chats",
    "GET /faults": "the faults in force",
    "POST /faults": '{"path": "direct_v2/inbox", "kind": "status", "code": 500, "times": 1}',
    "DELETE /faults": "take all faults back",
    "POST /clock": '{"seconds": 86400}: so much time has passed; it never goes back',
    "POST /mentions": '{"from": "anna", "to": "studio", "kind": "photo"}, or a photo or video as '
    "the body with ?from=anna&to=studio",
    "POST /media": '{"from": "anna", "kind": "video", "product": "reel", "caption": "hi"}, or a '
    "photo or video as the body with ?from=anna",
    **SOCIAL_ABOUT,
    **GRAPH_ABOUT,
}
_PHOTO_SIZE = (1080, 1920)
_VIDEO_SIZE = (720, 1280)
_LONGEST_MOVE_S = 400 * 86_400
_SUFFIXES = {"image": ".jpg", "video": ".mp4"}


class Control:
    """Answers requests that are made to the sandbox itself."""

    def __init__(
        self, world: World, ledger: Ledger, faults: Faults, directory: Path, clock: MovingClock
    ) -> None:
        self._clock = clock
        self._world = world
        self._ledger = ledger
        self._faults = faults
        self._made = directory / "made"
        self._handlers: dict[tuple[str, str], Callable[[Request], Awaitable[Response]]] = {
            ("GET", "/"): self._about,
            ("GET", "/ledger"): self._show_ledger,
            ("GET", "/posts"): self._show_posts,
            ("GET", "/world"): self._show_world,
            ("GET", "/faults"): self._show_faults,
            ("POST", "/faults"): self._add_fault,
            ("DELETE", "/faults"): self._clear_faults,
            ("POST", "/clock"): self._move_on,
            ("POST", "/mentions"): self._mention,
            ("POST", "/media"): self._add_media,
            **SocialControl(world).handlers,
            **GraphControl(world).handlers,
        }

    async def answer(self, request: Request) -> Response:
        """Answer one request; wrong input gets a 4xx that says what is wrong."""
        if request.is_cut:
            return Response(ending=Ending.CLOSE)
        if request.path.startswith("http://"):
            self._ledger.refuse(self._ledger.open(request, form={}, account=None))
            return Response.json(403, {"error": "the sandbox tunnels HTTPS only"})
        handler = self._handlers.get((request.method, request.path))
        if handler is None:
            known = any(path == request.path for _, path in self._handlers)
            text = "method not allowed" if known else "no such page; see GET /"
            return Response.json(405 if known else 404, {"error": text})
        try:
            return await handler(request)
        except BadInput as error:
            return Response.json(error.status, {"error": str(error)})
        except BadMedia as error:
            return Response.json(422, {"error": str(error)})

    async def _about(self, request: Request) -> Response:
        return Response.json(200, _ABOUT)

    async def _show_ledger(self, request: Request) -> Response:
        text = request.query.get("since", "0")
        if not text.isdecimal():
            raise BadInput("since has to be a whole number")
        entries = self._ledger.since(int(text))
        shown = [entry_json(entry, self._ledger) for entry in entries]
        return Response.json(200, {"requests": shown, "mark": self._ledger.mark()})

    async def _show_posts(self, request: Request) -> Response:
        shown = [published_json(post) for post in self._ledger.published]
        on_pages = [page_post_json(post) for post in self._ledger.page_posts]
        return Response.json(200, {"posts": shown, "page_posts": on_pages})

    async def _show_world(self, request: Request) -> Response:
        world = self._world
        chats = [
            {"viewer": chat.viewer.username, "other": chat.other.username, "box": chat.box}
            | {"thread_id": chat.id, "messages": len(chat.items)}
            for chat in world.chats.threads
        ]
        return Response.json(
            200,
            {
                "people": [person_json(person, world) for person in world.people],
                "stories": [
                    story_json(story, world.now()) for story in world.library.stories.values()
                ],
                "posts": [post_json(post) for post in world.library.posts.values()],
                "chats": chats,
            },
        )

    async def _show_faults(self, request: Request) -> Response:
        shown = [fault_json(handle) for handle in self._faults.active]
        return Response.json(200, {"faults": shown})

    async def _add_fault(self, request: Request) -> Response:
        handle = self._faults.add(read_fault(object_in(request), self._world))
        return Response.json(201, fault_json(handle))

    async def _clear_faults(self, request: Request) -> Response:
        cleared = len(self._faults.active)
        self._faults.clear()
        return Response.json(200, {"cleared": cleared})

    async def _move_on(self, request: Request) -> Response:
        order = object_in(request)
        check_types(order, {"seconds": (int, float)})
        seconds = order.get("seconds", 0)
        if not 0 < seconds <= _LONGEST_MOVE_S:
            raise BadInput("seconds has to be more than 0, and 400 days at most")
        self._clock.move_on(seconds)
        return Response.json(200, {"now": self._world.now(), "ahead": self._clock.ahead})

    async def _mention(self, request: Request) -> Response:
        order = read_mention(_values(request), self._world)
        file = await self._file(request, order.author, order.kind)
        story = self._world.add_story(order.author, file, mentions=[order.to])
        item = self._world.mention(story, order.to, shape=order.shape, box=order.box)
        shown = story_json(story, self._world.now())
        return Response.json(201, {"story": shown, "item_id": item.id})

    async def _add_media(self, request: Request) -> Response:
        order = read_post(_values(request), self._world)
        file = await self._file(request, order.author, order.kind)
        post = self._world.add_post(
            order.author, file, product=order.product, caption=order.caption
        )
        return Response.json(201, {"post": post_json(post)})

    async def _file(self, request: Request, author: Person, kind: Kind) -> Path:
        """The file that came with the request, or a sample of that kind."""
        suffix = _SUFFIXES.get(_content_kind(request))
        if suffix is not None:
            file = self._world.new_upload_path(suffix)
            await trio.to_thread.run_sync(request.body.save, file)
            return file
        self._made.mkdir(exist_ok=True)
        number = len(self._world.library.shots) + 1
        make = make_sample_video if kind == "video" else make_sample_photo
        file = self._made / f"{author.username}-{number}{'.mp4' if kind == 'video' else '.jpg'}"
        await trio.to_thread.run_sync(partial(make, file, number))
        return file


def _content_kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition("/")[0]


def _values(request: Request) -> Mapping[str, object]:
    """What is ordered: from the query beside a file, from the body otherwise."""
    return request.query if _content_kind(request) in _SUFFIXES else object_in(request)


def make_sample_photo(path: Path, number: int) -> None:
    """Write a photo as large as a story, another one for each number."""
    photo_of(picture(number), path, *_PHOTO_SIZE)


def make_sample_video(path: Path, number: int) -> None:
    """Write a short video with sound in a story's shape."""
    video_of(picture(number), path, *_VIDEO_SIZE)
