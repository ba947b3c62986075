"""The stream of events: nothing missed, nothing twice, and nobody kept waiting."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import httpx
import pytest
import trio

from api.routes import events as route
from daemon.main import GRACE_S
from ground.changes import Subject
from operations.event_types import TYPES
from operations.feed import READERS_AT_MOST
from storage import api_keys, events
from tests.support.limits import DEADLOCK_S
from tests.support.served import Served

STREAM = "/api/v1/events"


@dataclass
class Stream:
    """An open stream, as a client reads it."""

    response: httpx.Response
    lines: AsyncIterator[str] = field(init=False)
    cursor: str = ""

    def __post_init__(self) -> None:
        self.lines = self.response.aiter_lines()

    async def frame(self) -> dict[str, str]:
        """Return the next frame with data in it; raises StopAsyncIteration at the end."""
        found: dict[str, str] = {}
        with trio.fail_after(DEADLOCK_S):
            while True:
                line = await anext(self.lines)
                name, _, value = line.partition(": ")
                if name == "id":
                    self.cursor = value
                if line:
                    found[name] = value
                elif "data" in found:
                    return found
                else:
                    found = {}

    async def begun(self) -> None:
        """Return when the stream has said where it stands."""
        with trio.fail_after(DEADLOCK_S):
            while not self.cursor:
                name, _, value = (await anext(self.lines)).partition(": ")
                if name == "id":
                    self.cursor = value


@asynccontextmanager
async def stream(
    served: Served, query: str = "", headers: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Stream]:
    sent = {"Authorization": f"Bearer {served.key}", **headers}
    async with served.client.stream("GET", f"{STREAM}{query}", headers=sent) as response:
        assert response.status_code == 200
        yield Stream(response)


async def happen(served: Served, state: str, subject_id: str = "post-1") -> int:
    """Let something happen to the account; returns the event's id."""
    core = served.studio.core

    def record(db: Any) -> int:
        events.record_of_account(
            db,
            Subject.POST,
            served.studio.account.id,
            state,
            now=core.clock.now(),
            subject_id=subject_id,
        )
        (newest,) = db.conn.execute("SELECT max(id) FROM events").fetchone()
        return int(newest)

    return await core.store.write(record)


async def readers_left(served: Served, count: int) -> None:
    with trio.fail_after(DEADLOCK_S):
        while served.feed.readers != count:
            await trio.sleep(0.01)


async def test_what_happens_is_told_and_a_client_that_comes_back_misses_nothing(
    served: Served,
) -> None:
    async with stream(served) as first:
        await first.begun()
        number = await happen(served, "PUBLISHED")
        frame = await first.frame()
        assert (frame["event"], frame["id"]) == ("post.published", str(number))
        shown = json.loads(frame["data"])
        assert shown["subjectId"] == "post-1"
        assert shown["accountId"] == served.studio.account.id
    await readers_left(served, 0)
    missed = [await happen(served, "FAILED"), await happen(served, "QUEUED")]
    async with stream(served, headers={"Last-Event-ID": first.cursor}) as second:
        got = [await second.frame(), await second.frame()]
        assert [int(each["id"]) for each in got] == missed
        assert [each["event"] for each in got] == ["post.failed", "post.queued"]


async def test_broken_connections_lose_and_repeat_nothing(served: Served) -> None:
    """Each reads one event and leaves, while the next ones happen."""
    rounds, cursor, got, sent = 40, "0", [], []
    async with stream(served) as newest:
        await newest.begun()
        cursor = newest.cursor
    for _ in range(rounds):
        sent += [await happen(served, "FAILED"), await happen(served, "QUEUED")]
        async with stream(served, f"?since={cursor}&types=post.*") as broken:
            frame = await broken.frame()
            got.append(int(frame["id"]))
            cursor = frame["id"]
    page = await served.call("GET", f"{STREAM}?since={cursor}&types=post.*&wait=0&limit=500")
    assert got + [event["id"] for event in page.body["events"]] == sent


async def test_only_what_is_asked_for(served: Served) -> None:
    other = "00000000-0000-4000-8000-000000000000"
    refused = await served.call("GET", f"{STREAM}?accountId={other}&wait=0")
    assert refused.body["code"] == "NOT_FOUND"
    account = served.studio.account.id
    async with stream(served, f"?types=post.failed,repost.*&accountId={account}") as chosen:
        await chosen.begun()
        await happen(served, "PUBLISHED")
        number = await happen(served, "FAILED")
        assert (await chosen.frame())["id"] == str(number)


async def test_the_daemons_own_bookkeeping_is_no_event(served: Served) -> None:
    page = await served.call("GET", f"{STREAM}?since=0&wait=0&limit=500")
    assert page.body["events"]
    assert {event["type"] for event in page.body["events"]} <= set(TYPES)


@pytest.mark.parametrize(
    "query",
    ["since=-1", "since=x", f"since={10**20}", "types=posts", "types=", "wait=61", "limit=0"],
)
async def test_what_cannot_be_asked(served: Served, query: str) -> None:
    answer = await served.call("GET", f"{STREAM}?{query}")
    assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")


