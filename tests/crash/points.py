"""The boundaries of a delivery: where a daemon is killed, for every kind of post on every route."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import trio

from sandbox.wire.faults import Fault
from sandbox.wire.message import Ending, Exchange, Response

Effect = Literal["before", "after"]
KINDS = ("IMAGE", "REELS", "STORY_PHOTO", "STORY_VIDEO", "CAROUSEL")
_CONTAINER_IDS = "/17889"
_MEDIA_IDS = "/1790"

# The requests of a delivery by name. None is the fetch of the media by Meta, over the tunnel.
_REQUESTS: dict[str, dict[str, Any] | None] = {
    "quota": {"path_end": "/content_publishing_limit"},
    "container": {"method": "POST", "path_end": "/media"},
    "fetch": None,
    "offset": {"method": "GET", "host": "rupload.facebook.com"},
    "upload": {"method": "POST", "path": "upload"},  # ig-api-upload, rupload_igphoto, …
    "poll": {"method": "GET", "path": _CONTAINER_IDS},
    "publish": {"path_end": "/media_publish"},
    "newest": {"method": "GET", "path_end": "/media"},
    "newest stories": {"method": "GET", "path_end": "/stories"},
    "permalink": {"method": "GET", "path": _MEDIA_IDS},
    "page": {"path_end": "/me/accounts"},
    "page photo": {"method": "POST", "path_end": "/photos"},
    "page video": {"method": "POST", "path_end": "/videos"},
    "link": {"path_end": "/validate_reel_url/"},
    "person": {"path_end": "/usernameinfo/"},
    "video offset": {"method": "GET", "path": "rupload_igvideo"},
    "own feed": {"method": "GET", "path": "/feed/user/"},
    "configure": {"method": "POST", "path": "/media/configure"},
}


@dataclass(frozen=True, slots=True)
class Point:
    """The n-th request of a name, and whether its effect is to happen before the kill."""

    request: str
    effect: Effect = "before"
    number: int = 1

    def __str__(self) -> str:
        return f"{self.request}{f' {self.number}' if self.number > 1 else ''} {self.effect}"

    @property
    def is_fetch(self) -> bool:
        return _REQUESTS[self.request] is None

    def fault(self, held: Held, username: str) -> Fault:
        matching = _REQUESTS[self.request]
        assert matching is not None
        return Fault(**matching, account=username, skip=self.number - 1, kind=held)


@dataclass(frozen=True)
class Held:
    """A fault that never answers, and says when it has got a request."""

    effect: Effect
    reached: trio.Event = field(default_factory=trio.Event)

    async def answer(self, exchange: Exchange) -> Response:
        if self.effect == "after":
            await exchange.perform()
        self.reached.set()
        return Response(ending=Ending.HANG)


@dataclass(frozen=True, slots=True)
class Case:
    """A post, and the points at which its deliveries are killed, one after the other."""

    route: str
    kind: str
    points: tuple[Point, ...]

    @property
    def crosses(self) -> bool:
        """Whether a copy goes to the Facebook Page."""
        return self.route == "facebook" and self.kind in ("IMAGE", "REELS")

    @property
    def label(self) -> str:
        return ", then ".join(map(str, self.points))


def cases(route: str) -> Iterator[Case]:
    """Every boundary of every kind of post on a route, and the questions after a crash too."""
    for kind in KINDS:
        points = list(_private(kind) if route == "private" else _graph(route, kind))
        yield from (Case(route, kind, (point,)) for point in points)
        for asked in _questions(route, kind):
            answer_lost = Point("configure" if route == "private" else "publish", "after")
            yield Case(route, kind, (answer_lost, asked))


def _both(request: str, *, count: int = 1) -> Iterator[Point]:
    for number in range(1, count + 1):
        yield Point(request, "before", number)
        yield Point(request, "after", number)


def _graph(route: str, kind: str) -> Iterator[Point]:
    files = 3 if kind == "CAROUSEL" else 1
    has_video = kind in ("REELS", "STORY_VIDEO", "CAROUSEL")
    sent = 1 if has_video and route == "facebook" else 0
    yield Point("quota")
    yield from _both("container", count=files + (files > 1))
    yield from _both("fetch", count=files - sent)
    if sent:
        yield Point("offset")
        yield from _both("upload")
    yield from (Point("poll", number=number + 1) for number in range(files + (files > 1)))
    yield from _both("publish")
    yield Point("permalink")
    if Case(route, kind, ()).crosses:
        yield Point("page")
        yield from _both("page photo" if kind == "IMAGE" else "page video")


def _private(kind: str) -> Iterator[Point]:
    if kind in ("IMAGE", "STORY_PHOTO"):
        yield Point("person")
    if kind.startswith("STORY"):
        yield Point("link")
    if kind in ("REELS", "STORY_VIDEO", "CAROUSEL"):
        yield Point("video offset")
    # A Reel's and an album video's cover is an upload of its own.
    yield from _both("upload", count={"REELS": 2, "CAROUSEL": 4}.get(kind, 1))
    yield Point("own feed")
    yield from _both("configure")


def _questions(route: str, kind: str) -> Iterator[Point]:
    """What is asked after the answer to publishing was lost; a crash may meet that too."""
    if route == "private":
        # The first look was before publishing.
        yield Point("own feed")
        return
    yield Point("poll")
    yield Point("newest stories" if kind.startswith("STORY") else "newest")
