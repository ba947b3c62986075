"""Connections that their clients hold: closed when they should be, and never too many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import trio

from api import guards, listen
from api.connection_limit import ConnectionLimit
from api.listen import GuardedConnection
from api.plain import PlainRequest
from serving import body
from serving.answer import Answer
from tests.support.limits import DEADLOCK_S
from tests.support.odd_requests import DRAFT, request
from tests.support.served import Served
from tests.support.tiny_server import Server, open_tiny_server, receive_all

SAYS_CLOSE: dict[str, bytes] = {
    "a read": b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "a body": b"POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    b"Content-Length: 2\r\n\r\nhi",
    "chunks": b"POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "the old kind": b"POST /echo HTTP/1.0\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi",
    "a body that was not wanted": b"POST /refused HTTP/1.1\r\nHost: localhost\r\n"
    b"Connection: close\r\nContent-Length: 2\r\n\r\nhi",
}


@pytest.mark.parametrize("what", SAYS_CLOSE)
async def test_an_answer_that_says_close_is_followed_by_it(server: Server, what: str) -> None:
    said = await server.talk(SAYS_CLOSE[what])
    assert said.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in said.lower()


@pytest.mark.parametrize("way", ["length", "chunks", "expect", "websocket"])
@pytest.mark.parametrize("path", ["/nowhere", "/refused", "/"])
async def test_a_body_that_never_comes_does_not_keep_its_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch, way: str, path: str
) -> None:
    monkeypatch.setattr(body, "_LINGER_S", 0.05)
    promised = {
        "length": b"Content-Length: 100000\r\n",
        "chunks": b"Transfer-Encoding: chunked\r\n",
        "expect": b"Content-Length: 100000\r\nExpect: 100-continue\r\n",
        "websocket": b"Content-Length: 100000\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
    }[way]
    said = await server.talk(
        b"POST %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (path.encode(), promised)
    )
    assert b"HTTP/1.1 4" in said or b"no, thank you" in said


async def test_a_body_may_not_come_a_byte_at_a_time_for_ever(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "_SILENCE_S", 0.4)
    sent = request(DRAFT, f"Authorization: Bearer {served.key}", "Content-Type: application/json",
                   "Content-Length: 9000", method="POST")  # fmt: skip
    async with await trio.open_tcp_stream("127.0.0.1", served.client.base_url.port or 0) as stream:
        await stream.send_all(sent)
        with trio.fail_after(DEADLOCK_S):
            async with trio.open_nursery() as nursery:

                async def dribble() -> None:
                    while True:
                        await stream.send_all(b" ")
                        await trio.sleep(0.02)

                nursery.start_soon(dribble)
                assert b"stopped coming" in await stream.receive_some()
                nursery.cancel_scope.cancel()


@pytest.fixture
async def few(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """A server where four connections are all."""
    monkeypatch.setattr(listen, "most_connections", lambda: 4)
    async with open_tiny_server(keep_alive_s=60) as opened:
        yield opened


class Held:
    """A connection as the limit sees it."""

    def __init__(self, peer: str, moved_at: float, *, is_at_work: bool = False) -> None:
        self.peer, self.moved_at, self.is_at_work = peer, moved_at, is_at_work
        self.is_given_up = False

    def give_up(self) -> None:
        self.is_given_up = True


async def test_whoever_keeps_us_waiting_longest_makes_room() -> None:
    limit = ConnectionLimit(8)
    inside = [Held("127.0.0.1", moved_at) for moved_at in (5, 1, 9, 2, 8, 7, 6, 4)]
    inside[1].is_at_work = True
    assert all(limit.admit(each) for each in inside)
    assert not any(each.is_given_up for each in inside)
    for gone in (3, 7):
        assert limit.admit(Held("192.0.2.1", 10.0))
        assert inside[gone].is_given_up
    assert [each.is_given_up for each in inside].count(True) == 2


async def test_one_other_machine_has_its_share_and_this_machine_has_none() -> None:
    limit = ConnectionLimit(8)
    strangers = [Held("192.0.2.1", moved_at) for moved_at in (1, 2, 3)]
    assert all(limit.admit(each) for each in strangers)
    assert [each.is_given_up for each in strangers] == [True, False, False]
    tunnel = [Held("::ffff:127.0.0.1", 9.0) for _ in range(6)]
    assert all(limit.admit(each) for each in tunnel)
    assert not any(each.is_given_up for each in (*tunnel, *strangers[1:]))


async def test_nobody_is_cut_off_from_an_answer_that_is_being_made() -> None:
    limit = ConnectionLimit(2)
    working = [Held("127.0.0.1", 1.0, is_at_work=True) for _ in range(2)]
    assert all(limit.admit(each) for each in working)
    newcomer = Held("127.0.0.1", 2.0)
    assert not limit.admit(newcomer)
    limit.leave(working[0])
    assert limit.admit(newcomer)


@pytest.mark.parametrize(
    "held",
    [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
     b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"],
    ids=["silent", "half a head", "idle", "half a body"],
)  # fmt: skip
async def test_the_owner_gets_in_whoever_holds_connections(few: Server, held: bytes) -> None:
    streams = [await few.connect() for _ in range(12)]
    try:
        for stream in streams:
            await stream.send_all(held)
            await trio.sleep(0.01)
        for _ in range(3):
            assert await few.is_alive()
        with trio.fail_after(DEADLOCK_S):
            assert not (await receive_all(streams[0])).startswith(b"HTTP/1.1 5")
    finally:
        for stream in streams:
            await stream.aclose()


@pytest.mark.parametrize("way", ["at once", "by the app"])
async def test_an_answer_that_nobody_reads_keeps_no_connection(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Also not one that had to make room: nobody waits until sending to it is given up."""
    monkeypatch.setattr(listen, "SEND_LIMIT_S", 3600)
    alive: set[object] = set()
    run = GuardedConnection.run

    async def counted(self: GuardedConnection) -> None:
        alive.add(self)
        await run(self)
        alive.discard(self)

    async def at_once(asked: PlainRequest) -> Answer | None:
        is_large = asked.path == "/large" and way == "at once"
        return Answer(b"x" * 50_000_000) if is_large else None

    monkeypatch.setattr(GuardedConnection, "run", counted)
    monkeypatch.setattr(listen, "most_connections", lambda: 4)
    async with (
        open_tiny_server(keep_alive_s=60, at_once=at_once) as few,
        AsyncExitStack() as streams,
    ):
        for _ in range(7):
            stream = await streams.enter_async_context(await few.connect())
            await stream.send_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await trio.sleep(0.02)
        assert await few.is_alive()
        with trio.fail_after(DEADLOCK_S):
            while len(alive) > 4:
                await trio.sleep(0.01)


async def test_who_cannot_be_taken_hears_so(few: Server) -> None:
    streams = [await few.connect() for _ in range(4)]
    try:
        for stream in streams:
            await stream.send_all(b"GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await trio.sleep(0.1)
        said = await few.talk(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 503 ")
        assert said.endswith(b"}   ")
        assert guards.LINES in said
        body = said.partition(b"\r\n\r\n")[2]
        assert b"content-length: %d\r\n" % len(body) in said
    finally:
        for stream in streams:
            await stream.aclose()
    await trio.sleep(0.1)
    assert await few.is_alive()
