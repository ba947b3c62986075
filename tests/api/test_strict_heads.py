"""Heads that two parsers could read in two ways are refused, and their connection closed."""

from __future__ import annotations

import h11
import pytest

from api import guards
from api.request_head import StrictConnection
from tests.support.tiny_server import Server

OURS = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"2\r\nhi\r\n0\r\n\r\n"

REFUSED = {
    "no host": GET + b"\r\n",
    "two hosts": GET + OURS + b"Host: evil.example\r\n\r\n",
    "two equal hosts": GET + OURS + OURS + b"\r\n",
    **{
        f"host {host!r}": GET + b"Host: " + host + b"\r\n\r\n"
        for host in (
            b"localhost/evil.com", b"localhost:3001@evil", b"user@localhost", b"user:pw@localhost",
            b"localhost evil", b"localhost, evil.example", b"localhost?", b"localhost#x",
            b"localhost\\evil", b"localhost:3001:1", b"localhost:abc", b"localhost:-1",
            b"localhost:999999", b"[::1", b"::1", b"[localhost]", b"[::1%25lo]",
            b"l\xc3\xb6calhost", b'"localhost"', b"<localhost>", b"http://localhost",
            b"local\x01host",
        )
    },
    **{
        f"length {length!r}": POST + b"Content-Length: " + length + b"\r\n\r\nhello"
        for length in (
            b"+5", b"-5", b"0x5", b"5.0", b"5e0", b"5_0", b"", b"five", b"5, 5", b"5,6", b"5 5",
            b"\xd9\xa5", b"9" * 30, b"5;x", b"'5'",
        )
    },
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "two equal lengths": POST + b"Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello",
    "length and coding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "coding and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKS,
    "coding of the old kind": (
        b"POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS
    ),
    **{
        f"coding {coding!r}": POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + CHUNKS
        for coding in (b"gzip", b"gzip, chunked", b"chunked, chunked", b"xchunked", b"\x0bchunked",
                       b"identity", b"chunked;q=1", b"")
    },
    "two codings": POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n" + CHUNKS,
    **{
        f"chunk {size!r}": CHUNKED + size + b"\r\nhi\r\n0\r\n\r\n"
        for size in (b"+2", b"0x2", b"-2", b"", b" 2", b"2\n", b"f" * 40, b"2 ;\n")
    },
    "a chunk that is longer": CHUNKED + b"2\r\nhiXX0\r\n\r\n",
    **{
        f"trailers {trailers!r}": CHUNKED + b"2\r\nhi\r\n0\r\n" + trailers + b"\r\n"
        for trailers in (b"X: y\n", b"X: y\nZ: a\r\n", b"X: y\r\n folded\r\n", b"X: a\0b\r\n",
                         b"X: a\x1bb\r\n", b"X: a\rb\r\n", b"X : y\r\n", b": y\r\n",
                         b"X: y\n\nGET / HTTP/1.1\r\nHost: localhost\r\n")
    },
    "folded": GET + OURS + b"X: a\r\n b\r\n\r\n",
    "folded host": GET + b"Host: localhost\r\n .evil.example\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "one bare LF": GET + b"Host: localhost\nX: y\r\n\r\n",
    "end of bare LF": GET + b"Host: localhost\r\n\n",
    "bare CR": GET + b"Host: localhost\rX: y\r\n\r\n",
    "CR in a value": GET + OURS + b"X: a\rb\r\n\r\n",
    **{f"control {bytes([code])!r}": GET + OURS + b"X: a" + bytes([code]) + b"b\r\n\r\n"
       for code in (0, 1, 7, 8, 11, 12, 27, 31, 127)},
    "space before the colon": GET + b"Host : localhost\r\n\r\n",
    "no name": GET + OURS + b": x\r\n\r\n",
    "no colon": GET + OURS + b"X\r\n\r\n",
    "name with a space": GET + OURS + b"X Y: z\r\n\r\n",
    "name with a letter of another script": GET + OURS + "X-ü: z\r\n\r\n".encode(),
    "leading space": b" GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tab for a space": b"GET\t/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another script in the target": "GET /ü HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
    "no target": b"GET HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "authority": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "no slash": b"GET health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "query only": b"GET ?a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another scheme": b"GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "user in the target": b"GET http://user@localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no site in the target": b"GET http:/// HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "version 2.0": b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
    "version 1.2": b"GET / HTTP/1.2\r\nHost: localhost\r\n\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\nHost: localhost\r\n\r\n",
    "version of letters": b"GET / HTTP/x.y\r\nHost: localhost\r\n\r\n",
    "version in small letters": b"GET / http/1.1\r\nHost: localhost\r\n\r\n",
    "method with brackets": b"G(E)T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
}  # fmt: skip

