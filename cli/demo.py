"""`reprise demo`: the real daemon against a simulated Instagram, from mention to repost.

The sandbox lives in this process, the daemon is a child process started like a user's, and
everything between them and us goes over sockets.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import trio
from rich.console import Console

from cli import kept
from cli.demo_daemon import make_key, running
from cli.output import print_json, print_table
from ground.clock import utc_now
from sandbox import Sandbox, open_sandbox
from sandbox.world.sample_media import make_photo, make_video
from storage import media_files, repost_history, users
from storage.store import open_directly

USERNAME = "reprise_studio"
PASSWORD = "a-password-of-the-sandbox"  # noqa: S105
# Only what hangs takes as long, on the busiest machine.
DONE_WITHIN_S = 600.0
OPEN_STATES = ("DETECTED", "DOWNLOADED", "WAITING_APPROVAL", "QUEUED")
EXPECTED = frozenset({"anna.portrait", "ben_landscape", "carla.moves", "dora_private"})


@dataclass(frozen=True, slots=True)
class Running:
    """The demo's parts once they run."""

    sandbox: Sandbox
    api: httpx.AsyncClient
    url: str
    key: str
    data_dir: Path
    settings: Mapping[str, str]


async def run_demo(output: Path, keep: bool, as_json: bool, may_open: bool = True) -> bool:
    """Show the main job, save what it made under `output`, and say whether all went well."""
    console = Console(stderr=as_json, highlight=False)
    await trio.Path(output).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="reprise-demo-") as temporary:
        async with _running(Path(temporary), output / "daemon.log") as demo:
            console.print(f"Sandbox on {demo.sandbox.proxy_url}, daemon on {demo.url}")
            account_id = await _connect(demo, console)
            await trio.to_thread.run_sync(_seed, demo.sandbox, Path(temporary) / "stories")
            console.print("Five people mention the account in their stories")
            items = await _repost(demo, account_id, console)
            problems = _check(demo.sandbox)
            await trio.to_thread.run_sync(_save, demo, output)
            result = _result(items, problems, output)
            await trio.Path(output / "result.json").write_text(json.dumps(result, indent=2))
            _report(result, console, as_json=as_json)
            if keep:
                await kept.keep(demo, account_id, USERNAME, console, may_open=may_open)
            return not problems


async def run_page(output: Path, as_json: bool, may_open: bool) -> None:
    """Open the page of a life that has moved in, without the show before it.

    With `as_json` it is for a program: it is told where all is, and lets go by closing our input.
    """
    console = Console(stderr=as_json, highlight=False)
    await trio.Path(output).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="reprise-demo-") as temporary:
        async with trio.open_nursery() as nursery:
            if as_json:
                nursery.start_soon(kept.until_let_go, nursery.cancel_scope)
            async with _running(Path(temporary), output / "daemon.log") as demo:
                account_id = await _connect(demo, console)
                await _switch_on(demo, account_id)
                await kept.keep(
                    demo, account_id, USERNAME, console, may_open=may_open, as_json=as_json
                )
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def _running(directory: Path, log: Path) -> AsyncIterator[Running]:
    data_dir = directory / "data"
    async with open_sandbox(directory / "sandbox") as sandbox:
        settings = {
            "REPRISE_CONFIG": str(_empty(directory / "config.toml")),
            "REPRISE_DATA_DIR": str(data_dir),
            "REPRISE_PROXY": sandbox.proxy_url,
            "REPRISE_CA_FILE": str(sandbox.ca_file),
            "REPRISE_PACE": "0",
        }
        await trio.Path(log).unlink(missing_ok=True)
        async with running(settings, log) as url:
            key = await trio.to_thread.run_sync(make_key, data_dir / "reprise.db")
            async with httpx.AsyncClient(
                base_url=f"{url}/api/v1",
                headers={"Authorization": f"Bearer {key}"},
                timeout=60,
                trust_env=False,
            ) as api:
                yield Running(sandbox, api, url, key, data_dir, settings)


def _empty(path: Path) -> Path:
    path.touch()
    return path


async def _connect(demo: Running, console: Console) -> str:
    demo.sandbox.world.add_person(USERNAME, password=PASSWORD, full_name="Reprise Studio")
    account = await _call(demo, "POST", "/auth/accounts", {"username": USERNAME})
    account_id = str(account["id"])
    login = {"accountId": account_id, "igUsername": USERNAME, "igPassword": PASSWORD}
    await _call(demo, "POST", "/settings/private-api-credentials", login)
    console.print(f"Connected @{USERNAME} and logged in")
    return account_id


