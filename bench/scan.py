"""What a scan costs: requests to Instagram, and time until the first story is out.

Five mentions lie among 200 chats. The daemon is a real process, the sandbox runs here.
Run: `python -m bench scan`
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from sandbox import Sandbox, open_sandbox
from sandbox.world import items
from sandbox.world.person import Person
from sandbox.world.sample_media import make_photo
from tests.support.process import Daemon, environment, reprise, running

THREADS, MENTIONS = 200, 5
HOUR = 3600.0


def fill(sandbox: Sandbox, studio: Person, folder: Path, *, newest: float) -> None:
    """Give the account 200 chats, the newest `newest` seconds ago and then a minute apart."""
    for number in range(THREADS):
        at = time.time() - newest - number * 60
        other = sandbox.world.add_person(f"chat{number}")
        text = items.plain_text(other, "hello", at=at)
        sandbox.world.add_thread(studio, other, last_activity_at=at, items=[text])
    photo = folder / "photo.jpg"
    make_photo(photo, 1080, 1920, seed=1)
    for number in range(MENTIONS):
        friend = sandbox.world.add_person(f"friend{number}")
        story = sandbox.world.add_story(friend, photo, mentions=[studio])
        sandbox.world.mention(story, studio)


async def measure(newest: float) -> None:
    """Scan twice on a fresh daemon and print what it cost."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with open_sandbox(folder / "sandbox") as sandbox:
            studio = sandbox.world.add_person("studio", password="secret")
            fill(sandbox, studio, folder, newest=newest)
            env = environment(folder, sandbox)
            added = await reprise("account", "add", "--username", "studio", "--json", env=env)
            login = ("account", "login", "--username", "studio", "--password-stdin")
            await reprise(*login, env=env, stdin="secret\n")
            made = await reprise("key", "create", "bench", "--json", env=env)
            async with running(env, folder / "log") as daemon:
                await _scan_twice(sandbox, daemon, added.json["id"], made.json["fullKey"], newest)


async def _scan_twice(
    sandbox: Sandbox, daemon: Daemon, account_id: str, key: str, newest: float
) -> None:
    body = {"accountId": account_id}
    awake = {**body, "sleepWindowStart": 0, "sleepWindowEnd": 0}
    await daemon.call("POST", "/story-repost/config", key, awake)
    # Approval first, so that the scan is measured and not the engine's own first look.
    started = time.perf_counter()
    first = (await daemon.call("POST", "/story-repost/scan", key, body)).json()
    scanned = time.perf_counter() - started
    await daemon.call("POST", "/story-repost/enable", key, body)
    await sandbox.ledger.wait_until(lambda: bool(sandbox.ledger.published), timeout=60)
    published = time.perf_counter() - started
    await sandbox.ledger.wait_until(lambda: len(sandbox.ledger.published) == MENTIONS, timeout=60)
    every = time.perf_counter() - started
    await trio.sleep(1)
    second = (await daemon.call("POST", "/story-repost/scan", key, body)).json()
    print(
        f"chats {newest / HOUR:4.0f} h old: first scan {first['requests']:2d} requests"
        f" ({first['detected']} found), second {second['requests']} ({second['detected']} found);"
        f" scan {scanned:.2f} s, first story {published:.2f} s, all five {every:.2f} s"
    )


def main() -> None:
    """Print the cost for an inbox of old chats and for one of fresh chats."""
    trio.run(measure, 72 * HOUR)
    trio.run(measure, 1 * HOUR)


if __name__ == "__main__":
    main()
