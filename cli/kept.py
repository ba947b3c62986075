"""A demo that is kept running: a life around its account, and its page by a link."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import webbrowser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import trio

from cli.life import ZONE, Life, plan, remember
from cli.output import print_json
from cli.process import has_desktop
from ground.clock import utc_now
from sandbox.life import PEOPLE, POSTS, draw, move_in
from storage import api_keys, browser_sessions, users
from storage.store import open_directly, transaction

if TYPE_CHECKING:
    from rich.console import Console

    from cli.demo import Running


async def keep(
    demo: Running,
    account_id: str,
    username: str,
    console: Console,
    *,
    may_open: bool,
    as_json: bool = False,
) -> None:
    """Fill the demo with weeks of life, show its page, and wait for Ctrl-C or `until_let_go`."""
    console.print("\nWeeks of life move in: people, pictures, a past and plans ...")
    await _live(demo, account_id, username)
    if as_json:
        print_json({"url": demo.url, "dataDir": str(demo.data_dir)})
        sys.stdout.flush()
        await trio.sleep_forever()
    link = await trio.to_thread.run_sync(_link, demo)
    console.print(f"\nIts page, by a link that works once: {link}", soft_wrap=True)
    console.print("Another one: `reprise login-link`, with the variables below")
    console.print(f"Still running: {demo.url}/api/v1  key {demo.key}")
    console.print("To look at it with any command of `reprise`, in another terminal:")
    for name, value in demo.settings.items():
        console.print(f"  export {name}={shlex.quote(value)}", soft_wrap=True)
    console.print(f"  {Path(sys.argv[0])} history", soft_wrap=True)
    console.print("Stop with Ctrl-C.")
    sys.stdout.flush()
    if may_open and has_desktop():
        await trio.to_thread.run_sync(webbrowser.open, link)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            return


async def until_let_go(scope: trio.CancelScope) -> None:
    """Cancel what runs when our input is closed or a signal asks us to end."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_until_closed, nursery.cancel_scope)
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                break
        nursery.cancel_scope.cancel()
    scope.cancel()


async def _until_closed(scope: trio.CancelScope) -> None:
    async with trio.lowlevel.FdStream(os.dup(0)) as given:
        while await given.receive_some():
            pass
    scope.cancel()


async def _live(demo: Running, account_id: str, username: str) -> None:
    world, database = demo.sandbox.world, demo.data_dir / "reprise.db"
    made = await trio.to_thread.run_sync(draw, demo.data_dir.parent / "life")
    key = await trio.to_thread.run_sync(_key, database)
    async with httpx.AsyncClient(
        base_url=f"{demo.url}/api/v1",
        headers={"Authorization": f"Bearer {key}"},
        timeout=120,
        trust_env=False,
    ) as api:
        life = Life(
            account_id=account_id,
            username=username,
            people=[(name, shown) for name, _, _, shown, _ in PEOPLE],
            own=POSTS,
            media={name: await _upload(api, file) for name, file in made.posts.items()},
            videos={name: await _upload(api, file) for name, file in made.videos.items()},
        )
        await trio.to_thread.run_sync(partial(remember, database, life, utc_now()))
        settings = {
            "accountId": account_id, "approvalRequired": True, "timezone": ZONE.key,
            "sleepWindowStart": 23, "sleepWindowEnd": 7, "dailyRepostLimit": 12,
            "signatureOverlay": '{"text": "with thanks to @{username}"}',
        }  # fmt: skip
        await _asked(api, "/story-repost/config", settings)
        await plan(api, life, utc_now())
        await trio.to_thread.run_sync(move_in, world, world.person(username), made)
        await _asked(api, "/story-repost/scan", {"accountId": account_id})


async def _upload(api: httpx.AsyncClient, file: Path) -> str:
    kind = "video/mp4" if file.suffix == ".mp4" else "image/jpeg"
    data = await trio.Path(file).read_bytes()
    answer = await api.post("/media/upload", files={"file": (file.name, data, kind)})
    return str(_said(answer)["id"])


async def _asked(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return _said(await api.post(path, json=body))


def _said(answer: httpx.Response) -> dict[str, Any]:
    said: dict[str, Any] = answer.json()
    if answer.is_error:
        raise RuntimeError(f"{answer.request.url.path}: {said['error']} [{said['code']}]")
    return said


def _key(database: Path) -> str:
    with open_directly(database) as db, transaction(db):
        owner = users.ensure_owner(db, utc_now())
        return api_keys.create(db, user_id=owner.id, name="life", now=utc_now())[1]


def _link(demo: Running) -> str:
    with open_directly(demo.data_dir / "reprise.db") as db, transaction(db):
        owner = users.ensure_owner(db, utc_now())
        code = browser_sessions.create_code(db, user_id=owner.id, now=utc_now())
    return f"{demo.url}/login?code={code}"
