"""`reprise demo --cloud`: a scheduled post goes out while the daemon is off.

Instagram and Cloudflare are simulated in this process, the Worker runs in Cloudflare's own runtime,
and the daemon is a child process that is stopped before the post is due.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import trio
from rich.console import Console

from cli.demo_daemon import environment, make_key, running
from cli.failure import Failed
from cli.output import print_json
from ground.clock import utc_now
from sandbox import Sandbox, open_sandbox
from sandbox.cloud.binary import NoWorkerd, workerd
from sandbox.cloud.cloudflare import Cloudflare, open_cloudflare
from sandbox.world.sample_media import make_photo

USERNAME = "reprise_studio"
CAPTION = "Sent while the machine was off"
_DUE_IN_S = 8.0
_DONE_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class _Skies:
    """What does not end when the daemon does."""

    sandbox: Sandbox
    cloudflare: Cloudflare
    settings: dict[str, str]
    directory: Path
    log: Path
    console: Console

    def say(self, words: str) -> None:
        self.console.print(f"{datetime.now():%H:%M:%S}  {words}", highlight=False, soft_wrap=True)  # noqa: DTZ005

    async def command(self, *words: str, given: str = "") -> dict[str, Any]:
        """Run `reprise` as a user does, and return what it prints as JSON."""
        done = await trio.run_process(
            [sys.executable, "-m", "daemon", *words, "--json"],
            env=environment(self.settings),
            stdin=given.encode(),
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            raise Failed(f"reprise {' '.join(words)}: {done.stdout.decode()[-500:]}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


async def run_cloud_demo(output: Path, as_json: bool) -> bool:
    """Show a post that goes out of the cloud, and say whether all went well."""
    began = time.monotonic()
    console = Console(stderr=as_json)
    await trio.Path(output).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="reprise-demo-") as temporary:
        async with _skies(Path(temporary), output / "daemon.log", console) as skies:
            post_id = await _hand_over(skies)
            await _wait_for_it(skies)
            post = await _known(skies, post_id)
            problems = _problems(skies, post)
    result = {
        "ok": not problems,
        "problems": problems,
        "post": {name: post[name] for name in ("status", "igPermalink", "publishedAt")},
        "seconds": round(time.monotonic() - began, 1),
    }
    if as_json:
        print_json(result)
    for problem in problems:
        console.print(f"Problem: {problem}", style="bold red")
    if not problems:
        console.print(f"It went out once, and the daemon knows. {result['seconds']} s in all.")
    return not problems


@asynccontextmanager
async def _skies(directory: Path, log: Path, console: Console) -> AsyncIterator[_Skies]:
    try:
        program = workerd()
    except NoWorkerd as missing:
        raise Failed(str(missing)) from None
    await trio.Path(log).unlink(missing_ok=True)
    config = directory / "config.toml"
    await trio.Path(config).touch()
    async with (
        open_sandbox(directory / "sandbox") as sandbox,
        open_cloudflare(
            directory / "cloudflare",
            program,
            proxy_url=sandbox.proxy_url,
            ca_file=sandbox.ca_file,
        ) as cloudflare,
    ):
        cloudflare.texts["PACE"] = "0.1"  # its pauses, as those of the daemon, are not shown
        settings = {
            "REPRISE_CONFIG": str(config),
            "REPRISE_DATA_DIR": str(directory / "data"),
            "REPRISE_PROXY": sandbox.proxy_url,
            "REPRISE_CA_FILE": str(sandbox.ca_file),
            "REPRISE_CLOUDFLARE_API": cloudflare.url,
            "REPRISE_PACE": "0",
        }
        yield _Skies(sandbox, cloudflare, settings, directory, log, console)


async def _hand_over(skies: _Skies) -> str:
    """Deploy the Worker, schedule a post, and stop the daemon before it is due."""
    world = skies.sandbox.world
    graph = world.connect_graph(world.add_person(USERNAME), login_method="instagram")
    photo = skies.directory / "photo.jpg"
    await trio.to_thread.run_sync(lambda: make_photo(photo, 1080, 1080, seed=1, label="cloud"))
    async with running(skies.settings, skies.log) as url:
        skies.say(f"The daemon runs at {url}")
        token = ("account", "add", "--username", USERNAME, "--ig-user-id", graph.ig_user_id)
        await skies.command(*token, "--access-token-stdin", given=graph.token)
        given = skies.cloudflare.account.token
        deployed = await skies.command("cloud", "deploy", "--keep-token", given=given)
        for step in deployed["steps"]:
            skies.say(f"  {step}")
        async with _client(skies, url) as api:
            account = (await _call(api, "GET", "/auth/me"))["accounts"][0]["id"]
            part = ("photo.jpg", photo.read_bytes(), "image/jpeg")
            media = await _call(api, "POST", "/media/upload", files={"file": part})
            due = utc_now() + timedelta(seconds=_DUE_IN_S)
            body = {
                "accountId": account,
                "mediaFileId": media["id"],
                "mediaType": "IMAGE",
                "caption": CAPTION,
                "scheduledFor": due.isoformat(),
            }
            made = await _call(api, "POST", "/schedule", json=body)
        if not made["isCloudflare"]:
            raise Failed(f"The post was not handed over: {made}")
        skies.say(f"Scheduled for {due.astimezone():%H:%M:%S}: the cloud has it")
    skies.say("The daemon is stopped")
    return str(made["postId"])


async def _wait_for_it(skies: _Skies) -> None:
    with trio.fail_after(_DONE_WITHIN_S):
        while True:
            if _live(skies):
                break
            await trio.sleep(0.1)
    skies.say("The post is live, with no daemon running")


async def _known(skies: _Skies, post_id: str) -> dict[str, Any]:
    """Start the daemon again and wait until it knows what became of the post."""
    async with running(skies.settings, skies.log) as url, _client(skies, url) as api:
        skies.say("The daemon runs again")
        with trio.fail_after(_DONE_WITHIN_S):
            while True:
                post = await _call(api, "GET", f"/posts/{post_id}")
                if post["status"] in ("PUBLISHED", "FAILED"):
                    break
                await trio.sleep(0.5)
    skies.say(f"It knows: {post['status']} {post['igPermalink'] or ''}")
    return post


def _problems(skies: _Skies, post: dict[str, Any]) -> list[str]:
    live = _live(skies)
    problems = [] if live == [CAPTION] else [f"expected one post, saw {live}"]
    if post["status"] != "PUBLISHED":
        problems.append(f"the daemon says {post['status']}: {post['errorMessage']}")
    return problems


def _live(skies: _Skies) -> list[str | None]:
    world = skies.sandbox.world
    return [each.caption for each in world.published(world.person(USERNAME))]


@asynccontextmanager
async def _client(skies: _Skies, url: str) -> AsyncIterator[httpx.AsyncClient]:
    database = skies.directory / "data" / "reprise.db"
    key = await trio.to_thread.run_sync(make_key, database)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        base_url=f"{url}/api/v1", headers=headers, timeout=60, trust_env=False
    ) as client:
        yield client


async def _call(api: httpx.AsyncClient, method: str, path: str, **more: Any) -> dict[str, Any]:
    response = await api.request(method, path, **more)
    answer: dict[str, Any] = json.loads(response.content)
    if response.is_error:
        raise Failed(f"{method} {path}: {answer['error']} [{answer['code']}]")
    return answer