def _seed(sandbox: Sandbox, folder: Path) -> None:
    """Let five people mention the account, the last one in a story that is gone already."""
    folder.mkdir()
    world = sandbox.world
    studio = world.person(USERNAME)
    photo, landscape, video = (folder / name for name in ("photo.jpg", "wide.jpg", "video.mp4"))
    make_photo(photo, 1080, 1920, seed=1, label="portrait")
    make_photo(landscape, 1600, 1067, seed=2, label="landscape")
    make_video(video, 720, 1280, seconds=4, fps=30, seed=3)
    day_ago = time.time() - 25 * 3600
    for username, file, private, taken_at in (
        ("anna.portrait", photo, False, None),
        ("ben_landscape", landscape, False, None),
        ("carla.moves", video, False, None),
        ("dora_private", photo, True, None),
        ("emil_yesterday", landscape, False, day_ago),
    ):
        person = world.add_person(username, private=private)
        world.follow(studio, person)
        story = world.add_story(person, file, mentions=[studio], taken_at=taken_at)
        world.mention(story, studio, at=taken_at)


async def _switch_on(demo: Running, account_id: str) -> None:
    settings = {"accountId": account_id, "sleepWindowStart": 0, "sleepWindowEnd": 0}
    await _call(demo, "POST", "/story-repost/config", settings)
    await _call(demo, "POST", "/story-repost/enable", {"accountId": account_id})


async def _repost(demo: Running, account_id: str, console: Console) -> list[dict[str, Any]]:
    """Switch reposting on, ask for a scan, and follow the mentions until none is open."""
    await _switch_on(demo, account_id)
    scan = await _call(demo, "POST", "/story-repost/scan", {"accountId": account_id})
    console.print(f"Scan finished after {scan['requests']} requests to Instagram")
    shown: dict[str, str] = {}
    with trio.fail_after(DONE_WITHIN_S):
        while True:
            history = await _call(demo, "GET", f"/story-repost/history?accountId={account_id}")
            items: list[dict[str, Any]] = history["reposts"]
            for item in sorted(items, key=lambda item: str(item["updatedAt"])):
                state = item["status"] + (f": {item['reason']}" if item["reason"] else "")
                if shown.get(item["id"]) != state:
                    shown[item["id"]] = state
                    console.print(f"  @{item['originalUsername']:<15} {state}")
            if len(items) == 5 and not any(item["status"] in OPEN_STATES for item in items):
                return items
            await trio.sleep(0.7)  # a key has a hundred requests a minute, however slow the machine


async def _call(
    demo: Running, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    response = await demo.api.request(method, path, json=body)
    answer: dict[str, Any] = json.loads(response.content)
    if response.is_error:
        raise RuntimeError(f"{method} {path}: {answer['error']} [{answer['code']}]")
    return answer


def _check(sandbox: Sandbox) -> list[str]:
    """Return what the sandbox's ledger says against the demo: nothing, when all went well."""
    live = [post for post in sandbox.ledger.published if post.account == USERNAME]
    mentioned = [[mention.username for mention in post.mentions] for post in live]
    problems = []
    if sorted(mentioned) != [[username] for username in sorted(EXPECTED)]:
        problems.append(f"expected one story for each of {sorted(EXPECTED)}, saw {mentioned}")
    if sandbox.ledger.unknown:
        first = sandbox.ledger.unknown[0]
        problems.append(f"a request Instagram would not know: {first.method} {first.path}")
    return problems


def _save(demo: Running, output: Path) -> None:
    """Copy the composed cards, and the stories as the sandbox received them, to `output`."""
    for name in ("cards", "received"):
        shutil.rmtree(output / name, ignore_errors=True)
        (output / name).mkdir()
    with open_directly(demo.data_dir / "reprise.db") as db:
        owner = users.ensure_owner(db, utc_now())
        for repost in repost_history.page(db, owner.id):
            for media in media_files.of_post(db, repost.post_id) if repost.post_id else ():
                card = demo.data_dir / "media" / media.storage_path
                shutil.copy(card, output / "cards" / f"{repost.author_username}{card.suffix}")
    for post in demo.sandbox.ledger.published:
        names = "+".join(mention.username for mention in post.mentions) or str(post.pk)
        suffix = ".mp4" if post.kind == "video" else ".jpg"
        shutil.copy(post.file, output / "received" / f"{names}{suffix}")


def _result(items: list[dict[str, Any]], problems: list[str], output: Path) -> dict[str, Any]:
    keys = ("originalUsername", "kind", "status", "reason", "permalink")
    return {
        "ok": not problems,
        "problems": problems,
        "reposts": [{key: item[key] for key in keys} for item in items],
        "output": str(output),
    }


def _report(result: dict[str, Any], console: Console, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    console.print()
    print_table(
        ["Author", "Kind", "State", "Reason", "Permalink"],
        [
            (f"@{i['originalUsername']}", i["kind"], i["status"], i["reason"], i["permalink"])
            for i in result["reposts"]
        ],
    )
    console.print(f"\nCards, received stories and the log are in {result['output']}")
    for problem in result["problems"]:
        console.print(f"Problem: {problem}", style="bold red")
    if result["ok"]:
        console.print(
            "The sandbox saw exactly four story posts, each with its author's mention, "
            "none of them twice."
        )
