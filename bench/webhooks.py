"""Deliveries to many endpoints, some of them broken: `python -m bench.webhooks [--json]`.

The outbox on a real store, and receivers in a process of their own. Five of the twenty misbehave:
one refuses connections, one never answers, one answers without an end, one says 500, one takes two
seconds. Beside it, in the same run: a bare loop of httpx that posts as many bodies to the healthy
ones, with neither store nor signature.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import trio

from ground.changes import Subject
from ground.clock import Clock, utc_now
from operations.webhook_messages import message_for, wanted
from storage import events, users, webhooks
from storage.secrets import put_of_webhook
from storage.store import Database, Store, open_store
from storage.vault import Vault
from storage.webhooks import ReceiverKind
from webhooks.outbox import Outbox
from webhooks.programs import CURRENT, Programs
from webhooks.signing import new_secret
from webhooks.targets import Targets

EVENTS = 10_000
HEALTHY = 15
BROKEN = ("hang", "flood", "fail", "slow")  # and one where nobody listens
_SLOW_S = 2.0
_AT_ONCE = 500
_PATIENCE_S = 3600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--receive", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.receive:
        trio.run(_receive)
        return
    figures = trio.run(measure, options.events)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:48} {value}")


async def measure(count: int = EVENTS) -> dict[str, Any]:
    """Return every figure, of one run."""
    with _receivers() as ports:
        names = [f"ok{number}" for number in range(HEALTHY)]
        good = [f"http://127.0.0.1:{ports['port']}/{name}" for name in names]
        bad = [f"http://127.0.0.1:{ports['port']}/{name}" for name in BROKEN]
        refused = f"http://127.0.0.1:{_free_port()}/"
        alone = await _delivered(count, good, ports["port"])
        mixed = await _delivered(count, [*good, *bad, refused], ports["port"])
        loop_s = await _bare_loop(count, good)
    total = count * HEALTHY
    return {
        "events": count,
        "endpoints, of which broken": f"{HEALTHY + len(BROKEN) + 1}, {len(BROKEN) + 1}",
        "deliveries to healthy ones": total,
        "lost, repeated or out of order at healthy ones": mixed["wrong"] + alone["wrong"],
        "httpx loop, bare: deliveries/s": round(total / loop_s),
        "outbox, healthy ones alone: deliveries/s": round(total / alone["seconds"]),
        "outbox, beside five broken: deliveries/s": round(total / mixed["seconds"]),
        "the first healthy one done after, s": round(mixed["first_s"], 1),
        "the last healthy one done after, s": round(mixed["seconds"], 1),
        "the same without broken ones, s": round(alone["seconds"], 1),
        "one event while that is over, to all healthy: ms": round(mixed["one_ms"]),
        "the same without broken ones: ms": round(alone["one_ms"]),
    }


async def _delivered(count: int, urls: list[str], port: int) -> dict[str, Any]:
    """Let so many things happen at once, and return how long the healthy ones took to hear."""
    with TemporaryDirectory() as folder:
        async with open_store(Path(folder) / "reprise.db") as store:
            user = await store.write(users.ensure_owner, utc_now())
            vault = Vault(_key())
            await store.write(_add, vault, user.id, urls)
            programs = Programs(store, vault, Clock(), Targets(), render=message_for, wanted=wanted)
            outbox = Outbox(store, Clock(), {ReceiverKind.WEBHOOK: programs})
            async with httpx.AsyncClient(trust_env=False, timeout=30) as told:
                await told.get(f"http://127.0.0.1:{port}/-/forget")
                await _happen(store, user.id, count)
                async with trio.open_nursery() as nursery:
                    began = time.perf_counter()
                    await nursery.start(outbox.run)
                    first_s = await _heard(told, port, count, any)
                    await _heard(told, port, count, all)
                    seconds = time.perf_counter() - began
                    began = time.perf_counter()
                    await _happen(store, user.id, 1)
                    await _heard(told, port, count + 1, all)
                    one_ms = (time.perf_counter() - began) * 1000
                    nursery.cancel_scope.cancel()
                answer = await told.get(f"http://127.0.0.1:{port}/-/counts")
    return {
        "seconds": seconds,
        "first_s": first_s,
        "one_ms": one_ms,
        "wrong": sum(each["wrong"] for each in answer.json().values()),
    }


def _add(db: Database, vault: Vault, user_id: str, urls: list[str]) -> None:
    for url in urls:
        made = webhooks.add(
            db, user_id=user_id, url=url, types="post.*", account_ids=None, now=utc_now()
        )
        put_of_webhook(db, vault, made.id, CURRENT, new_secret())


async def _happen(store: Store, user_id: str, count: int) -> None:
    def write(db: Database, some: int) -> None:
        for _ in range(some):
            events.record(
                db, Subject.POST, "post", "PUBLISHED", user_id=user_id, account_id=None,
                now=utc_now(),
            )  # fmt: skip

    for begun in range(0, count, _AT_ONCE):
        await store.write(write, min(_AT_ONCE, count - begun))


async def _heard(told: httpx.AsyncClient, port: int, count: int, which: Any) -> float:
    """Wait until any or all of the healthy ones have heard so much; returns how long it took."""
    began = time.perf_counter()
    with trio.fail_after(_PATIENCE_S):
        while True:
            counts = (await told.get(f"http://127.0.0.1:{port}/-/counts")).json()
            good = [counts.get(f"ok{number}", {}).get("count", 0) for number in range(HEALTHY)]
            if which(each >= count for each in good):
                return time.perf_counter() - began
            await trio.sleep(0.02)


async def _bare_loop(count: int, urls: list[str]) -> float:
    body = b'{"type": "post.published", "data": {"sequence": 0}}' + b" " * 300
    limits = httpx.Limits(max_keepalive_connections=0)

    async def post_all(url: str) -> None:
        async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=30) as client:
            for _ in range(count):
                await client.post(url, content=body)

    began = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for url in urls:
            nursery.start_soon(post_all, url)
    return time.perf_counter() - began


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _key() -> bytes:
    from cryptography.fernet import Fernet

    return Fernet.generate_key()


@contextmanager
def _receivers() -> Iterator[dict[str, int]]:
    """Run the receivers in a process of their own, so that they do not share its time."""
    command = [sys.executable, "-m", "bench.webhooks", "--receive"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


async def _receive() -> None:
    """Answer by the path: it says how; keep counts, and whether each message came once in order."""
    heard: dict[str, dict[str, int]] = {}

    def note(name: str, body: bytes) -> None:
        entry = heard.setdefault(name, {"count": 0, "last": 0, "wrong": 0})
        sequence = json.loads(body)["data"]["sequence"]
        if sequence:
            entry["wrong"] += entry["last"] not in (0, sequence - 1)
            entry["last"] = sequence
        entry["count"] += 1

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            try:
                data = b""
                while data := data + await stream.receive_some(65536):
                    head, found, body = data.partition(b"\r\n\r\n")
                    if not found:
                        continue
                    name = head.split(b" ", 2)[1].decode().strip("/")
                    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
                    while len(body) < int(length or 0):
                        body += await stream.receive_some(65536)
                    data = b""
                    await answer(stream, name, body)
            except trio.BrokenResourceError:
                pass

    async def answer(stream: trio.SocketStream, name: str, body: bytes) -> None:
        if name == "-/counts":
            text = json.dumps(heard).encode()
            await stream.send_all(b"HTTP/1.1 200 O\r\ncontent-length: %d\r\n\r\n" % len(text))
            await stream.send_all(text)
        elif name == "-/forget":
            heard.clear()
            await stream.send_all(b"HTTP/1.1 204 N\r\n\r\n")
        elif name == "hang":
            await trio.sleep_forever()
        elif name == "flood":
            await stream.send_all(b"HTTP/1.1 200 O\r\ntransfer-encoding: chunked\r\n\r\n")
            while True:
                await stream.send_all(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        elif name == "fail":
            await stream.send_all(b"HTTP/1.1 500 N\r\ncontent-length: 0\r\n\r\n")
        else:
            if name == "slow":
                await trio.sleep(_SLOW_S)
            note(name, body)
            await stream.send_all(b"HTTP/1.1 204 N\r\n\r\n")

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    print(json.dumps({"port": listener.socket.getsockname()[1]}), flush=True)
    await trio.serve_listeners(serve, [listener])


if __name__ == "__main__":
    main()
