"""The stream that tells a browser that something has changed; what, the pages ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack

import trio
from quart import Request, Response, request

from ground.refusal import Refusal
from operations.feed import Reader
from web.visit import Door, Visit

PATH = "/live"
HEARTBEAT_S = 15.0
# What comes together is told together.
_GATHER_S = 0.2


def stream(door: Door, visit: Visit) -> Response:
    """Return a stream of server-sent events that ends with the daemon, or with the session."""
    with ExitStack() as stack:
        reader = stack.enter_context(visit.house.feed.reader(visit.actor, None))
        if request.method == "HEAD":
            return Response(b"", content_type="text/event-stream")
        asked = request._get_current_object()  # type: ignore[attr-defined]
        response = Response(_changes(door, visit, asked, reader, stack.pop_all()))
    response.content_type = "text/event-stream"
    response.headers["X-Accel-Buffering"] = "no"
    response.timeout = None
    return response


async def _changes(
    door: Door, visit: Visit, asked: Request, reader: Reader, stack: ExitStack
) -> AsyncIterator[bytes]:
    feed = visit.house.feed
    with stack:
        yield f"retry: 2000\nevent: here\ndata: {feed.told}\n\n".encode()
        while True:
            with trio.move_on_after(HEARTBEAT_S) as quiet:
                await reader.woken()
            if feed.has_ended:
                return
            if quiet.cancelled_caught:
                yield b": still here\n\n"
            else:
                await trio.sleep(_GATHER_S)
                yield f"event: changed\ndata: {feed.told}\n\n".encode()
            try:
                await door.caller(asked)
            except Refusal:
                yield b"event: ended\ndata: 1\n\n"
                return
