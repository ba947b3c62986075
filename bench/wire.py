"""From due to the first byte on the wire: `python -m bench.wire [--json] [--posts N]`.

The whole daemon, with many posts pending, publishes photos on accounts that have done nothing
for half a minute, so that each post begins with a new client and a new connection; and then on
one account that is at work. Bytes are seen by a relay before the simulated Instagram.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import trio

from bench import _jobs
from daemon.core import Core, open_core
from ground.clock import utc_now
from sandbox import Sandbox, open_sandbox
from sandbox.world.sample_media import make_photo
from storage import accounts, api_keys
from storage.store import open_directly, transaction
from storage.times import from_text, to_text
from tests.support.process import environment, running
from tests.support.studio import settings_for

PENDING = 10_000
ACCOUNTS = 60  # at a post in 0.6 s, more than 30 s pass until it is an account's turn again
APART_S, LEAD_S = 0.6, 3.0
NO_LIMIT = {"RATE_LIMIT_RPM": "1000000", "RATE_LIMIT_RPH": "1000000"}


class Relay:
    """Passes connections on to the sandbox, and notes when one brings its first byte."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.first_bytes: list[float] = []

    def lateness(self, due: datetime) -> float:
        """Return how long after that moment the next connection brought its first byte."""
        return min(at for at in self.first_bytes if at >= due.timestamp()) - due.timestamp()

    async def serve(self, near: trio.SocketStream) -> None:
        try:
            data = await near.receive_some()
            self.first_bytes.append(time.time())
            far = await trio.open_tcp_stream("127.0.0.1", self._port)
            async with near, far, trio.open_nursery() as nursery:
                await far.send_all(data)
                nursery.start_soon(self._pass, far, near)
                await self._pass(near, far)
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            return

    async def _pass(self, source: trio.SocketStream, target: trio.SocketStream) -> None:
        try:
            async for data in source:
                await target.send_all(data)
            await target.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await target.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--posts", type=int, default=110, help="of each kind")
    options = parser.parse_args()
    figures = trio.run(measure, options.posts)
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


async def measure(posts: int) -> list[dict[str, Any]]:
    """Return how late the first byte of each post was."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with AsyncExitStack() as stack:
            sandbox = await stack.enter_async_context(open_sandbox(folder / "sandbox"))
            account_ids, key = await connect(sandbox, folder)
            relay = Relay(int(sandbox.proxy_url.rpartition(":")[2]))
            nursery = await stack.enter_async_context(trio.open_nursery())
            serve = partial(trio.serve_tcp, relay.serve, 0, host="127.0.0.1")
            (listener,) = await nursery.start(serve)
            url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
            env = environment(folder, sandbox, REPRISE_PROXY=url, **NO_LIMIT)
            daemon = await stack.enter_async_context(running(env, folder / "log"))
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=f"{daemon.url}/api/v1",
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=30,
                    trust_env=False,
                )
            )
            body = {"mediaType": "IMAGE", "mediaFileId": await upload(client, folder)}
            figures = []
            for state, of in (("idle", account_ids), ("at work", account_ids[:1])):
                due = await schedule(client, body, of, posts)
                relay.first_bytes.clear()
                wanted = len(sandbox.ledger.published) + posts
                await sandbox.ledger.wait_until(
                    lambda wanted=wanted: len(sandbox.ledger.published) == wanted,
                    timeout=APART_S * posts + 60,
                )
                figures.append(figure(state, [relay.lateness(moment) for moment in due]))
            nursery.cancel_scope.cancel()
        return figures


async def connect(sandbox: Sandbox, folder: Path) -> tuple[list[str], str]:
    """Log accounts in and let posts be pending; returns the accounts' ids and a key."""
    settings = settings_for(sandbox, folder / "data")
    settings.data_dir.mkdir(mode=0o700)
    async with open_core(settings) as core:
        made = [await log_in(core, sandbox, number) for number in range(ACCOUNTS)]
        _, key = await core.store.write(
            api_keys.create, user_id=core.owner.id, name="bench", now=utc_now()
        )
    with open_directly(settings.database) as db, transaction(db):
        _jobs.schedule_many(db, PENDING, utc_now())
    return made, key


async def log_in(core: Core, sandbox: Sandbox, number: int) -> str:
    username = f"studio{number}"
    sandbox.world.add_person(username, password="secret")
    account = await core.store.write(
        accounts.add, user_id=core.owner.id, username=username, now=utc_now()
    )
    await core.logins.log_in(account.id, username, "secret")
    return account.id


async def upload(client: httpx.AsyncClient, folder: Path) -> str:
    photo = folder / "photo.jpg"
    make_photo(photo, 1080, 1350, seed=1)
    file = ("photo.jpg", photo.read_bytes(), "image/jpeg")
    answer = await client.post("/media/upload", files={"file": file})
    return str(answer.raise_for_status().json()["id"])


async def schedule(
    client: httpx.AsyncClient, body: dict[str, str], account_ids: Sequence[str], posts: int
) -> list[datetime]:
    """Schedule posts one after the other; returns when they are due."""
    first = utc_now() + timedelta(seconds=LEAD_S + posts * 0.05)
    due = []
    for number in range(posts):
        jitter = random.random() * APART_S / 4
        moment = from_text(to_text(first + timedelta(seconds=APART_S * number + jitter)))
        account = {"accountId": account_ids[number % len(account_ids)]}
        at = {"scheduledFor": to_text(moment)}
        (await client.post("/schedule", json=body | account | at)).raise_for_status()
        due.append(moment)
    assert utc_now() < due[0], "scheduling took too long"
    return due


def figure(state: str, late: Sequence[float]) -> dict[str, Any]:
    hundredths = statistics.quantiles(late, n=100, method="inclusive")
    return {
        "account": state,
        "posts": len(late),
        "p50_ms": hundredths[49] * 1000,
        "p90_ms": hundredths[89] * 1000,
        "p99_ms": hundredths[98] * 1000,
    }


def as_text(figures: list[dict[str, Any]]) -> str:
    row = "{account:10}{posts:6}{p50_ms:9.1f}{p90_ms:9.1f}{p99_ms:9.1f}"
    lines = [f"{'account':10}{'posts':>6}{'p50 ms':>9}{'p90 ms':>9}{'p99 ms':>9}"]
    for one in figures:
        met = "met" if one["p99_ms"] < 50 else "MISSED"
        lines.append(f"{row.format_map(one)}  {met}: under 50 ms at p99")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
