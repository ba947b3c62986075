"""A plain request is what h11 reads as well, and is answered as any other."""

from __future__ import annotations

from functools import partial

import h11
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from quart_trio import QuartTrio
from werkzeug import Request

from api.app import BASE_PATH, operations
from api.listen import open_sockets, serve
from api.plain import PlainRequest, plain_request
from api.request_head import StrictConnection
from serving.answer import Answer
from tests.api.test_strict_heads import REFUSED, TAKEN
from tests.support.limits import DEADLOCK_S
from tests.support.served import Served
from tests.support.tiny_server import receive_all

HEAD = b"GET /api/v1/posts?limit=2 HTTP/1.1\r\nHost: localhost\r\n"
_PIECES = (
    b"GET ", b"HEAD ", b"/", b"/api/v1/posts", b"/a%20b", b"//x", b"?a=1&b", b"?", b" ", b"\t",
    b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\n", b"\r", b"Host: localhost", b"Host:localhost:3001",
    b"host: [::1]", b"Host: a b", b"X: y", b"X: \xfc", b"X:", b" X: y", b"X : y", b"x: \x00",
    b"Connection: close", b"Connection: Keep-Alive", b"Content-Length: 3", b"Content-Length: 0",
    b"Transfer-Encoding: chunked", b"Expect: 100-continue", b"Upgrade: h2c", b"Cookie: a=b; c=d",
)  # fmt: skip


def _as_h11_reads(data: bytes) -> h11.Request | None:
    connection = StrictConnection(h11.SERVER)
    connection.receive_data(data)
    try:
        event = connection.next_event()
        assert isinstance(event, h11.Request)
        assert isinstance(connection.next_event(), h11.EndOfMessage)
        assert not connection.trailing_data[0]
        assert not connection.they_are_waiting_for_100_continue
    except h11.RemoteProtocolError:
        return None
    return event


def _agrees(data: bytes) -> bool:
    """Whether it is plain; fails where h11 does not read the very same."""
    plain = plain_request(data, None)
    if plain is None:
        return False
    read = _as_h11_reads(data)
    assert read is not None, data
    path, _, query = read.target.partition(b"?")
    assert (read.method, path.decode()) == (b"GET", plain.path)
    assert plain.args == Request({"QUERY_STRING": query.decode()}).args, data
    assert {name.decode(): value.decode() for name, value in read.headers} == dict(plain.headers)
    return True


def test_what_a_strict_parser_refuses_is_never_plain() -> None:
    assert not [name for name, sent in REFUSED.items() if plain_request(sent, None)]
    assert [name for name, sent in TAKEN.items() if _agrees(sent)] == [
        "plain",
        "host with a port",
        "host by number",
        "host with an empty port",
        "empty value",
    ]
    assert _agrees(HEAD + b"Connection: keep-alive\r\nCookie: session=x; a=b\r\n\r\n")
    for more in (b"Content-Length: 0", b"Connection: close", b"Host: localhost", b"Upgrade: h2c"):
        assert plain_request(HEAD + more + b"\r\n\r\n", None) is None
    assert plain_request(HEAD + b"\r\n" + HEAD + b"\r\n", None) is None
    assert plain_request(HEAD + b"X: " + b"y" * 9000 + b"\r\n\r\n", None) is None


@given(st.lists(st.sampled_from(_PIECES), max_size=14))
def test_any_head_that_is_plain_is_read_alike_by_h11(pieces: list[bytes]) -> None:
    _agrees(b"".join(pieces))
    _agrees(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"\r\n".join(pieces) + b"\r\n\r\n")


async def test_every_operation_answers_a_plain_request_as_any_other(served: Served) -> None:
    await served.sign_in()
    asked = ("<id>", "00000000-0000-4000-8000-000000000000")
    paths = [
        BASE_PATH + each.path for each in operations() if each.method == "GET" and not each.stream
    ]
    assert len(paths) > 20
    for path in paths:
        url = path.replace("<accountId>", "<id>").replace(*asked) + "?page=0&strange=1&page=2"
        for key in ("", None, "vg_live_" + "x" * 43):
            plain = await served.call("GET", url, key=key)
            other = await served.call("GET", url, key=key, headers={"TE": "trailers"})
            assert plain.status == other.status, path
            assert set(plain.headers) == set(other.headers), path
            # The doctor looks anew each time, and what is free on a disk changes by itself.
            if path.endswith(("/system/findings", "/system/room")):
                continue
            if isinstance(plain.body, dict) and "timestamp" not in plain.body:
                assert plain.body == other.body, path


async def test_an_end_of_the_server_waits_for_a_plain_answer_and_says_so() -> None:
    sockets = open_sockets("127.0.0.1", 0)
    shutdown, asked, may_answer = trio.Event(), trio.Event(), trio.Event()

    async def at_once(request: PlainRequest) -> Answer | None:
        if request.path != "/slow":
            return None
        asked.set()
        await may_answer.wait()
        return Answer(b"slow")

    app = QuartTrio("tiny")

    @app.get("/")
    async def hello() -> str:
        return "hello"

    run = partial(serve, app, sockets, shutdown=shutdown, grace_s=DEADLOCK_S, at_once=at_once)
    get = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with trio.fail_after(DEADLOCK_S):
        async with trio.open_nursery() as nursery:
            await nursery.start(run)
            port = sockets[0].getsockname()[1]
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await stream.send_all(get % b"/")
                assert (await stream.receive_some()).endswith(b"hello")
                await trio.testing.wait_all_tasks_blocked()  # h11 is ready for another
                await stream.send_all(get % b"/slow")
                await asked.wait()
                shutdown.set()
                await trio.testing.wait_all_tasks_blocked()
                may_answer.set()
                said = await receive_all(stream)
    assert said.endswith(b"\r\n\r\nslow")
    assert b"connection: close" in said.lower()
