"""What happens around a running Worker: new code, tokens that end, stores that fail, alarms."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass, replace
from typing import Any

import pytest
import trio

from cloud.worker_client import WorkerUnreachable
from sandbox.wire.faults import Fault, Hang, Kind, Reset, Status, graph_error
from sandbox.wire.message import Exchange, Response
from sandbox.world.graph_account import GraphAccount
from tests.cloud.conftest import GRACE_MS, Sky, deployed_at
from tests.cloud.test_deploying import Says
from tests.support.limits import DEADLOCK_S

pytestmark = pytest.mark.acceptance

REQUESTS = ("/content_publishing_limit", "/media", "", "/media_publish")


@dataclass
class Held:
    """Holds one request up until it is released: its effect comes before that, then, or never."""

    effect: str

    def __post_init__(self) -> None:
        self.reached, self.released = trio.Event(), trio.Event()

    async def answer(self, exchange: Exchange) -> Response:
        if self.effect == "before":
            await exchange.perform()
        self.reached.set()
        await self.released.wait()
        if self.effect == "late":
            await exchange.perform()
        return await Reset().answer(exchange)


def at_request(sky: Sky, graph: GraphAccount, path: str, kind: Kind) -> None:
    """Have a fault meet the Worker's first request of that kind for an account."""
    account, host = graph.person.username, "graph.instagram.com"
    fault = Fault(path_end=path, account=account, kind=kind, skip=0 if path else 1, host=host)
    sky.sandbox.faults.add(fault)


async def test_new_code_starts_while_requests_of_the_old_are_under_way(sky: Sky) -> None:
    """A deploy finds a post at each request: each is out once, and what waits still waits."""
    lanes: list[tuple[str, Any, Any, Held]] = []
    for path in REQUESTS:
        for effect in ("before", "late", "never") if "media" in path else ("before",):
            graph = await sky.account()
            name = f"{path} {effect}"
            asked = await sky.job(graph, name)
            held = Held(effect)
            at_request(sky, graph, path, held)
            await sky.worker.put_job(asked, activate=True)
            lanes.append((name, graph, asked, held))
    waiting = await sky.account()
    later = await sky.job(waiting, "later", due_in_s=3600)
    await sky.worker.put_job(later, activate=True)
    with trio.fail_after(DEADLOCK_S):
        for *_, held in lanes:
            await held.reached.wait()
    sky.cloudflare.texts["PACE"] = "0.02"  # it is another version
    await deployed_at(sky.cloudflare, sky.keys)
    for *_, held in lanes:
        held.released.set()
    for name, graph, asked, _held in lanes:
        job = await sky.ended(graph, asked.post_id)
        assert (job["state"], bool(job["mediaId"])) == ("DONE", True), (name, job)
        assert sky.live(graph) == [name.strip()]
    assert (await sky.worker.changes(waiting.ig_user_id, 0))["jobs"][0]["state"] == "SCHEDULED"
    at_once = replace(later, epoch=2, due_ms=later.due_ms - 3_600_000)
    await sky.worker.put_job(at_once, activate=True)
    assert (await sky.ended(waiting, later.post_id))["state"] == "DONE", "the token was kept"
    assert sky.live(waiting) == ["later"]


async def test_a_token_that_ends_while_a_post_is_under_way(sky: Sky) -> None:
    """Revoked at each request: failed where nothing was sent, else settled with the new token."""
    lanes = []
    for path in REQUESTS:
        graph = await sky.account()
        asked = await sky.job(graph, path)
        held = Held("before")
        at_request(sky, graph, path, held)
        await sky.worker.put_job(asked, activate=True)
        with trio.fail_after(DEADLOCK_S):
            await held.reached.wait()
        ended = graph_error("token_expired")
        sky.sandbox.faults.add(Fault(account=graph.person.username, times=None, kind=ended))
        held.released.set()
        lanes.append((path, graph, asked))
    for path, graph, asked in lanes[:-1]:
        job = await sky.ended(graph, asked.post_id)
        assert (job["state"], job["problem"]["code"]) == ("FAILED", 190), (path, job)
        assert sky.live(graph) == []
    _path, graph, asked = lanes[-1]
    await trio.sleep(0.3)
    (job,) = (await sky.worker.changes(graph.ig_user_id, 0))["jobs"]
    assert job["state"] == "PUBLISHING", "it may be live, which nobody can ask now"
    sky.sandbox.faults.clear()
    await sky.hand_token(graph)
    job = await sky.ended(graph, asked.post_id)
    assert (job["state"], bool(job["mediaId"])) == ("DONE", True), job
    assert sky.live(graph) == ["/media_publish"]


def numbered(code: int | str, message: str = "Not now") -> Status:
    error = {"message": message, "type": "OAuthException", "code": code}
    return Status(400, json={"error": error})