TAKEN = {
    "plain": GET + OURS + b"\r\n",
    "host with a port": GET + b"Host: localhost:3001\r\n\r\n",
    "host by number": GET + b"Host: [::1]:3001\r\n\r\n",
    "host with an empty port": GET + b"Host: localhost:\r\n\r\n",
    "empty host": GET + b"Host:\r\n\r\n",
    "tabs around a value": GET + b"Host:\tlocalhost\t\r\nX:\ta\tb\t\r\n\r\n",
    "empty value": GET + OURS + b"X:\r\n\r\n",
    "Latin-1 in a value": GET + OURS + b"X: \xfc\xff\r\n\r\n",
    "site in the target": b"GET http://localhost:3001/ HTTP/1.1\r\nHost: localhost:3001\r\n\r\n",
    "site in the target, no path": b"GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "leading zeros": POST + b"Content-Length: 0002\r\n\r\nhi",
    "chunks": POST + b"Transfer-Encoding: Chunked\r\n\r\n" + CHUNKS,
    "chunk with an extension": CHUNKED + b"2;a=b\r\nhi\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"2\r\nhi\r\n0\r\nX: y\r\n\r\n",
    "upgrade to websocket": GET + OURS + (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ),
    "upgrade to h2c": GET + OURS + (
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n"
    ),
    "upgrade to anything": GET + OURS + (
        b"Connection: keep-alive, Upgrade\r\nUpgrade: x/1, y\r\n\r\n"
    ),
}  # fmt: skip
CLOSE = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def test_what_a_strict_parser_refuses_is_refused(server: Server) -> None:
    for name, sent in REFUSED.items():
        said = await server.talk(sent + CLOSE)
        assert said.split(b" ", 2)[1] in (b"400", b"501", b"505"), (name, said[:200])
        # What came after it was not taken for a request.
        assert said.count(b"HTTP/1.1 ") == 1, (name, said)
        assert b"connection: close" in said.lower(), name
        assert guards.LINES in said, name
    assert await server.is_alive()


async def test_what_is_right_is_taken_and_the_connection_stays(server: Server) -> None:
    for name, sent in TAKEN.items():
        said = await server.talk(sent + CLOSE)
        assert said.startswith(b"HTTP/1.1 200"), (name, said[:200])
        assert said.count(b"HTTP/1.1 200") == 2, (name, said)
        assert said.endswith(b"hello"), name


@pytest.mark.parametrize("name", TAKEN)
def test_a_head_is_the_same_however_it_is_cut(name: str) -> None:
    """It may come in any pieces, with what follows in the same one."""
    whole = _events([TAKEN[name]])
    assert any(isinstance(event, h11.Request) for event in whole)
    assert _events([bytes([each]) for each in TAKEN[name]]) == whole
    for name in ("folded", "bare LF", "one bare LF", "two equal lengths", "length and coding"):
        with pytest.raises(h11.RemoteProtocolError):
            _events([bytes([each]) for each in REFUSED[name]])


def _events(parts: list[bytes]) -> list[object]:
    """Return a request and the bytes of its body, joined."""
    connection, found, body = StrictConnection(h11.SERVER), [], b""
    for part in parts:
        connection.receive_data(part)
        while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                found.append(event)
    return [*found, body]
