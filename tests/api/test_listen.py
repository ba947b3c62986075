"""What the HTTP server has to stand: each of these fails on stock Hypercorn with quart-trio."""

from __future__ import annotations

import socket
from contextlib import suppress

import h2.config
import h2.connection
import httpx
import pytest
import trio

from api import listen
from tests.support.limits import DEADLOCK_S
from tests.support.tiny_server import Server, receive_all


async def test_an_answer_before_the_body_has_arrived_does_not_hang_the_connection(
    server: Server,
) -> None:
    """Symptom A: the server neither closed nor served the next request."""
    async with await server.connect() as stream:
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"
        await stream.send_all(head)
        answer = await stream.receive_some()
        assert answer.startswith(b"HTTP/1.1 405")
        await trio.sleep(0.05)
        with trio.fail_after(DEADLOCK_S), suppress(trio.BrokenResourceError):
            await stream.send_all(b"12345")  # may be closed already; never silent
            assert b"HTTP/1.1" not in await receive_all(stream)


async def test_an_answer_that_did_not_need_the_body_reaches_a_client_that_still_sends(
    server: Server,
) -> None:
    """A large body that nobody read filled the queue, and the connection hung for ever."""
    async with httpx.AsyncClient(trust_env=False, timeout=DEADLOCK_S) as client:
        for _ in range(3):
            url = f"http://127.0.0.1:{server.port}/refused"
            answer = await client.post(url, content=b"x" * 30_000_000)
            assert answer.text == "no, thank you"
    assert await server.is_alive()


async def test_an_idle_connection_is_closed_after_a_request(server: Server) -> None:
    """Symptom B: connections piled up for ever."""
    async with await server.connect() as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with trio.fail_after(DEADLOCK_S):
            assert (await receive_all(stream)).endswith(b"hello")


async def test_a_connection_serves_one_request_after_the_other(server: Server) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=DEADLOCK_S) as client:
        for _ in range(5):
            answer = await client.get(f"http://127.0.0.1:{server.port}/")
            assert answer.text == "hello"


async def busy_http2_client(server: Server) -> None:
    """Open many streams with prior knowledge of HTTP/2, and leave while they are busy."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    async with await server.connect() as stream:
        connection.initiate_connection()
        for number in range(10):
            headers = [
                (":method", "GET"),
                (":path", "/slow"),
                (":scheme", "http"),
                (":authority", "localhost"),
            ]
            connection.send_headers(1 + 2 * number, headers, end_stream=True)
        await stream.send_all(connection.data_to_send())
        with trio.move_on_after(0.1), suppress(trio.BrokenResourceError):  # hung up on is fine too
            await stream.receive_some()
        reset = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)


async def test_http2_clients_that_leave_busy_streams_do_not_end_the_server(
    server: Server,
) -> None:
    for _ in range(5):
        async with trio.open_nursery() as nursery:
            for _ in range(16):
                nursery.start_soon(busy_http2_client, server)
        assert await server.is_alive()


async def test_an_upgrade_to_http2_is_not_taken_up(server: Server) -> None:
    async with await server.connect() as stream:
        await stream.send_all(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        )
        assert (await receive_all(stream)).startswith(b"HTTP/1.1 200")


async def test_garbage_and_broken_connections_are_survived(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    for noise in (b"\x16\x03\x01\x02", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nBad Header\r\n\r\n"):
        async with await server.connect() as stream:
            await stream.send_all(noise)
            with trio.move_on_after(1):
                await receive_all(stream)
    assert await server.is_alive()
    assert "Traceback" not in caplog.text


async def test_one_broken_connection_is_not_everybodys(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: listen.GuardedConnection) -> None:
        raise trio.BusyResourceError("two tasks sent at once")

    with monkeypatch.context() as patch:
        patch.setattr(listen.GuardedConnection, "_converse", broken)
        async with await server.connect() as stream:
            with trio.move_on_after(1):
                await stream.receive_some()
    assert await server.is_alive()


async def test_a_peer_that_stops_reading_does_not_keep_the_server_from_ending(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "SEND_LIMIT_S", 0.5)
    async with await server.connect() as stream:
        await stream.send_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await stream.receive_some(1)
        server.shutdown.set()
        await trio.sleep(0)
        with trio.fail_after(DEADLOCK_S):
            while True:  # the listener closes at once
                try:
                    (await server.connect()).socket.close()
                except OSError:
                    break
                await trio.sleep(0.05)


async def test_a_request_in_progress_is_finished_at_shutdown(server: Server) -> None:
    async with await server.connect() as stream:
        await stream.send_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await trio.sleep(0.05)
        server.shutdown.set()
        with trio.fail_after(DEADLOCK_S):
            assert b"slow" in await receive_all(stream)


async def test_whoever_waits_at_the_door_comes_in_with_the_first() -> None:
    """One a turn, the last of 64 waited until all the others had been answered."""
    with listen.open_sockets("127.0.0.1", 0)[0] as sock:
        sock.setblocking(False)
        callers = [socket.create_connection(sock.getsockname()) for _ in range(30)]
        taken = list(listen.waiting(sock))
        assert {stream.socket.getpeername() for stream in taken} == {
            caller.getsockname() for caller in callers
        }
        assert not list(listen.waiting(sock))
        for stream, caller in zip(taken, callers, strict=True):
            await trio.aclose_forcefully(stream)
            caller.close()
