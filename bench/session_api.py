"""The session API beside a FastAPI wrapper around the same aiograpi, in turns, in one run.

Run: `python -m bench session_api` (`make bench` installs what the peer needs). The sandbox runs
here, so that the followers' rate is bound by it and by this machine alike for both. CPU is the
processor time of a server over its answers, memory its resident set after the loads. Once with one
session stored, once with 1,000. The pauses between two requests are switched off in both.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx
import trio

from bench._load import Sample, get, load, status_mib
from bench.http import peer
from ground.clock import utc_now
from sandbox import Sandbox, open_sandbox
from storage import account_sessions, accounts, users
from storage.store import Database, open_directly, transaction
from tests.support.process import Daemon, environment, reprise, running

STORED = (1, 1_000)
FOLLOWERS, AMOUNT = 200, 50
CONNECTIONS = (1, 16)
_NO_LIMIT = {
    "REPRISE_SESSION_READS_PER_HOUR": "1000000",
    "RATE_LIMIT_RPM": "1000000",
    "RATE_LIMIT_RPH": "1000000",
}


@dataclass(frozen=True, slots=True)
class Contestant:
    """A running server and what it is asked."""

    name: str
    port: int
    pid: int
    asked: dict[str, Sequence[bytes]]


async def measure(stored: int, rounds: int, seconds: float) -> None:
    """Start both with that many sessions, load them in turns, and print what it took."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with open_sandbox(folder / "sandbox") as sandbox:
            studio = sandbox.world.add_person("studio", password="secret")
            for number in range(FOLLOWERS):
                sandbox.world.follow(sandbox.world.add_person(f"follower{number}"), studio)
            env = environment(folder, sandbox, **_NO_LIMIT)
            made = await reprise("key", "create", "bench", "--json", env=env)
            fill(folder / "data" / "reprise.db", stored - 1)
            async with running(env, folder / "log") as daemon:
                ours = await _ours(daemon, made.json["fullKey"], studio.pk)
                settings = await _settings(daemon, made.json["fullKey"], ours[1])
                with wrapper(folder, sandbox, settings, stored, studio.pk) as theirs:
                    both = [ours[0], theirs]
                    samples = await trio.to_thread.run_sync(in_turns, both, rounds, seconds)
                    _print(stored, samples, both)


def fill(database: Path, count: int) -> None:
    """Store so many more accounts with a session each."""

    def add(db: Database) -> None:
        now = utc_now()
        owner = users.ensure_owner(db, now)
        for number in range(count):
            made = accounts.add(db, user_id=owner.id, username=f"stored{number}", now=now)
            account_sessions.open_for(db, owner.id, made.id, now, is_own=True)

    with open_directly(database) as db, transaction(db):
        add(db)


async def _ours(daemon: Daemon, key: str, pk: int) -> tuple[Contestant, str]:
    async with httpx.AsyncClient(base_url=daemon.url, trust_env=False, timeout=60) as client:
        given = {"username": "studio", "password": "secret"}
        sent = {"Authorization": f"Bearer {key}"}
        answer = await client.post("/session/auth/login", data=given, headers=sent)
        answer.raise_for_status()
    port = int(daemon.url.rpartition(":")[2])
    session: str = answer.json()
    return Contestant("reprise", port, daemon.process.pid, _asked(pk, key, session)), session


async def _settings(daemon: Daemon, key: str, session: str) -> Any:
    async with httpx.AsyncClient(base_url=daemon.url, trust_env=False, timeout=60) as client:
        sent = {"Authorization": f"Bearer {key}", "X-Session-ID": session}
        return (await client.get("/session/auth/settings", headers=sent)).json()


@contextmanager
def wrapper(
    folder: Path, sandbox: Sandbox, settings: Any, stored: int, pk: int
) -> Iterator[Contestant]:
    """Run the peer with so many sessions stored, of which one is asked."""
    sessions = folder / "sessions.json"
    one = {"settings": settings, "proxy": sandbox.proxy_url, "ca": str(sandbox.ca_file)}
    ids = [uuid4().hex for _ in range(stored)]
    sessions.write_text(json.dumps(dict.fromkeys(ids, one)))
    with peer("fastapi", {}, "_session_wrapper", str(sessions)) as server:
        yield Contestant("fastapi", server.port, server.pid, _asked(pk, "", ids[0]))


def _asked(pk: int, key: str, session: str) -> dict[str, Sequence[bytes]]:
    followers = get(f"/session/user/followers?user_id={pk}&amount={AMOUNT}", key or "none")
    head, _, rest = followers.partition(b"\r\n")
    named = head + b"\r\nX-Session-ID: " + session.encode() + b"\r\n" + rest
    return {"health": [get("/session/health")], "followers": [named]}


def in_turns(
    contestants: Sequence[Contestant], rounds: int, seconds: float
) -> dict[tuple[str, int, str], list[Sample]]:
    """Load both in turns, so that a busy machine troubles both alike."""
    samples: dict[tuple[str, int, str], list[Sample]] = {}
    for number in range(rounds + 1):
        for operation in ("health", "followers"):
            for connections in CONNECTIONS:
                for each in contestants:
                    run = partial(load, pid=each.pid, connections=connections)
                    sample = run(each.port, each.asked[operation], seconds=seconds)
                    if number:  # the first is to get warm
                        samples.setdefault((operation, connections, each.name), []).append(sample)
    return samples


def _print(
    stored: int,
    samples: dict[tuple[str, int, str], list[Sample]],
    contestants: Sequence[Contestant],
) -> None:
    print(f"{stored:,} sessions stored")
    for (operation, connections, name), rounds in samples.items():
        rate, cpu, p50 = (
            statistics.median(getattr(sample, field) for sample in rounds)
            for field in ("requests_per_s", "cpu_us", "p50_ms")
        )
        print(
            f"{operation:9} {connections:>3}  {name:8} {rate:8.0f} /s {cpu:8.0f} µs CPU"
            f" {p50:8.2f} ms p50"
        )
    for each in contestants:
        print(f"memory         {each.name:8} {status_mib(each.pid, 'VmRSS'):8.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of one load")
    options = parser.parse_args()
    for stored in STORED:
        trio.run(measure, stored, options.rounds, options.seconds)


if __name__ == "__main__":
    main()
