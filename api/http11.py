"""Hypercorn's HTTP/1.1, and nothing that it would change into."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import h11
import trio
from hypercorn.events import RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Request as StreamRequest
from hypercorn.protocol.events import Response, StreamClosed
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream

from api.guards import RAW
from api.request_head import StrictConnection

_CLOSE_S = 10.0


class Http11Only(H11Protocol):
    """HTTP/1.1, whatever a client would rather upgrade to; a head goes out with its body."""

    _head = b""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connection = StrictConnection(
            h11.SERVER, max_incomplete_event_size=self.config.h11_max_incomplete_size
        )

    @property
    def is_between(self) -> bool:
        """Whether nothing is under way: no request, no answer, no part of a head."""
        connection = self.connection
        return (
            connection.our_state is h11.IDLE
            and connection.their_state is h11.IDLE
            and not connection.trailing_data[0]
        )

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response) and self.context.terminated.is_set():
            headers = [*event.headers, (b"connection", b"close")]
            event = replace(event, headers=headers)
        await super().stream_send(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        """Look for no upgrade to cleartext HTTP/2."""

    async def _create_stream(self, request: h11.Request) -> None:
        """Begin a request, and look for no upgrade to WebSocket."""
        self.stream = HTTPStream(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await self.stream.handle(
            StreamRequest(
                stream_id=STREAM_ID,
                headers=list(request.headers),
                http_version=request.http_version.decode(),
                method=request.method.decode("ascii").upper(),
                raw_path=request.target,
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1

    async def _maybe_recycle(self) -> None:
        """Make ready for the next request, or close.

        An application that hears of the end may give up the very task that is doing this.
        """
        stream, self.stream = self.stream, None
        try:
            if stream is not None:
                await stream.handle(StreamClosed(stream_id=STREAM_ID))
        finally:
            with trio.move_on_after(_CLOSE_S, shield=True):
                await super()._maybe_recycle()

    async def _send_error_response(self, status_code: int) -> None:
        headers = [(b"content-length", b"0"), (b"connection", b"close"), *RAW]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        await self._send_h11_event(h11.EndOfMessage())

    async def _send_h11_event(self, event: Any) -> None:
        try:
            data = self._head + (self.connection.send(event) or b"")
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
            return
        self._head = data if isinstance(event, h11.Response) else b""
        if data and not self._head:
            await self.send(RawData(data=data))
