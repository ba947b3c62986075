"""From ASGI to Quart and back: one request and its answer."""

from __future__ import annotations

from typing import Any

import trio
from quart.wrappers import Request
from quart_trio.asgi import TrioASGIHTTPConnection

from serving.body import BoundedBody


class QuartConnection(TrioASGIHTTPConnection):
    """From ASGI to Quart and back, for requests with a body and, for less, for those without.

    A large body waits for its reader instead of filling the memory, and is dropped once the
    answer is known without it.
    """

    _has_ended = False

    async def __call__(self, receive: Any, send: Any) -> None:
        request = self._create_request_from_scope(send)
        if not request.content_length and "Transfer-Encoding" not in request.headers:
            request.body.set_complete()
            if request.path in getattr(self.app, "streams", ()):
                await self._stream(request, receive, send)
            else:  # nobody listens for its end, which comes soon
                await self._answer(request, send)
            return

        async def send_whole(message: Any) -> None:
            if isinstance(request.body, BoundedBody):
                request.body.discard()
                if message["type"] == "http.response.body" and not message.get("more_body", False):
                    await request.body.drained()
                    # What follows the end is that the connection is closed, or its next request:
                    # to be told so by Hypercorn is no client leaving.
                    self._has_ended = True
            await send(message)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.handle_messages, nursery, request, receive)
            await self._answer(request, send_whole)
            nursery.cancel_scope.cancel()

    async def handle_messages(  # type: ignore[override]
        self, nursery: trio.Nursery, request: Request, receive: Any
    ) -> None:
        """Take the body in, and give the answer up when the client leaves."""
        while (message := await receive())["type"] == "http.request":
            request.body.append(message.get("body", b""))
            if not message.get("more_body", False):
                request.body.set_complete()
            elif isinstance(request.body, BoundedBody):
                await request.body.room()
        if not self._has_ended:
            nursery.cancel_scope.cancel()

    async def _stream(self, request: Request, receive: Any, send: Any) -> None:
        async def send_to_its_end(message: Any) -> None:
            # As above: what is heard after the end is no client leaving.
            self._has_ended = message["type"] == "http.response.body" and not message.get(
                "more_body", False
            )
            await send(message)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.handle_messages, nursery, request, receive)
            await self._answer(request, send_to_its_end)
            nursery.cancel_scope.cancel()

    async def _answer(self, request: Request, send: Any) -> None:
        # Without Quart's time limit for a whole answer: the connection has one for a pause.
        await self._send_response(send, await self.app.handle_request(request))