async def test_a_last_event_id_that_is_none(served: Served) -> None:
    answer = await served.call("GET", STREAM, headers={"Last-Event-ID": "abc"})
    assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("which", ["of the future", "too old"])
async def test_a_cursor_that_leads_nowhere_is_reset(served: Served, which: str) -> None:
    since = 10**9
    if which == "too old":
        await happen(served, "QUEUED")
        newest = await happen(served, "FAILED")
        await served.studio.core.store.write(
            lambda db: db.conn.execute("DELETE FROM events WHERE id <= ?", (newest - 1,))
        )
        since = 1
    page = await served.call("GET", f"{STREAM}?since={since}&wait=5")
    assert page.body["reset"] is True
    async with stream(served, f"?since={since}") as lost:
        frame = await lost.frame()
        assert frame["event"] == "reset"
        assert json.loads(frame["data"]) == {"next": int(frame["id"])}
        number = await happen(served, "PUBLISHED")
        assert (await lost.frame())["id"] == str(number)


async def test_a_long_poll_is_answered_when_something_happens(served: Served) -> None:
    now = await served.call("GET", f"{STREAM}?wait=0")
    assert now.body["events"] == []
    answers: list[Any] = []

    async def ask() -> None:
        answers.append(await served.call("GET", f"{STREAM}?since={now.body['next']}&wait=60"))

    with trio.fail_after(DEADLOCK_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await readers_left(served, 1)
            number = await happen(served, "PUBLISHED")
    assert [event["id"] for event in answers[0].body["events"]] == [number]
    assert answers[0].body["next"] == number


async def test_one_key_has_so_many_streams_and_each_is_free_when_its_client_leaves(
    served: Served,
) -> None:
    async with trio.open_nursery() as nursery:
        opened = 0

        async def hold() -> None:
            nonlocal opened
            async with stream(served) as held:
                await held.begun()
                opened += 1
                await trio.sleep_forever()

        for _ in range(READERS_AT_MOST):
            nursery.start_soon(hold)
        with trio.fail_after(DEADLOCK_S):
            while opened < READERS_AT_MOST:
                await trio.sleep(0.01)
        refused = await served.call("GET", STREAM)
        assert (refused.status, refused.body["code"]) == (429, "RATE_LIMITED")
        assert refused.headers["Retry-After"]
        nursery.cancel_scope.cancel()
    await readers_left(served, 0)
    async with stream(served) as again:
        await again.begun()


async def test_a_revoked_key_ends_its_stream(served: Served) -> None:
    async with stream(served) as open_one:
        await open_one.begun()
        core = served.studio.core
        key = await core.store.read(api_keys.by_hash, api_keys.hash_of(served.key))
        assert key is not None
        await core.store.write(
            lambda db: db.conn.execute("DELETE FROM api_keys WHERE id = ?", (key.id,))
        )
        await happen(served, "PUBLISHED")
        frame = await open_one.frame()
        assert frame["event"] == "end"
        assert json.loads(frame["data"])["code"] == "AUTH_INVALID_KEY"
        with pytest.raises(StopAsyncIteration):
            await open_one.frame()


async def test_a_quiet_stream_is_kept_open(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "HEARTBEAT_S", 0.02)
    async with stream(served, "?types=repost.*") as quiet:
        await quiet.begun()
        number = await happen(served, "PUBLISHED")  # not asked for, and passed over
        with trio.fail_after(DEADLOCK_S):
            while quiet.cursor != str(number):
                name, _, value = (await anext(quiet.lines)).partition(": ")
                quiet.cursor = value if name == "id" else quiet.cursor


@pytest.mark.parametrize("path", [STREAM, "/live"])
async def test_a_head_of_it_ends_at_once(served: Served, path: str) -> None:
    """Of the page's own stream too."""
    with trio.fail_after(DEADLOCK_S):
        answer = await served.call("HEAD", path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert served.feed.readers == 0


async def test_streams_and_long_polls_end_when_the_daemon_stops(served: Served) -> None:
    """Each is ended whole: not one waits for the time that other requests are given to end."""
    answers: list[Any] = []

    async def ask() -> None:
        answers.append(await served.call("GET", f"{STREAM}?wait=60"))

    async with stream(served) as held, trio.open_nursery() as nursery:
        await held.begun()
        nursery.start_soon(ask)
        await readers_left(served, 2)
        served.stop.set()
        with pytest.raises(StopAsyncIteration):
            await held.frame()
    assert answers[0].body["events"] == []


async def test_the_connection_of_a_stream_is_closed_when_the_daemon_stops(served: Served) -> None:
    """Not when the time is up that the daemon gives others: those are cut off."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    head = f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {served.key}"
    got = b""
    with trio.fail_after(DEADLOCK_S):
        async with await trio.open_tcp_stream(host, int(port)) as client:
            await client.send_all(f"{head}\r\n\r\n".encode())
            while b"id: " not in got:
                got += await client.receive_some(4096)
            served.stop.set()
            began = trio.current_time()
            while part := await client.receive_some(4096):
                got += part
    assert got.endswith(b"0\r\n\r\n")
    assert trio.current_time() - began < GRACE_S / 2, "it was cut off when the time was up"
