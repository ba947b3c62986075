"""Open streams of events, and clients that break off: `python -m bench.events [--json]`.

A real daemon, and clients that read its streams from sockets. `lost` and `repeated` count the
events of the broken streams against the database's.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from bench._load import status_mib
from ground.clock import utc_now
from operations.feed import READERS_AT_MOST
from sandbox import open_sandbox
from storage import api_keys, users
from storage.store import open_directly, transaction
from tests.support.process import Daemon, environment, reprise, running

STREAMS = 200
BREAKS = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = trio.run(measure)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:40} {value}")


async def measure() -> dict[str, Any]:
    """Return every figure, of one run."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with open_sandbox(folder / "sandbox") as sandbox:
            env = environment(folder, sandbox, RATE_LIMIT_RPM="1000000", RATE_LIMIT_RPH="1000000")
            added = await reprise("account", "add", "--username", "studio", "--json", env=env)
            account = added.json["id"]
            keys = _keys(folder / "data" / "reprise.db")
            async with running(env, folder / "log") as daemon:
                broken = await _breaks(daemon, keys, account)
                return broken | await _open(daemon, keys, account)


def _keys(database: Path) -> list[str]:
    with open_directly(database) as db, transaction(db):
        owner = users.ensure_owner(db, utc_now())
        count = STREAMS // READERS_AT_MOST
        return [
            api_keys.create(db, user_id=owner.id, name=f"bench {number}", now=utc_now())[1]
            for number in range(count)
        ]


class Stream:
    """One client of a stream."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._rest = b""

    async def event(self) -> int:
        """Return the id of the next event."""
        while True:
            frame, found, rest = self._rest.partition(b"\n\n")
            if found:
                self._rest = rest
                if b"data: " in frame:
                    return int(frame.partition(b"id: ")[2].split(b"\n")[0])
                continue
            part = await self._stream.receive_some(65536)
            if not part:
                raise EOFError
            self._rest += part

    async def ended(self) -> None:
        """Return when the daemon has closed it."""
        while await self._stream.receive_some(65536):
            pass

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _opened(daemon: Daemon, key: str, query: str = "") -> Stream:
    host, _, port = daemon.url.removeprefix("http://").partition(":")
    stream = await trio.open_tcp_stream(host, int(port))
    head = (
        f"GET /api/v1/events{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    )
    await stream.send_all(f"{head}\r\n".encode())
    opened = Stream(stream)
    while b"retry:" not in opened._rest:
        opened._rest += await stream.receive_some(65536)
    return opened


async def _draft(daemon: Daemon, key: str, account: str) -> None:
    body = {"accountId": account, "mediaType": "IMAGE"}
    answer = await daemon.call("POST", "/posts/draft", key, body)
    answer.raise_for_status()


async def _breaks(daemon: Daemon, keys: list[str], account: str) -> dict[str, Any]:
    """Break every connection after one event, and go on behind it."""
    began = (await daemon.call("GET", "/events?wait=0", keys[0])).json()["next"]
    got: list[int] = []
    cursor = began
    for _ in range(BREAKS):
        await _draft(daemon, keys[0], account)
        stream = await _opened(daemon, keys[0], f"?since={cursor}")
        cursor = await stream.event()
        got.append(cursor)
        await stream.aclose()
    there: list[int] = []
    page = {"next": began, "events": [None]}
    while page["events"]:
        query = f"/events?since={page['next']}&wait=0&limit=500"
        page = (await daemon.call("GET", query, keys[0])).json()
        there += [event["id"] for event in page["events"]]
    return {
        "disconnects": BREAKS,
        "lost": len(set(there) - set(got)),
        "repeated": len(got) - len(set(got)),
    }


async def _open(daemon: Daemon, keys: list[str], account: str) -> dict[str, Any]:
    """Hold many streams open, tell them one event, and stop the daemon under them."""
    before = status_mib(daemon.process.pid, "VmRSS")
    streams = [await _opened(daemon, key) for key in keys for _ in range(READERS_AT_MOST)]
    held = status_mib(daemon.process.pid, "VmRSS")
    arrived: list[float] = []

    async def wait(stream: Stream) -> None:
        await stream.event()
        arrived.append(time.perf_counter())

    async with trio.open_nursery() as nursery:
        for stream in streams:
            nursery.start_soon(wait, stream)
        await trio.sleep(0.1)
        sent = time.perf_counter()
        await _draft(daemon, keys[0], account)
    asked = time.perf_counter()
    daemon.process.terminate()
    async with trio.open_nursery() as nursery:
        for stream in streams:
            nursery.start_soon(stream.ended)
    ended = time.perf_counter() - asked
    await daemon.process.wait()
    return {
        "open streams": len(streams),
        "RSS before, MiB": round(before, 1),
        "RSS with them, MiB": round(held, 1),
        "event to the first, ms": round((arrived[0] - sent) * 1000),
        "event to the last, ms": round((arrived[-1] - sent) * 1000),
        "SIGTERM to the last stream's end, ms": round(ended * 1000),
        "SIGTERM to the daemon's end, ms": round((time.perf_counter() - asked) * 1000),
    }


if __name__ == "__main__":
    main()
