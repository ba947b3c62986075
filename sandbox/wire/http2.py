"""HTTP/2 on one connection: concurrent requests, flow control, and no fuss about a lost peer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
import trio

from sandbox.wire.message import Answer, Ending, Line, Request, Response
from sandbox.wire.request_body import CHUNK, RequestBody

_STREAM_WINDOW = 4 * 1024 * 1024
_CONNECTION_WINDOW = 16 * 1024 * 1024
_CONCURRENT_STREAMS = 100

# What talking to a peer that has left, or that breaks the protocol, raises.
PEER_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, h2.exceptions.ProtocolError)


@dataclass(slots=True)
class _Arriving:
    """A request whose body is still on its way."""

    headers: dict[str, str]
    body: RequestBody


class Http2:
    """One HTTP/2 connection seen from the server."""

    def __init__(self, stream: trio.abc.Stream, line: Line) -> None:
        self._stream = stream
        self._line = line
        self._conn = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
        )
        # Set before the connection begins: in a later frame they would race with an upload.
        self._conn.local_settings = h2.settings.Settings(
            client=False,
            initial_values={
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW,
                h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: _CONCURRENT_STREAMS,
            },
        )
        self._arriving: dict[int, _Arriving] = {}
        self._send_lock = trio.Lock()
        self._window = trio.lowlevel.ParkingLot()
        self._peer_gone = False

    async def serve(self, answer: Answer) -> None:
        """Answer requests until the peer leaves or the connection has to end.

        Those whose body broke off go to `answer` as well, which is told so.

        Work that has begun is finished even when nobody waits for it any more, as a real
        service would; only its answer is dropped.
        """
        try:
            async with trio.open_nursery() as nursery:
                await self._read(nursery, answer)
                for arriving in self._arriving.values():
                    nursery.start_soon(self._take_cut, arriving, answer)
                self._arriving.clear()
        finally:
            for arriving in self._arriving.values():
                arriving.body.close()

    async def _read(self, nursery: trio.Nursery, answer: Answer) -> None:
        try:
            await self._greet()
            while data := await self._stream.receive_some(CHUNK):
                for event in self._conn.receive_data(data):
                    self._handle(event, nursery, answer)
                await self._flush()
        except h2.exceptions.ProtocolError:
            with trio.move_on_after(1), suppress(*PEER_GONE):
                await self._flush()  # tells the peer what it did wrong
        except PEER_GONE:
            pass
        finally:
            self._peer_gone = True
            self._window.unpark_all()

    async def _greet(self) -> None:
        self._conn.initiate_connection()
        self._conn.increment_flow_control_window(_CONNECTION_WINDOW)
        await self._flush()

    def _handle(self, event: h2.events.Event, nursery: trio.Nursery, answer: Answer) -> None:
        match event:
            case h2.events.RequestReceived(stream_id=number, headers=headers):
                fields = _join(headers)
                self._arriving[number] = _Arriving(fields, RequestBody(self._line.spool))
            case h2.events.DataReceived(stream_id=number, data=data):
                if arriving := self._arriving.get(number):
                    arriving.body.write(data)
                # The body goes to memory or disk at once, so the peer may send as much again.
                self._conn.acknowledge_received_data(event.flow_controlled_length, number)
            case h2.events.StreamEnded(stream_id=number):
                if arriving := self._arriving.pop(number, None):
                    nursery.start_soon(self._respond, number, arriving, answer)
            case h2.events.StreamReset(stream_id=number):
                if arriving := self._arriving.pop(number, None):
                    nursery.start_soon(self._take_cut, arriving, answer)
                self._window.unpark_all()
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                self._window.unpark_all()

    async def _respond(self, number: int, arriving: _Arriving, answer: Answer) -> None:
        with arriving.body:
            response = await answer(self._request(arriving))
        if response.ending is Ending.COMPLETE:
            try:
                await self._send(number, response, is_head=arriving.headers[":method"] == "HEAD")
            except PEER_GONE:
                return
            if response.is_cut:
                self._line.hang_up(Ending.CLOSE)
        elif response.ending is not Ending.HANG:
            self._line.hang_up(response.ending)

    async def _take_cut(self, arriving: _Arriving, answer: Answer) -> None:
        with arriving.body:
            await answer(self._request(arriving, is_cut=True))

    def _request(self, arriving: _Arriving, *, is_cut: bool = False) -> Request:
        headers = arriving.headers
        return Request.build(
            host=headers.get(":authority", headers.get("host", "")),
            method=headers[":method"],
            target=headers[":path"],
            headers={name: value for name, value in headers.items() if not name.startswith(":")},
            body=arriving.body,
            http="2",
            connection=self._line.connection,
            is_cut=is_cut,
        )

    async def _send(self, number: int, response: Response, *, is_head: bool) -> None:
        self._conn.send_headers(number, [(":status", str(response.status)), *response.fields()])
        if not is_head:
            for piece, pause in response.pieces():
                if pause:
                    await self._flush()
                    await trio.sleep(pause)
                await self._send_data(number, piece)
        if not response.is_cut:
            self._conn.end_stream(number)
        await self._flush()

    async def _send_data(self, number: int, data: bytes) -> None:
        while data:
            if self._peer_gone:
                raise trio.BrokenResourceError
            if (allowed := self._allowance(number)) > 0:
                self._conn.send_data(number, data[:allowed])
                data = data[allowed:]
            await self._flush()
            while data and self._allowance(number) <= 0 and not self._peer_gone:
                await self._window.park()

    def _allowance(self, number: int) -> int:
        """How much of a body may go out in one frame now."""
        window = self._conn.local_flow_control_window(number)
        return min(window, self._conn.max_outbound_frame_size)

    async def _flush(self) -> None:
        # Several tasks produce frames; the lock keeps one writer at a time on the stream.
        async with self._send_lock:
            if data := self._conn.data_to_send():
                await self._stream.send_all(data)


def _join(headers: object) -> dict[str, str]:
    """Header fields as a mapping; repeated ones are joined as their rules say."""
    joined: dict[str, str] = {}
    assert isinstance(headers, list)
    for name, value in headers:
        separator = "; " if name == "cookie" else ", "
        joined[name] = f"{joined[name]}{separator}{value}" if name in joined else value
    return joined
