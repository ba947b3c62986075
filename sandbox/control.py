"""The sandbox's own HTTP interface, for people who run it alone: look inside, and cause things."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import trio

from sandbox import cdn
from sandbox.control_input import BadInput, read_fault, read_mention
from sandbox.faults import FaultHandle, Faults
from sandbox.form import json_object
from sandbox.ledger import Entry, Ledger, Published
from sandbox.message import JsonObject, Request, Response
from sandbox.person import Person
from sandbox.probe import BadMedia
from sandbox.sample_media import make_photo, make_video
from sandbox.story import Story
from sandbox.world import World

_ABOUT = {
    "what": "A simulated Instagram. Use this address as an HTTP proxy and trust its CA file.",
    "GET /ledger": "every request; ?since=N leaves out the first N",
    "GET /posts": "every story that went live",
    "GET /world": "people, stories and chats",
    "GET /faults": "the faults in force",
    "POST /faults": '{"path": "direct_v2/inbox", "kind": "status", "code": 500, "times": 1}',
    "DELETE /faults": "take all faults back",
    "POST /mentions": '{"from": "anna", "to": "studio", "kind": "photo"}, or a photo or video as '
    "the body with ?from=anna&to=studio",
}
_PHOTO_SIZE = (1080, 1920)
_VIDEO_SIZE = (720, 1280)
_VIDEO_SECONDS, _VIDEO_FPS = 4, 30
_SUFFIXES = {"image": ".jpg", "video": ".mp4"}


class Control:
    """Answers requests that are made to the sandbox itself."""

    def __init__(self, world: World, ledger: Ledger, faults: Faults, directory: Path) -> None:
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
            ("POST", "/mentions"): self._mention,
        }

    async def answer(self, request: Request) -> Response:
        """Answer one request; wrong input gets a 4xx that says what is wrong."""
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
        entries = self._ledger.requests[int(text) :]
        shown = [_entry_json(entry, self._ledger) for entry in entries]
        return Response.json(200, {"requests": shown, "mark": self._ledger.mark()})

    async def _show_posts(self, request: Request) -> Response:
        return Response.json(200, {"posts": [_post_json(post) for post in self._ledger.published]})

    async def _show_world(self, request: Request) -> Response:
        world = self._world
        chats = [
            {"viewer": chat.viewer.username, "other": chat.other.username, "box": chat.box}
            | {"thread_id": chat.id, "messages": len(chat.items)}
            for chat in world.threads
        ]
        return Response.json(
            200,
            {
                "people": [_person_json(person, world) for person in world.people],
                "stories": [_story_json(story, world.now()) for story in world.stories.values()],
                "chats": chats,
            },
        )

    async def _show_faults(self, request: Request) -> Response:
        shown = [_fault_json(handle) for handle in self._faults.active]
        return Response.json(200, {"faults": shown})

    async def _add_fault(self, request: Request) -> Response:
        handle = self._faults.add(read_fault(_object_in(request), self._world))
        return Response.json(201, _fault_json(handle))

    async def _clear_faults(self, request: Request) -> Response:
        cleared = len(self._faults.active)
        self._faults.clear()
        return Response.json(200, {"cleared": cleared})

    async def _mention(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition("/")[0]
        is_upload = kind in _SUFFIXES
        values = request.query if is_upload else _object_in(request)
        order = read_mention(values, self._world)
        self._made.mkdir(exist_ok=True)
        number = len(self._world.stories) + 1
        if is_upload:
            file = self._world.new_upload_path(_SUFFIXES[kind])
            await trio.to_thread.run_sync(request.body.save, file)
        else:
            make = make_sample_video if order.kind == "video" else make_sample_photo
            suffix = ".mp4" if order.kind == "video" else ".jpg"
            file = self._made / f"{order.author.username}-{number}{suffix}"
            await trio.to_thread.run_sync(partial(make, file, number, order.author.username))
        story = self._world.add_story(order.author, file, mentions=[order.to])
        item = self._world.mention(story, order.to, shape=order.shape, box=order.box)
        shown = _story_json(story, self._world.now())
        return Response.json(201, {"story": shown, "item_id": item.id})


def make_sample_photo(path: Path, seed: int, label: str) -> None:
    """Write a photo as large as a story."""
    make_photo(path, *_PHOTO_SIZE, seed, f"@{label}")


def make_sample_video(path: Path, seed: int, label: str) -> None:
    """Write a short video with sound in a story's shape."""
    make_video(path, *_VIDEO_SIZE, _VIDEO_SECONDS, _VIDEO_FPS, seed)


def _object_in(request: Request) -> JsonObject:
    found = json_object(request.body.read().decode(errors="replace"))
    if found is None:
        raise BadInput("the body has to be a JSON object")
    return found


def _entry_json(entry: Entry, ledger: Ledger) -> JsonObject:
    return {**asdict(entry), "known": entry not in ledger.unknown}


def _post_json(post: Published) -> JsonObject:
    return {**asdict(post), "file": str(post.file)}


def _person_json(person: Person, world: World) -> JsonObject:
    followers, following = world.count_follows(person)
    return {
        "username": person.username,
        "pk": person.pk,
        "full_name": person.full_name,
        "private": person.private,
        "can_log_in": person.password is not None,
        "login": person.login.value,
        "followers": followers,
        "following": following,
    }


def _story_json(story: Story, now: float) -> JsonObject:
    return {
        "pk": story.pk,
        "owner": story.owner.username,
        "kind": story.kind,
        "url": cdn.video_url(story) if story.kind == "video" else cdn.photo_url(story),
        "mentions": [person.username for person in story.mentions],
        "taken_at": story.taken_at,
        "expiring_at": story.expiring_at,
        "deleted": story.deleted,
        "visible": not story.is_gone(now),
    }


def _fault_json(handle: FaultHandle) -> JsonObject:
    fault = handle.fault
    return {
        "kind": fault.name,
        "path": fault.path,
        "host": fault.host,
        "method": fault.method,
        "account": fault.account,
        "times": fault.times,
        "skip": fault.skip,
        "hits": handle.hits,
    }
