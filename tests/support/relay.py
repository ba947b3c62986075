"""A second proxy beside the sandbox's own, with a password: an account's own way out."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import trio

from sandbox import Sandbox
from tests.support.pipe import CHUNK, GONE, join

USER, WORD = "lodger", "proxy-s3cret"
_SOCKS5 = b"\x05"


@dataclass
class Relay:
    """Where it is, and the hosts to which tunnels were opened through it, in order."""

    sandbox_port: int
    port: int = 0
    hosts: list[str] = field(default_factory=list)
    refused: int = 0

    @property
    def url(self) -> str:
        return f"http://{USER}:{WORD}@127.0.0.1:{self.port}"

    async def serve(self, outer: trio.SocketStream) -> None:
        async with outer:
            with suppress(*GONE):
                first = await outer.receive_some(CHUNK)
                if first[:1] == _SOCKS5:
                    await self._open_socks(outer)
                    return
                while first and b"\r\n\r\n" not in first:
                    first += await outer.receive_some(CHUNK)
                await self._open(outer, first)

    async def _open(self, outer: trio.SocketStream, head: bytes) -> None:
        token = base64.b64encode(f"{USER}:{WORD}".encode())
        if b"basic " + token.lower() not in head.lower():
            self.refused += 1
            await outer.send_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        self.hosts.append(head.split(b" ")[1].decode().partition(":")[0])
        await self._join(outer, head)

    async def _open_socks(self, outer: trio.SocketStream) -> None:
        await outer.send_all(_SOCKS5 + b"\x02")  # name and password, RFC 1929
        if (
            await outer.receive_some(CHUNK)
            != b"\x01\x06" + USER.encode() + bytes([len(WORD)]) + WORD.encode()
        ):
            self.refused += 1
            return
        await outer.send_all(b"\x01\x00")
        asked = await outer.receive_some(CHUNK)
        assert asked[3] == 3, "the proxy resolves names, not the client"
        host = asked[5:-2].decode()
        self.hosts.append(host)
        await outer.send_all(_SOCKS5 + b"\x00\x00\x01" + bytes(6))
        head = f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n"
        await self._join(outer, head.encode(), hides_answer=True)

    async def _join(
        self, outer: trio.SocketStream, head: bytes, *, hides_answer: bool = False
    ) -> None:
        inner = await trio.open_tcp_stream("127.0.0.1", self.sandbox_port)
        if hides_answer:
            await inner.send_all(head)
            await inner.receive_some(CHUNK)
            head = b""
        await join(outer, inner, head)


@asynccontextmanager
async def open_relay(sandbox: Sandbox) -> AsyncIterator[Relay]:
    """Run a proxy that leads to the sandbox, for as long as the block is open."""
    relay = Relay(int(sandbox.proxy_url.rpartition(":")[2]))
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    relay.port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, relay.serve, [listener])
        yield relay
        nursery.cancel_scope.cancel()
