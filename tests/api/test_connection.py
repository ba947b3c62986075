"""HTTP/1.1 as clients may speak it, and what they get back. See `test_listen` for the rest."""

from __future__ import annotations

import pytest
import trio

from api import listen
from tests.support.limits import DEADLOCK_S
from tests.support.tiny_server import Server, receive_all

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST %s HTTP/1.1\r\nHost: localhost\r\n"
CLOSE = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def test_requests_sent_at_once_are_answered_in_order(server: Server) -> None:
    said = await server.talk(GET % b"/slow" + GET % b"/nothing" + CLOSE)
    assert said.count(b"HTTP/1.1 ") == 3
    assert said.index(b"slow") < said.index(b" 204 ") < said.index(b"hello")


async def test_a_request_that_follows_a_body_at_once_waits_for_its_turn(server: Server) -> None:
    """It is read while the server watches whether the client leaves, and must not be lost."""
    said = await server.talk(POST % b"/echo" + b"Content-Length: 3\r\n\r\nabc" + CLOSE)
    assert said.count(b"HTTP/1.1 200") == 2
    assert said.index(b"abc") < said.index(b"hello")


async def test_head_says_what_get_would_without_the_body(server: Server) -> None:
    said = await server.talk(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" + CLOSE)
    first, second = said.split(b"HTTP/1.1 ")[1:]
    assert b"content-length: 5\r\n" in first.lower()
    assert first.endswith(b"\r\n\r\n")
    assert second.endswith(b"hello")


async def test_an_answer_without_content_leaves_the_connection_usable(server: Server) -> None:
    said = await server.talk(GET % b"/nothing" + CLOSE)
    assert b" 204 " in said
    assert said.endswith(b"hello")


async def test_a_streamed_answer_comes_part_by_part_and_is_not_cut_by_quarts_clock(
    server: Server,
) -> None:
    """Quart would stop sending after `RESPONSE_TIMEOUT`, however well the client reads."""
    async with await server.connect() as stream:
        await stream.send_all(GET % b"/stream")
        with trio.fail_after(DEADLOCK_S):
            said = b""
            while b"part 0" not in said:
                part = await stream.receive_some()
                assert part
                said += part
            assert server.streamed < 5
            said += await receive_all(stream)
    assert b"transfer-encoding: chunked" in said.lower()
    assert [b"part %d" % number in said for number in range(5)] == [True] * 5
    assert said.endswith(b"0\r\n\r\n")


async def test_a_client_that_leaves_amid_an_answer_stops_it(server: Server) -> None:
    async with await server.connect() as stream:
        await stream.send_all(GET % b"/stream?padding=5000000")
        await stream.receive_some(1)
    with trio.fail_after(DEADLOCK_S):
        await server.given_up.wait()
    assert server.streamed < 5
    assert await server.is_alive()


async def test_a_client_that_leaves_after_its_body_stops_the_work(server: Server) -> None:
    async with await server.connect() as stream:
        await stream.send_all(POST % b"/wait" + b"Content-Length: 2\r\n\r\nhi")
        await trio.sleep(0.05)
        assert not server.given_up.is_set()
    with trio.fail_after(DEADLOCK_S):
        await server.given_up.wait()


async def test_a_client_that_waits_for_100_continue_is_told_to_go_on(server: Server) -> None:
    async with await server.connect() as stream:
        head = POST % b"/echo" + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        await stream.send_all(head)
        with trio.fail_after(DEADLOCK_S):
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 100")
            await stream.send_all(b"hello")
            assert (await receive_all(stream)).endswith(b"hello")


async def test_a_chunked_body_arrives_whole(server: Server) -> None:
    body = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    said = await server.talk(POST % b"/echo" + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert said.endswith(b"abcde")


async def test_a_client_of_the_old_kind_gets_its_answer_and_the_end(server: Server) -> None:
    said = await server.talk(b"GET / HTTP/1.0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in said.lower()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET ?no-path HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nLong: " + b"x" * 200_000, 431),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (POST % b"/echo" + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400),
    ],
)
async def test_what_is_no_request_is_told_so_and_the_connection_closed(
    server: Server, sent: bytes, status: int
) -> None:
    said = await server.talk(sent)
    assert said.startswith(b"HTTP/1.1 %d" % status)
    assert said.count(b"HTTP/1.1") == 1
    assert await server.is_alive()


async def test_shutdown_closes_idle_connections_at_once_and_busy_ones_after_their_answer(
    server: Server,
) -> None:
    ended: list[str] = []

    async def until_the_end(name: str, stream: trio.SocketStream, said: bytearray) -> None:
        said += await receive_all(stream)
        ended.append(name)

    idle_said, busy_said = bytearray(), bytearray()
    async with await server.connect() as idle, await server.connect() as busy:
        await busy.send_all(GET % b"/slow" + GET % b"/")
        await trio.sleep(0.05)
        server.shutdown.set()
        with trio.fail_after(DEADLOCK_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(until_the_end, "busy", busy, busy_said)
                nursery.start_soon(until_the_end, "idle", idle, idle_said)
    assert ended == ["idle", "busy"]
    assert not idle_said
    assert b"slow" in busy_said
    assert b"connection: close" in busy_said.lower()
    assert busy_said.count(b"HTTP/1.1") == 1


async def test_every_answer_has_a_date(server: Server) -> None:
    assert b"\r\ndate: " in (await server.talk(CLOSE)).lower()


async def test_a_client_that_stops_reading_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "SEND_LIMIT_S", 0.1)
    async with await server.connect() as stream:
        await stream.send_all(GET % b"/stream?padding=20000000")
        await stream.receive_some(1)
        with trio.fail_after(DEADLOCK_S):
            await server.given_up.wait()
    assert await server.is_alive()