DENIED = graph_error("permission_missing")
FAILED = Says(200, b'{"status_code":"ERROR","status":"Error: 2207076","id":"1"}')
# What meets a post on its way, each so often: nothing of it is its end.
PASSING: dict[str, list[dict[str, Any]]] = {
    "trouble, then not fetched": [
        {"path_end": "/media", "kind": graph_error("unknown"), "times": 4},
        {"path_end": "/media", "kind": numbered(9004)},
    ],
    "trouble, then not processed": [
        {"path_end": "/media", "method": "POST", "kind": graph_error("unknown"), "times": 4},
        {"method": "GET", "skip": 1, "kind": FAILED},
    ],
    "as often as an app may ask": [{"path_end": "/media", "kind": numbered(80002)}],
    "a number as text": [{"path_end": "/media", "kind": numbered("4")}],
    "a number in words": [{"path_end": "/media", "kind": numbered(100, "error code 2207003")}],
    "a limit where it is sent": [{"path_end": "/media_publish", "kind": numbered(341), "times": 2}],
    "sent in vain for long": [{"path_end": "/media_publish", "kind": Reset(), "times": 14}],
    "may not list what is there": [
        {"path_end": "/media", "method": "GET", "kind": DENIED, "times": None}
    ],
}


async def test_what_passes_ends_no_post_and_several_kinds_are_not_added_up(sky: Sky) -> None:
    sky.cloudflare.texts["PACE"] = "0.0002"
    await deployed_at(sky.cloudflare, sky.keys)
    lanes = []
    for name, met in PASSING.items():
        graph = await sky.account()
        for fault in met:
            sky.sandbox.faults.add(Fault(**fault, account=graph.person.username))
        asked = await sky.job(graph, name)
        await sky.worker.put_job(asked, activate=True)
        lanes.append((name, graph, asked))
    ended = {
        name: ((await sky.ended(graph, asked.post_id))["state"], sky.live(graph))
        for name, graph, asked in lanes
    }
    assert ended == {name: ("DONE", [name]) for name in PASSING}


async def test_what_has_rested_for_long_is_not_given_up_by_one_odd_answer(sky: Sky) -> None:
    """The quota was used up, or the account was held: nobody has asked in vain meanwhile."""
    graph = await sky.account()
    await sky.hand_token(graph, grace_ms=24 * GRACE_MS)
    for step in ("/content_publishing_limit", "/media_publish"):
        fault = Fault(path_end=step, account=graph.person.username, kind=graph_error("unknown"))
        sky.sandbox.faults.add(fault)
    asked = await sky.job(graph, "rested", due_in_s=-7 * 3600)
    await sky.worker.put_job(asked, activate=True)
    job = await sky.ended(graph, asked.post_id)
    assert (job["state"], sky.live(graph)) == ("DONE", ["rested"]), job


async def test_what_a_container_says_against_the_account_is_heard(sky: Sky) -> None:
    graph = await sky.account()
    name = graph.person.username
    blocked = Says(200, b'{"status_code":"ERROR","status":"Error: 2207051","id":"1"}')
    sky.sandbox.faults.add(Fault(method="GET", account=name, skip=1, kind=blocked, times=None))
    asked = await sky.job(graph, "blocked")
    await sky.worker.put_job(asked, activate=True)
    job = await sky.ended(graph, asked.post_id)
    assert (job["state"], job["problem"]["subcode"]) == ("FAILED", 2207051)
    made = sky.sandbox.ledger.find(account=name, method="POST")
    assert len(made) == 1, "no second container is made for an account that is blocked"
    (lane,) = [each for each in (await sky.worker.diagnostics())["lanes"]
               if each["account"] == graph.ig_user_id]  # fmt: skip
    assert lane["heldUntil"]


async def test_what_was_sent_in_vain_is_given_back_while_it_rests(sky: Sky) -> None:
    graph = await sky.account()
    limit = Fault(path_end="/media_publish", account=graph.person.username, kind=numbered(4))
    sky.sandbox.faults.add(limit)
    asked = await sky.job(graph, "later")
    await sky.worker.put_job(asked, activate=True)
    with trio.fail_after(DEADLOCK_S):
        sent_in_vain = False
        while not sent_in_vain:
            (job,) = (await sky.worker.changes(graph.ig_user_id, 0))["jobs"]
            sent_in_vain = job["state"] == "READY" and job["publishingAt"] is not None
    given = await sky.worker.recall(asked.post_id, asked.account, 2)
    assert given["state"] == "RECALLED"
    assert sky.live(graph) == []


async def test_an_account_that_is_blocked_is_told_at_once(sky: Sky) -> None:
    """Before anything was sent, too: the daemon hears of it, and no other post asks anything."""
    graph = await sky.account()
    name = graph.person.username
    other, first = await sky.job(graph, "other"), await sky.job(graph, "first")
    busy = Says(200, b'{"status_code":"IN_PROGRESS","id":"1"}')
    sky.sandbox.faults.add(Fault(method="GET", account=name, kind=busy, skip=1, times=None))
    await sky.worker.put_job(other, activate=True)
    with trio.fail_after(DEADLOCK_S):
        container = None
        while container is None:
            (job,) = (await sky.worker.changes(other.account, 0))["jobs"]
            container = job["container"]
    sky.sandbox.faults.clear()
    sky.sandbox.faults.add(Fault(path_end=container, account=name, kind=busy, times=None))
    blocked = graph_error("spam_block")
    sky.sandbox.faults.add(Fault(path_end="/media", method="POST", account=name, kind=blocked))
    await sky.worker.put_job(first, activate=True)
    job = await sky.ended(graph, first.post_id)
    assert (job["state"], job["problem"]["subcode"]) == ("FAILED", 2207051), job
    await trio.sleep(0.2)
    asked = len(sky.sandbox.ledger.find(account=name))
    await trio.sleep(0.3)
    assert len(sky.sandbox.ledger.find(account=name)) == asked
    assert sky.live(graph) == []


