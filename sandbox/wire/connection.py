"""One TCP connection to the sandbox: a tunnel to a host it plays, or plain control requests."""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import trio

from sandbox.routes import is_known_host
from sandbox.wire.certificates import Certificates
from sandbox.wire.http1 import Http1
from sandbox.wire.http2 import PEER_GONE, Http2
from sandbox.wire.message import Answer, Ending, Line, Request, Response

logger = logging.getLogger(__name__)

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_HTTPS = "443"


@dataclass(slots=True)
class Proxy:
    """What stands behind the port: `control` answers for the sandbox, `service` for Instagram."""

    certificates: Certificates
    service: Answer
    control: Answer
    refuse: Callable[[Request, str], None]  # records a tunnel that was asked for in vain
    spool: Path
    is_down: bool = False
    _open: set[trio.SocketStream] = field(default_factory=set)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    async def serve(self, stream: trio.SocketStream) -> None:
        """Serve one connection until either side ends it.

        A lost peer is no error, and even a bug costs one connection only.
        """
        self._open.add(stream)
        line = Line(next(self._numbers), self.spool, partial(hang_up, stream))
        try:
            await self._serve(stream, line)
        except* PEER_GONE as lost:
            logger.debug("connection lost number=%d reason=%r", line.connection, lost.exceptions)
        except* Exception:
            logger.exception("connection failed number=%d", line.connection)
        finally:
            self._open.discard(stream)
            hang_up(stream, Ending.CLOSE)

    def reset_all(self) -> None:
        """Cut every connection there is."""
        for stream in self._open.copy():
            hang_up(stream, Ending.RESET)

    async def _serve(self, stream: trio.SocketStream, line: Line) -> None:
        http = Http1(stream, line)
        first = await http.receive()
        if first is None:
            return
        with first.body:
            if first.method == "CONNECT":
                await self._open_tunnel(stream, line, http, first)
                return
            await http.send(await self.control(first))
        if http.is_reusable():
            await http.serve(self.control)

    async def _open_tunnel(
        self, stream: trio.SocketStream, line: Line, http: Http1, asked: Request
    ) -> None:
        host, _, port = asked.path.lower().rpartition(":")  # that is what CONNECT asks for
        if self.is_down:
            await http.send(Response.json(502, {"error": "the proxy is down"}))
        elif port != _HTTPS or not is_known_host(host):
            self.refuse(asked, host)
            await http.send(Response.json(403, {"error": f"the sandbox does not play {host}"}))
        elif await http.open_tunnel():
            await self._serve_tls(stream, line, host)

    async def _serve_tls(self, stream: trio.SocketStream, line: Line, host: str) -> None:
        context = self.certificates.context_for(host)
        # Like most of the web: peers close without a word, and nobody minds.
        tls = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
        await tls.do_handshake()
        if tls.selected_alpn_protocol() == "h2":
            await Http2(tls, line).serve(self.service)
        else:
            await Http1(tls, line).serve(self.service)


def hang_up(stream: trio.SocketStream, ending: Ending) -> None:
    """Close a connection at once, with a TCP reset if that is how it has to end."""
    if ending is Ending.RESET and stream.socket.fileno() >= 0:
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    stream.socket.close()
