"""The daemon is killed once at each step of what it does with the Worker and at Cloudflare."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from ground.clock import utc_now
from sandbox import Sandbox
from sandbox.cloud.cloudflare import Cloudflare, Deliver, open_cloudflare
from sandbox.wire.faults import Fault
from sandbox.wire.message import Data, Exchange, Request, Response
from storage import handovers
from storage.opening import look_into
from storage.times import to_text
from tests.crash.chain import Chain, open_chain
from tests.support.limits import DEADLOCK_S
from tests.support.process import Finished, reprise

TELLS, MEDIA, POST, RUNS, BACK, HEARS = (
    ("PUT", "/v1/accounts/"),
    ("PUT", "/v1/media/"),
    ("PUT", "/v1/jobs/"),
    ("POST", "/activate"),
    ("POST", "/recall"),
    ("GET", "/v1/changes"),
)
# What is done with a post, and at which request of it the daemon is killed: before it has its
# effect, and after.
TABLE = [
    (act, step, is_after)
    for act, steps in {
        "hand over": (TELLS, MEDIA, POST, RUNS, HEARS),
        "edit": (BACK, MEDIA, POST, RUNS, HEARS),
        "move": (BACK, POST, RUNS),
        "take back": (BACK,),
        "delete": (BACK,),
    }.items()
    for step in steps
    for is_after in (False, True)
]
FEW = [("hand over", RUNS, True), ("edit", POST, True), ("take back", BACK, True)]
_GONE = Response(502, Data(b"nobody hears it"))


@dataclass(kw_only=True)
class Killing:
    """Kills the daemon at the first request of a step. It is a way to the Worker, and a fault."""

    chain: Chain
    step: tuple[str, str] = ("", "")
    is_after: bool = False
    has_begun: bool = False
    killed: trio.Event = field(default_factory=trio.Event)

    async def __call__(self, request: Request, deliver: Deliver) -> Response:
        method, path = self.step
        if self.has_begun or request.method != method or path not in request.path:
            return await deliver()
        self.has_begun = True
        if self.is_after:
            await deliver()
        return await self._kill()

    async def answer(self, exchange: Exchange) -> Response:
        if self.is_after:
            await exchange.perform()
        return await self._kill()

    async def _kill(self) -> Response:
        await self.chain.kill()
        self.killed.set()
        return _GONE


@dataclass(kw_only=True)
class Ladder:
    """A daemon under a Worker, killed at one step after the other."""

    chain: Chain
    cloudflare: Cloudflare
    media: str = ""

    async def command(self, *words: str) -> Finished:
        token = f"{self.cloudflare.account.token}\n"
        return await reprise("cloud", *words, "--json", env=self.chain.env, stdin=token)

    async def schedule(self, caption: str, in_s: float) -> str | None:
        account = self.chain.accounts["instagram"]
        body = {"accountId": account.id, "mediaType": "IMAGE", "mediaFileId": self.media}
        said = {"caption": caption, "scheduledFor": soon(in_s)}
        made = await self.asked("POST", "/schedule", {**body, **said})
        return None if made is None else made["postId"]

    async def asked(self, method: str, path: str, body: Any = None) -> Any:
        """Return an answer, None where the kill has swallowed it."""
        try:
            answer = await self.chain.client.request(method, f"/api/v1{path}", json=body)
        except httpx.HTTPError:
            return None
        assert answer.status_code in (200, 201, 502), answer.text
        return answer.json()

    def posts(self) -> dict[str, tuple[str, str]]:
        """Return state and words of every post, by id."""
        with look_into(self.chain.directory / "data" / "reprise.db") as db:
            rows = db.conn.execute("SELECT id, status, caption FROM posts").fetchall()
        return {row[0]: (row[1], row[2]) for row in rows}

    def owner(self, post_id: str) -> str:
        with look_into(self.chain.directory / "data" / "reprise.db") as db:
            row = handovers.find(db, post_id)
        return "" if row is None else row.owner

    def live(self, caption: str) -> Counter[str]:
        every = (each.caption or "" for each in self.chain.live(self.chain.accounts["instagram"]))
        return Counter(each for each in every if each.startswith(caption))

    async def until(self, done: Any, what: str) -> None:
        with trio.move_on_after(DEADLOCK_S):
            while not done():
                await trio.sleep(0.05)
            return
        raise AssertionError((what, self.posts(), self.chain.log[-2000:]))


# By then the daemon that was killed is up again, on the busiest machine.
_AHEAD_S = 20.0


def soon(in_s: float) -> str:
    return to_text(utc_now() + timedelta(seconds=in_s))


@asynccontextmanager
async def open_ladder(sandbox: Sandbox, directory: Path, program: Path) -> AsyncIterator[Ladder]:
    async with (
        open_cloudflare(
            directory / "cloudflare", program, proxy_url=sandbox.proxy_url, ca_file=sandbox.ca_file
        ) as cloudflare,
        open_chain(sandbox, directory, {"REPRISE_CLOUDFLARE_API": cloudflare.url}) as chain,
    ):
        cloudflare.texts["PACE"] = "0.02"
        yield Ladder(chain=chain, cloudflare=cloudflare)


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "table",
    [
        pytest.param(TABLE, marks=[pytest.mark.soak, pytest.mark.timeout(1800)], id="all"),
        pytest.param(FEW, id="few"),
    ],
)
async def test_killed_at_each_step_a_post_has_one_owner_and_one_end(
    sandbox: Sandbox, tmp_path: Path, program: Path, table: list[tuple[str, tuple[str, str], bool]]
) -> None:
    async with open_ladder(sandbox, tmp_path, program) as ladder:
        done = await ladder.command("deploy")
        assert done.code == 0, done.err
        ladder.media = await ladder.chain.photo(400, 500, 1)
        for number, (act, step, is_after) in enumerate(table):
            where = f"{act} at {step[1]} {'after' if is_after else 'before'} it"
            await killed_at(ladder, f"{number}.", act, step, is_after, where)
        assert ladder.chain.kills == len(table)
        assert "Traceback" not in ladder.chain.log


async def killed_at(
    ladder: Ladder, words: str, act: str, step: tuple[str, str], is_after: bool, where: str
) -> None:
    """Do something with a post, kill the daemon meanwhile, and look what becomes of the post."""
    ladder.cloudflare.way = None
    killing = Killing(chain=ladder.chain, step=step, is_after=is_after)
    if act == "hand over":
        ladder.cloudflare.way = killing
        await ladder.schedule(words, 5)
    else:
        post_id = await ladder.schedule(words, 20)
        assert post_id is not None
        await ladder.until(lambda: ladder.owner(post_id) == "CLOUD", where)
        ladder.cloudflare.way = killing
        match act:
            case "edit":
                new = {"caption": f"{words} new", "scheduledFor": soon(_AHEAD_S)}
                await ladder.asked("PUT", f"/schedule/{post_id}", new)
            case "move":
                await ladder.asked(
                    "POST", f"/posts/{post_id}/reschedule", {"scheduledFor": soon(_AHEAD_S)}
                )
            case "take back":
                await ladder.asked("DELETE", f"/schedule/{post_id}")
            case "delete":
                await ladder.asked("DELETE", f"/posts/{post_id}")
    await ladder.until(killing.killed.is_set, where)
    await ladder.chain.start()
    (found,) = [
        each for each, (_state, said) in ladder.posts().items() if said.startswith(words)
    ] or [""]
    ends = {"take back": {"DRAFT"}, "delete": {""}}.get(act, {"PUBLISHED"})

    def is_over() -> bool:
        state, _words = ladder.posts().get(found, ("", ""))
        return state in ends and ladder.owner(found) in ("LOCAL", "")

    await ladder.until(is_over, where)
    live = ladder.live(words)
    if ends != {"PUBLISHED"}:
        assert not live, (where, live)
        return
    assert list(live.values()) == [1], (where, live)
    # What was begun to be edited goes out as it was wanted.
    assert set(live) == {f"{words} new" if act == "edit" else words}, (where, live)


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(True, marks=[pytest.mark.soak, pytest.mark.timeout(1800)], id="all"),
        pytest.param(False, id="the upload"),
    ],
)
async def test_killed_at_each_step_of_a_deploy_and_of_a_removal_the_next_ends_it(
    sandbox: Sandbox, tmp_path: Path, program: Path, whole: bool
) -> None:
    async with open_ladder(sandbox, tmp_path, program) as ladder:
        account = ladder.cloudflare.account
        for words in (["deploy"], ["remove", "--yes"]):
            if words[0] == "remove":
                await gone(ladder)
            ladder.cloudflare.asked.clear()
            if words[0] == "remove" or whole:
                await ladder.command("deploy")
                if words[0] == "remove":
                    ladder.cloudflare.asked.clear()
                    await ladder.command(*words)
            asked = [(method, path) for method, path, _status in ladder.cloudflare.asked]
            upload = ("PUT", f"/accounts/{account.id}/workers/scripts/reprise-worker")
            steps = [(*each, asked[:at].count(each)) for at, each in enumerate(asked)]
            if not whole:
                steps = [(*upload, 0)] if words[0] == "deploy" else [("DELETE", upload[1], 0)]
            for method, path, skip in steps:
                if words[0] == "deploy":
                    await gone(ladder)
                else:
                    assert (await ladder.command("deploy")).code == 0
                where = (words[0], method, path, skip)
                # A namespace has another number each time.
                has_number = "/namespaces/" in path
                killing = Killing(chain=ladder.chain, is_after=True)
                fault = Fault(kind=killing, method=method, skip=skip)
                ladder.cloudflare.faults.add(
                    replace(fault, path="/namespaces/")
                    if has_number
                    else replace(fault, path_end=path)
                )
                broken = await ladder.command(*words)
                await ladder.until(killing.killed.is_set, f"{where}: {broken.err}")
                assert "ended before it had answered" in broken.err, (where, broken.err)
                ladder.cloudflare.faults.clear()
                await ladder.chain.start()
                done = await ladder.command(*words)
                if words[0] == "deploy":
                    assert done.code == 0, (where, done.err)
                    assert len(account.scripts) == len(account.namespaces) == 1, where
                else:
                    assert is_gone(ladder), (where, done.err)
        assert "Traceback" not in ladder.chain.log


async def gone(ladder: Ladder) -> None:
    """Have everything removed that may be there, the account's name below workers.dev too."""
    await ladder.command("remove", "--yes")
    ladder.cloudflare.account.subdomain = None
    assert is_gone(ladder)


def is_gone(ladder: Ladder) -> bool:
    account = ladder.cloudflare.account
    return not (account.scripts or account.namespaces or account.buckets)
