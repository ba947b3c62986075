"""The Worker on Cloudflare's own runtime: each post once, whatever is lost, killed or edited."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
import trio

from cloud.worker_client import Asked, WorkerClient, WorkerRefused, medium_url
from sandbox.wire.faults import ClosedMidBody, Fault, Kind, Reset, graph_error
from sandbox.world.graph_account import GraphAccount
from tests.cloud.conftest import Sky
from tests.support.limits import DEADLOCK_S

PUBLISH = "/media_publish"


async def test_posts_go_out_once_each_when_they_are_due(sky: Sky) -> None:
    """A picture, a story, a carousel; prepared ones only when they are told to."""
    anna, ben = await sky.account(), await sky.account()
    picture = await sky.job(anna, "a picture")
    carousel = await sky.job(anna, "a carousel", pictures=3)
    story = await sky.job(ben)
    story.body["pieces"][0]["parameters"] = {"media_type": "STORIES"}
    story = replace(story, body={**story.body, "stories": True})
    held = await sky.job(ben, "never")
    for asked in (picture, carousel, story):
        job = await sky.worker.put_job(asked, activate=False)
        assert job["state"] == "PREPARED"
    await sky.worker.put_job(held, activate=False)
    for asked in (picture, carousel, story):
        for _again in range(2):
            await sky.worker.activate(asked.post_id, asked.account, 1)
    for graph, asked in ((anna, picture), (anna, carousel), (ben, story)):
        job = await sky.ended(graph, asked.post_id)
        assert (job["state"], job["problem"]) == ("DONE", None), job
        assert job["mediaId"]
        assert job["permalink"].startswith("https://www.instagram.com/")
    assert sorted(sky.live(anna)) == ["a carousel", "a picture"]
    assert len(sky.live(ben)) == 1, "what was only prepared stays where it is"
    told = await sky.worker.diagnostics()
    assert (told["completedCount"], told["scheduledCount"], told["failedCount"]) == (3, 1, 0)
    recent = [job for lane in told["lanes"] for job in lane["recent"]]
    assert sorted(job["state"] for job in recent) == ["DONE", "DONE", "DONE", "PREPARED"]
    names = {key["name"] for key in (await sky.worker.keys("completed:", ""))["keys"]}
    assert names == {f"completed:{asked.post_id}" for asked in (picture, carousel, story)}
    await sky.cloudflare.cron(at=900.0)
    left = sky.cloudflare.r2.names()
    assert left == [held.body["pieces"][0]["media"]], "the media of what is over are gone"


LOST: dict[str, Kind] = {
    "blocked": graph_error("spam_block"),
    "blocked, although it is live": graph_error("spam_block", after_effect=True),
    "over the limit, although it is live": graph_error("publishing_limit", after_effect=True),
    "a reset before it": Reset(),
    "a reset after it": Reset(after_effect=True),
    "half an answer": ClosedMidBody(),
    "a rate limit": graph_error("rate_limited"),
    "server trouble": graph_error("unknown"),
}


async def test_what_publishing_answers_is_settled_by_asking_alone(sky: Sky) -> None:
    lanes = {}
    for name, kind in LOST.items():
        graph = await sky.account()
        fault = Fault(path_end=PUBLISH, account=graph.person.username, kind=kind)
        sky.sandbox.faults.add(fault)
        asked = await sky.job(graph, f" {name}\r\n")  # Instagram shows it without its ends
        await sky.worker.put_job(asked, activate=True)
        lanes[name] = graph, asked
    for name, (graph, asked) in lanes.items():
        job = await sky.ended(graph, asked.post_id)
        if name == "blocked":
            # That is believed after two looks, and not before.
            assert (job["state"], job["problem"]["subcode"]) == ("FAILED", 2207051), job
            assert sky.live(graph) == []
            continue
        (live,) = sky.sandbox.world.published(graph.person)
        assert (job["state"], job["mediaId"]) == ("DONE", live.graph_id), (name, job)
        assert sky.live(graph) == [name]


async def test_an_account_that_instagram_blocks_is_left_alone(sky: Sky) -> None:
    graph = await sky.account()
    fault = Fault(path_end="/media", account=graph.person.username, kind=graph_error("spam_block"))
    sky.sandbox.faults.add(fault)
    first, second = await sky.job(graph, "one"), await sky.job(graph, "two")
    await sky.worker.put_job(first, activate=True)
    with trio.fail_after(DEADLOCK_S):
        while not await held(sky, graph.ig_user_id) or asked_of(sky, graph) < 2:
            await trio.sleep(0.02)  # what is in the ledger comes a moment later
    asked_so_far = asked_of(sky, graph)
    await sky.worker.put_job(second, activate=True)
    await trio.sleep(0.3)
    assert asked_of(sky, graph) == asked_so_far
    await sky.hand_token(graph, lifts=False)
    assert await held(sky, graph.ig_user_id), "another token alone changes nothing"
    await sky.hand_token(graph)  # the daemon's word that a person has looked
    job = await sky.ended(graph, second.post_id)
    assert job["state"] == "DONE"


def asked_of(sky: Sky, graph: GraphAccount) -> int:
    return len(sky.sandbox.ledger.find(account=graph.person.username))


async def held(sky: Sky, account: str) -> bool:
    lanes = (await sky.worker.diagnostics())["lanes"]
    return any(lane["heldUntil"] for lane in lanes if lane["account"] == account)


async def test_epochs_decide_whatever_the_order_of_arrival(sky: Sky) -> None:
    graph = await sky.account()
    first = await sky.job(graph, "old words", due_in_s=3600)
    job = await sky.worker.put_job(first, activate=True)
    assert await sky.worker.put_job(first, activate=True) == job, "repeated, it is the same"
    edited = replace(first, epoch=2, body=_with_caption(first, "new words"))
    await refused("EPOCH_REUSED", sky.worker.put_job(replace(edited, epoch=1), activate=True))
    anew = await sky.worker.put_job(edited, activate=True)
    assert anew["seq"] > job["seq"], "numbers only rise, or the data seem to have begun anew"
    await refused("STALE_EPOCH", sky.worker.put_job(first, activate=True))
    await refused("STALE_EPOCH", sky.worker.recall(first.post_id, first.account, 1))
    assert (await sky.worker.recall(first.post_id, first.account, 3))["state"] == "RECALLED"
    assert (await sky.worker.recall(first.post_id, first.account, 3))["state"] == "RECALLED"
    await refused("STALE_EPOCH", sky.worker.put_job(edited, activate=True))

    never = await sky.job(graph, "never arrived", due_in_s=-1)
    assert (await sky.worker.recall(never.post_id, never.account, 2))["state"] == "RECALLED"
    await refused("STALE_EPOCH", sky.worker.put_job(never, activate=True))

    due = replace(edited, epoch=4, due_ms=edited.due_ms - 3_600_000)
    await sky.worker.put_job(due, activate=True)
    assert (await sky.ended(graph, due.post_id))["state"] == "DONE"
    await refused("TOO_LATE", sky.worker.recall(due.post_id, due.account, 5))
    await refused("TOO_LATE", sky.worker.put_job(replace(due, epoch=5), activate=True))
    assert sky.live(graph) == ["new words"]


async def test_killed_at_each_request_it_goes_on_once(sky: Sky) -> None:
    """`workerd` is killed while each request is on its way, before and after its effect."""
    requests = ("/content_publishing_limit", "/media", "", PUBLISH)
    lanes = []
    for path in requests:
        for after_effect in (False, True):
            graph = await sky.account()
            name = f"killed at {path} {after_effect}"
            asked = await sky.job(graph, name)
            hang = _Held(after_effect=after_effect)
            fault = Fault(
                path_end=path, account=graph.person.username, kind=hang,
                skip=0 if path else 1, host="graph.instagram.com",
            )  # fmt: skip
            sky.sandbox.faults.add(fault)
            await sky.worker.put_job(asked, activate=True)
            with trio.fail_after(DEADLOCK_S):
                await hang.reached.wait()
            await sky.cloudflare.kill()
            await sky.cloudflare.revive()
            lanes.append((name, graph, asked))
    for name, graph, asked in lanes:
        job = await sky.ended(graph, asked.post_id)
        assert job["state"] == "DONE", (name, job)
        assert job["mediaId"], name
        assert sky.live(graph) == [name]


class _Held:
    """Reaches the request and never answers it."""

    def __init__(self, *, after_effect: bool) -> None:
        self._hang = Reset(after_effect=after_effect)
        self.reached = trio.Event()

    async def answer(self, exchange):  # type: ignore[no-untyped-def]
        response = await self._hang.answer(exchange)
        self.reached.set()
        await trio.sleep(0.2)
        return response


async def test_spacing_and_the_quota_hold_posts_back(sky: Sky) -> None:
    graph = await sky.account(spacing_ms=1500)
    jobs = [await sky.job(graph, f"post {number}") for number in range(2)]
    for asked in jobs:
        await sky.worker.put_job(asked, activate=True)
    ended = [await sky.ended(graph, asked.post_id) for asked in jobs]
    first, second = sorted(job["publishingAt"] for job in ended)
    assert second - first >= 1500, ended

    full = await sky.account()
    full.quota_total = 0
    asked = await sky.job(full, "later")
    await sky.worker.put_job(asked, activate=True)
    await trio.sleep(0.3)
    assert sky.live(full) == []
    assert (await sky.worker.changes(full.ig_user_id, 0))["jobs"][0]["state"] == "SCHEDULED"


async def test_a_token_that_ended_fails_a_post_and_a_new_one_lets_the_next_out(sky: Sky) -> None:
    graph = await sky.account(token="IGAAwrong")
    asked = await sky.job(graph, "with the old token")
    await sky.worker.put_job(asked, activate=True)
    job = await sky.ended(graph, asked.post_id)
    assert (job["state"], job["problem"]["code"]) == ("FAILED", 190)
    await sky.hand_token(graph)
    again = replace(asked, epoch=2)
    await sky.worker.put_medium(asked.body["pieces"][0]["media"], sky.picture, "image/jpeg")
    await sky.worker.put_job(again, activate=True)
    assert (await sky.ended(graph, asked.post_id))["state"] in ("DONE", "FAILED")
    with trio.fail_after(DEADLOCK_S):
        while not sky.live(graph):
            await trio.sleep(0.02)
    assert sky.live(graph) == ["with the old token"]


@pytest.mark.parametrize("has_r2", [True, False], ids=["R2", "rows"])
async def test_media_are_served_to_whoever_has_a_link(
    sky: Sky, has_r2: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_r2:
        del sky.cloudflare.account.scripts["reprise-worker"].bindings["MEDIA"]
        await sky.cloudflare.run("reprise-worker")
    key = "17841.post-1.0.jpg"
    await sky.worker.put_medium(key, sky.picture, "image/jpeg")
    whole = sky.picture.read_bytes()
    monkeypatch.setattr("cloud.worker_client.time.time", lambda: 1_000_000_000.0)  # ours is wrong
    url = medium_url(sky.deployed.url, sky.keys.media, key, sky.worker.their_time)
    monkeypatch.undo()
    async with httpx.AsyncClient(trust_env=False) as anybody:
        ask = anybody.get
        answer = await ask(url)
        assert (answer.status_code, answer.content) == (200, whole)
        assert answer.headers["content-type"] == "image/jpeg"
        head = await anybody.head(url)
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(whole)))
        for asked, expected in {
            "bytes=10-19": whole[10:20],
            "bytes=-5": whole[-5:],
            f"bytes={len(whole) - 3}-": whole[-3:],
            "bytes=0-999999": whole,
        }.items():
            answer = await ask(url, headers={"range": asked})
            assert (answer.status_code, answer.content) == (206, expected), asked
        beyond = await ask(url, headers={"range": f"bytes={len(whole)}-"})
        assert beyond.status_code == 416
        assert (await ask(url, headers={"range": "lines=1-2"})).content == whole
        for wrong in (
            url.replace("post-1", "post-2"),
            url[:-1] + ("0" if url[-1] != "0" else "1"),
            url.partition("?")[0],
            url.replace("e=", "e=9"),
            medium_url(sky.deployed.url, sky.keys.media, "17841.nothing.0.jpg"),
            medium_url(sky.deployed.url, "another key", key),
        ):
            assert (await ask(wrong)).status_code == 404, wrong
        broken = await anybody.put(
            f"{sky.deployed.url}/v1/media/{key}",
            content=b"other bytes",
            headers={"authorization": f"Bearer {sky.keys.worker}", "x-sha256": "0" * 64},
        )
        assert broken.status_code == 422
        assert (await ask(url)).content == whole, "and what was there stays"


async def test_strangers_and_nonsense_change_nothing(sky: Sky) -> None:
    graph = await sky.account()
    asked = await sky.job(graph, due_in_s=3600)
    async with WorkerClient.client(sky.deployed.url, "wrong") as client:
        stranger = WorkerClient(client)
        await refused("AUTH_REQUIRED", stranger.put_job(asked, activate=True))
        await refused("AUTH_REQUIRED", stranger.diagnostics())
    wrong: list[Callable[[Asked], Asked]] = [
        lambda job: replace(job, epoch=0),
        lambda job: replace(job, due_ms=-1),
        lambda job: replace(job, account="../1"),
        lambda job: replace(job, post_id="a%20b"),
        lambda job: replace(job, body={"stories": False, "pieces": []}),
        lambda job: replace(job, body={"stories": "no", "pieces": job.body["pieces"]}),
        lambda job: replace(job, body={**job.body, "parent": {"media_type": "CAROUSEL"}}),
        lambda job: replace(job, body=_with_medium(job, "../../etc/passwd")),
    ]
    for make in wrong:
        await refused("INVALID", sky.worker.put_job(make(asked), activate=True))
    headers = {"authorization": f"Bearer {sky.keys.worker}"}
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
        for content in (b"", b"[", b"null", b"7", b'"text"'):
            answer = await client.put(f"{sky.deployed.url}/v1/jobs/p", content=content)
            assert (answer.status_code, answer.json()["error"]) == (400, "INVALID"), content
        assert (await client.get(f"{sky.deployed.url}/v1/nothing")).status_code == 404
    assert (await sky.worker.changes(graph.ig_user_id, 0))["jobs"] == []


async def test_no_secret_lies_open_in_what_the_cloud_keeps(sky: Sky, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    graph = await sky.account()
    asked = await sky.job(graph, "kept")
    await sky.worker.put_job(asked, activate=True)
    await sky.ended(graph, asked.post_id)
    folder = sky.picture.parent / "cloudflare"
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "config.capnp":  # that is what Cloudflare holds sealed
            assert graph.token.encode() not in path.read_bytes(), path


async def refused(code: str, asking) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(WorkerRefused) as refusal:
        await asking
    assert refusal.value.code == code


def _with_caption(asked: Asked, caption: str) -> dict[str, object]:
    pieces = [{**piece, "parameters": {"caption": caption}} for piece in asked.body["pieces"]]
    return {**asked.body, "pieces": pieces}


def _with_medium(asked: Asked, key: str) -> dict[str, object]:
    return {**asked.body, "pieces": [{**piece, "media": key} for piece in asked.body["pieces"]]}


async def test_what_has_an_end_is_not_sent_after_it_and_one_story_only_once(sky: Sky) -> None:
    """What reposts bring along: until when they may go out, and which story they are of."""
    graph = await sky.account()
    over = await sky.job(graph, "too late", until=int(time.time() * 1000) - 1)
    await sky.worker.put_job(over, activate=True)
    ended = await sky.ended(graph, over.post_id)
    assert (ended["state"], ended["problem"]["kind"]) == ("FAILED", "missed")
    story: dict[str, Any] = {
        "about": f"{graph.ig_user_id}.7",
        "until": int(time.time() * 1000) + 3_600_000,
    }
    first, twin = [await sky.job(graph, words, **story) for words in ("once", "twice")]
    await sky.worker.put_job(first, activate=False)
    await sky.worker.put_job(twin, activate=False)
    await sky.worker.activate(first.post_id, first.account, first.epoch)
    with pytest.raises(WorkerRefused, match="TAKEN") as refused:
        await sky.worker.activate(twin.post_id, twin.account, twin.epoch)
    assert refused.value.job is not None
    assert refused.value.job["id"] == first.post_id
    assert (await sky.ended(graph, first.post_id))["state"] == "DONE"
    with pytest.raises(WorkerRefused, match="TAKEN"):
        await sky.worker.put_job(replace(twin, epoch=2), activate=True)
    assert sky.live(graph) == ["once"]
