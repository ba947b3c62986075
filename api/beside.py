"""Pages that are served beside the API on its address: what they are given, and what they give."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from quart import Request, Response
from quart_trio import QuartTrio

from api.auth import identify
from api.context import ApiContext
from api.contract import Auth
from api.errors import ApiError
from api.plain import Asked
from api.session_cookie import ended
from ground.refusal import Refusal
from operations.actor import Actor
from serving.answer import Answer
from storage import browser_sessions

# What these addresses answer is for programs, whoever asks.
_FOR_PROGRAMS = ("/api/", "/uploads/", "/m/", "/static/")


class Pages(Protocol):
    """The pages, as the composition hands them in."""

    streams: frozenset[str]

    def mount(self, app: QuartTrio, door: Door) -> None:
        """Add their routes."""
        ...

    def refused(self, code: str, message: str, status: int) -> Response:
        """Return the page that is shown instead of an envelope."""
        ...


class Door:
    """Who calls, for pages: the same keys, cookies and origins as the API's."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def caller(self, request: Request) -> Actor:
        """Return who calls; raises `Refusal`."""
        try:
            actor = await identify(request, self._context, Auth.ANY)
        except ApiError as refused:
            raise Refusal(refused.code, refused.message) from None
        assert actor is not None
        return actor

    async def sign_out(self, request: Request, actor: Actor) -> str:
        """End the browser's session; returns the header that takes its cookie away."""
        if actor.session_id is not None:
            now = self._context.house.clock.now()
            await self._context.store.write(browser_sessions.end, actor.session_id, now)
        return ended(self._context.cookies, request.cookies)


def wants_page(request: Request) -> bool:
    """Say whether a person looks at the answer: a browser asks, and not from within a page."""
    return (
        "text/html" in request.headers.get("Accept", "")
        and "HX-Request" not in request.headers
        and not request.path.startswith(_FOR_PROGRAMS)
    )


class Mounted(Protocol):
    """Another face that is served here, below `prefix`. It is told who asks, where it asks."""

    @property
    def prefix(self) -> str: ...
    def route(self, path: str) -> str:
        """Return what a path is counted as."""
        ...

    def is_plain(self, path: str) -> bool:
        """Say whether a GET there is answered with bytes at once."""
        ...

    async def answer(
        self,
        request: Asked,
        admit: Callable[[bool], Awaitable[Actor | None]],
        known_as: str,
    ) -> Answer: ...