async def test_stores_that_fail_or_hang_hold_no_post_up(sky: Sky) -> None:
    full = Says(429, b"KV PUT failed: 429 Too Many Requests")
    for kind in (Hang(), full, Reset()):
        sky.cloudflare.kv_faults.add(Fault(kind=kind, times=None))
        graph = await sky.account()
        asked = await sky.job(graph, f"{kind}")
        await sky.worker.put_job(asked, activate=True)
        assert (await sky.ended(graph, asked.post_id))["state"] == "DONE", kind
        assert sky.live(graph) == [f"{kind}"]
        sky.cloudflare.kv_faults.clear()

    # What reports a failure and was stored all the same is stored again.
    graph = await sky.account()
    sky.cloudflare.r2_faults.add(Fault(kind=Says(500, b"", after_effect=True), method="PUT"))
    with pytest.raises(Exception, match="503"):
        await sky.job(graph, "stored")
    asked = await sky.job(graph, "stored")
    await sky.worker.put_job(asked, activate=True)
    assert (await sky.ended(graph, asked.post_id))["state"] == "DONE"


async def test_the_cron_sets_lost_alarms_whatever_else_fails(sky: Sky) -> None:
    """R2 is down, the cron comes twice, late, and not at all: what is due goes out."""
    over, graph = await sky.account(), await sky.account()
    first = await sky.job(over, "over")
    await sky.worker.put_job(first, activate=True)
    await sky.ended(over, first.post_id)
    asked = await sky.job(graph, "its alarm is lost", due_in_s=1.0)
    await sky.worker.put_job(asked, activate=True)
    await sky.cloudflare.kill()
    (alarms,) = (sky.picture.parent / "cloudflare").rglob("reprise-worker-Lane/metadata.sqlite")
    with sqlite3.connect(alarms) as db:
        (table,) = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if "ALARM" in name.upper()
        ]
        assert db.execute(f"DELETE FROM {table}").rowcount >= 1
    await sky.cloudflare.revive()
    await trio.sleep(3.5)  # an alarm counts as lost when it is long over, here 1.2 s
    assert sky.live(graph) == []
    sky.cloudflare.r2_faults.add(Fault(kind=Says(500, b""), method="PUT", times=None))
    now = time.time()
    await sky.cloudflare.cron(at=now - now % 900 + 60)  # the one of the quarter was left out
    job = await sky.ended(graph, asked.post_id)
    assert (job["state"], sky.live(graph)) == ("DONE", ["its alarm is lost"])
    sky.cloudflare.r2_faults.clear()
    later = now - now % 900 + 960
    for at in (later, later, later - 120):
        await sky.cloudflare.cron(at=at)
    told = await sky.worker.diagnostics()
    assert told["lastCronRun"].startswith(time.strftime("%Y-%m-%dT%H:%M", time.gmtime(later)))
    assert sky.cloudflare.r2.names() == [], "and what was not deleted before is now"
    assert sky.live(over) == ["over"]


async def test_storage_that_is_full_holds_posts_up_and_sends_none_twice(sky: Sky) -> None:
    """What cannot be written down is not begun; when there is room, what is due goes out once."""
    graph, other = await sky.account(), await sky.account()
    refused = await sky.job(other, "handed over later")
    jobs = [await sky.job(graph, f"post {at}", due_in_s=at / 2) for at in range(1, 5)]
    for asked in jobs:
        await sky.worker.put_job(asked, activate=True)
    await trio.sleep(0.7)
    sky.cloudflare.fill()
    with pytest.raises(WorkerUnreachable):
        await sky.worker.put_job(refused, activate=False)
    await trio.sleep(1.2)
    assert len(sky.live(graph)) <= 2, "what was under way may have been sent, and nothing else"
    sky.cloudflare.fill(False)
    await sky.worker.put_job(refused, activate=True)
    await sky.cloudflare.cron()
    for asked in jobs:
        assert (await sky.ended(graph, asked.post_id))["state"] == "DONE"
    assert sorted(sky.live(graph)) == [f"post {at}" for at in range(1, 5)]
    assert (await sky.ended(other, refused.post_id))["state"] == "DONE"
    assert sky.live(other) == ["handed over later"]


async def test_clocks_of_daemons_that_are_ahead_hold_nothing_back(sky: Sky) -> None:
    graph = await sky.account()
    ahead = int((time.time() + 7200) * 1000)
    await sky.hand_token(graph, spacing_ms=300, published_ms=ahead)
    asked = await sky.job(graph, "on time")
    await sky.worker.put_job(asked, activate=True)
    assert (await sky.ended(graph, asked.post_id))["state"] == "DONE"
