"""HTTP/1.1 on one connection: `connection` uses it before a tunnel is open, and inside tunnels."""

from __future__ import annotations

import h11
import trio

from sandbox.wire.message import Answer, Ending, Line, Request, Response
from sandbox.wire.request_body import CHUNK, RequestBody


class Http1:
    """One HTTP/1.1 connection seen from the server."""

    def __init__(self, stream: trio.abc.Stream, line: Line) -> None:
        self._stream = stream
        self._line = line
        self._conn = h11.Connection(h11.SERVER)
        self._method = b""

    async def serve(self, answer: Answer) -> None:
        """Answer one request after the other until the connection has to end."""
        while (request := await self._arrived()) is not None:
            with request.body:
                response = await answer(request)
            if request.is_cut:
                return
            await self.send(response)
            if not self.is_reusable():
                return

    async def receive(self) -> Request | None:
        """The next request with its whole body, or None when there is no further one.

        What is not HTTP is answered with 400 and counts as the end.
        """
        request = await self._arrived()
        if request is not None and request.is_cut:
            request.body.close()
            return None
        return request

    async def _arrived(self) -> Request | None:
        """The next request as far as it came; the body of one that is cut is not complete."""
        try:
            event = await self._next_event()
        except h11.RemoteProtocolError as error:
            await self._refuse(error)
            return None
        if not isinstance(event, h11.Request):
            return None
        self._method = event.method
        body = RequestBody(self._line.spool)
        is_cut = False
        try:
            await self._receive_body(body)
        except trio.BrokenResourceError:
            is_cut = True
        except h11.RemoteProtocolError as error:
            is_cut = self._conn.trailing_data[1]
            if not is_cut:
                body.close()
                await self._refuse(error)
                return None
        except BaseException:
            body.close()
            raise
        return self._request(event, body, is_cut=is_cut)

    def _request(self, event: h11.Request, body: RequestBody, *, is_cut: bool) -> Request:
        headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
        return Request.build(
            host=headers.get("host", ""),
            method=event.method.decode(),
            target=event.target.decode("latin-1"),
            headers=headers,
            body=body,
            http=event.http_version.decode(),
            connection=self._line.connection,
            is_cut=is_cut,
        )

    async def _next_event(self) -> object:
        while True:
            event = self._conn.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._conn.receive_data(bytes(await self._stream.receive_some(CHUNK)))

    async def _receive_body(self, body: RequestBody) -> None:
        if self._conn.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
            await self._stream.send_all(self._encode(go_on))
        while isinstance(event := await self._next_event(), h11.Data):
            body.write(event.data)

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        if self._conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        status = error.error_status_hint or 400
        head = h11.Response(
            status_code=status, headers=[("content-length", "0"), ("connection", "close")]
        )
        await self._stream.send_all(self._encode(head))

    async def send(self, response: Response) -> None:
        """Send an answer, or fail to, the way it asks for."""
        if response.ending is Ending.HANG:
            await self._until_peer_leaves()
        elif response.ending is not Ending.COMPLETE:
            self._line.hang_up(response.ending)
        else:
            await self._send_message(response)

    async def _send_message(self, response: Response) -> None:
        # The head travels with the first piece: one segment for a small answer.
        head = h11.Response(status_code=response.status, headers=response.fields())
        waiting = self._encode(head)
        if self._method != b"HEAD":
            for piece, pause in response.pieces():
                if pause:
                    await self._stream.send_all(waiting)
                    waiting = b""
                    await trio.sleep(pause)
                await self._stream.send_all(waiting + self._encode(h11.Data(data=piece)))
                waiting = b""
        if not response.is_cut:
            waiting += self._encode(h11.EndOfMessage())
        await self._stream.send_all(waiting)

    def _encode(self, event: h11.Event) -> bytes:
        return self._conn.send(event) or b""

    async def open_tunnel(self) -> bool:
        """Accept a CONNECT. False when the peer spoke before it was accepted, which nobody does."""
        accepted = h11.Response(status_code=200, headers=[], reason=b"Connection established")
        head = self._encode(accepted)
        if self._conn.trailing_data[0]:
            return False
        await self._stream.send_all(head)
        return True

    def is_reusable(self) -> bool:
        """Whether another request may follow; makes the connection ready for it."""
        if self._conn.our_state is h11.DONE and self._conn.their_state is h11.DONE:
            self._conn.start_next_cycle()
            return True
        return False

    async def _until_peer_leaves(self) -> None:
        while await self._stream.receive_some(CHUNK):
            pass
