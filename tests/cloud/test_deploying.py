"""Bringing the Worker to Cloudflare: whatever goes wrong at a step, it can be done again."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from cloud.deploying import Steps
from cloud.desk import CloudDesk, Wanted
from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from sandbox.cloud.account import CloudAccount
from sandbox.cloud.cloudflare import Api, open_management
from sandbox.wire.faults import ClosedMidBody, Fault, Hang, Kind, Redirect, Reset
from sandbox.wire.message import Data, Exchange, Response
from storage import cloud, facts
from storage.store import Database
from tests.support.studio import Studio

SCRIPT = "reprise-worker"
# Longer than anything here takes, and silence is waited for four times.
LIMIT_S = 0.5


@dataclass(frozen=True)
class Says:
    """An answer of Cloudflare's, or of something before it; with or without the effect."""

    status: int
    content: bytes
    after_effect: bool = False
    retry_after: str | None = None

    async def answer(self, exchange: Exchange) -> Response:
        if self.after_effect:
            await exchange.perform()
        headers = (("retry-after", self.retry_after),) if self.retry_after else ()
        return Response(self.status, Data(self.content), headers)


def refused(status: int, code: int, message: str = "No", *, after_effect: bool = False) -> Says:
    said = f'{{"success":false,"errors":[{{"code":{code},"message":"{message}"}}],"result":null}}'
    return Says(status, said.encode(), after_effect)


PASSING: dict[str, Kind] = {
    "429 for a moment": Says(429, b'{"success":false}', retry_after="2"),
    "429 that says nothing": Says(429, b"slow down"),
    "429 until no time": Says(429, b"", retry_after=f"Mon, 01 Jan {10**20} 00:00:00 GMT"),
    "429 although it was done": Says(429, b"", after_effect=True),
    "500": refused(500, 10013),
    "503 although it was done": refused(503, 7010, after_effect=True),
    "a gateway's page": Says(502, b"<html>Bad gateway</html>"),
    "a portal's page": Says(200, b"<html>Welcome</html>", after_effect=True),
    "nothing in it": Says(200, b""),
    "no envelope": Says(200, b"[]"),
    "a success without what was asked": Says(200, b'{"success":true,"result":7}'),
    "a reset": Reset(),
    "a reset after it": Reset(after_effect=True),
    "half an answer": ClosedMidBody(),
    "no answer at all": Hang(),
    "none although it was done": Hang(after_effect=True),
}
LASTING: dict[str, tuple[Kind, ErrorCode, str]] = {
    "401": (refused(401, 10000, "Authentication error"), ErrorCode.VALIDATION_ERROR, "new API tok"),
    "403": (refused(403, 10000, "Forbidden"), ErrorCode.VALIDATION_ERROR, "API token"),
    "409": (refused(409, 10004, "Conflict"), ErrorCode.INVALID_STATUS, "do it again"),
    "429 for long": (
        Says(429, b"", retry_after="300"),
        ErrorCode.SERVICE_UNAVAILABLE,
        "for 5 min",
    ),
    "400": (refused(400, 10021, "Uncaught"), ErrorCode.VALIDATION_ERROR, "Uncaught"),
    "500 for long": (refused(500, 1), ErrorCode.SERVICE_UNAVAILABLE, "goes on from here"),
    "HTML for long": (Says(200, b"<p>"), ErrorCode.SERVICE_UNAVAILABLE, "not in Cloudflare's form"),
    "silence for long": (Hang(), ErrorCode.SERVICE_UNAVAILABLE, "No answer from Cloudflare"),
    "resets for long": (Reset(), ErrorCode.SERVICE_UNAVAILABLE, "No answer from Cloudflare"),
    "a redirect": (Redirect("https://example.com"), ErrorCode.SERVICE_UNAVAILABLE, "Cloudflare"),
}


@asynccontextmanager
async def at_cloudflare(
    studio: Studio, directory: Path, account: CloudAccount | None = None
) -> AsyncIterator[tuple[Api, CloudDesk]]:
    core = studio.core
    async with open_management(directory, account or CloudAccount()) as api:
        clock = Clock(core.clock.now, pace=0.0)
        desk = CloudDesk(core.store, core.vault, clock, api.url, "v26.0", limit_s=LIMIT_S)
        yield api, desk


async def forgotten(studio: Studio, desk: CloudDesk, api: Api) -> None:
    """Begin anew, at Cloudflare and here."""

    def forget(db: Database) -> None:
        facts.forget(db, facts.CLOUD_MADE)
        desk._forget(db)

    await studio.core.store.write(forget)
    fresh = CloudAccount()
    for name in ("subdomain", "namespaces", "buckets", "scripts", "domains"):
        setattr(api.account, name, getattr(fresh, name))
    api.faults.clear()
    api.asked.clear()


async def test_what_can_be_no_token_is_refused_and_sent_nowhere(
    studio: Studio, tmp_path: Path
) -> None:
    async with at_cloudflare(studio, tmp_path / "cf") as (api, desk):
        await desk.deploy(Wanted(api.account.token))
        api.asked.clear()
        for token in ("tökén", "“quoted”", "a\r\nX-Evil: 1", "a b", "a\0b"):
            for ask in (partial(desk.deploy, Wanted(token)), partial(desk.stop, token)):
                with pytest.raises(Refusal, match="cannot be an API token") as refused:
                    await ask()
                assert refused.value.code is ErrorCode.VALIDATION_ERROR
        assert api.asked == []


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "is_whole",
    [pytest.param(True, marks=pytest.mark.soak, id="all"), pytest.param(False, id="a few")],
)
async def test_every_step_survives_every_fault(
    studio: Studio, tmp_path: Path, *, is_whole: bool
) -> None:
    """Each step meets each fault; of the few pairs each step and each fault is in some."""
    async with at_cloudflare(studio, tmp_path / "cf") as (api, desk):
        account = api.account
        account.zones["example.com"] = "zone-1"
        wanted = Wanted(account.token, domain="https://media.example.com")
        await desk.deploy(wanted)
        asked = [(method, path) for method, path, _status in api.asked]
        assert len(asked) >= 12
        steps = [(*step, asked[:number].count(step)) for number, step in enumerate(asked)]
        names = [*PASSING, *LASTING]
        most = max(len(steps), len(names))
        few = [(steps[n % len(steps)], names[n % len(names)]) for n in range(most)]
        chosen = list(itertools.product(steps, names)) if is_whole else few
        for (method, path, skip), name in chosen:
            await forgotten(studio, desk, api)
            where = (method, path, name)
            times = 1 if name in PASSING else None
            kind = PASSING[name] if name in PASSING else LASTING[name][0]
            fault = Fault(kind=kind, path_end=path, method=method, skip=skip, times=times)
            handle = api.faults.add(fault)
            if name in LASTING:
                _kind, code, words = LASTING[name]
                with pytest.raises(Refusal) as refusal:
                    await desk.deploy(wanted)
                said = refusal.value.message
                assert (refusal.value.code, words in said) == (code, True), (where, said)
                assert account.token not in said
                assert "\n" not in said
                assert await studio.core.store.read(cloud.find) is None, where
                api.faults.clear()
            await desk.deploy(wanted)
            assert handle.hits >= 1, where
            await assert_whole(studio, desk, account)


async def assert_whole(studio: Studio, desk: CloudDesk, account: CloudAccount) -> None:
    """What is there is one of each, with our keys, and known here."""
    there = await studio.core.store.read(cloud.find)
    keys = await studio.core.store.read(desk._keys)
    assert there is not None
    assert keys is not None
    assert set(account.scripts) == {SCRIPT}
    assert list(account.namespaces.values()) == ["reprise-kv"]
    assert set(account.domains) == {"media.example.com"}
    script = account.scripts[SCRIPT]
    assert script.bindings["WORKER_TOKEN"]["text"] == keys.worker
    assert [row["cron"] for row in script.schedules] == ["*/1 * * * *"]
    assert script.subdomain["enabled"] is True


async def test_what_is_there_is_kept_and_what_is_another_s_is_left(
    studio: Studio, tmp_path: Path
) -> None:
    async with at_cloudflare(studio, tmp_path / "cf") as (api, desk):
        account = api.account
        told: list[str] = []

        async def tell(words: str) -> None:
            told.append(words)

        # An account's own token, which /user does not know, and one that ended
        account.owns_token = True
        first = await desk.deploy(Wanted(account.token, keeps_token=True), Steps(tell))
        assert first.is_new
        assert [words.partition(":")[0] for words in told] == [
            "API token", "Looking for another Worker", "Name below workers.dev", "KV namespace",
            "R2 bucket", "Worker", "Address", "Cron",
        ]  # fmt: skip
        secret = account.scripts[SCRIPT].bindings["WORKER_TOKEN"]["text"]
        for standing in ("disabled", "expired"):
            account.standing = standing
            with pytest.raises(Refusal, match=standing):
                await desk.deploy(Wanted(None))
        account.standing = "active"

        # An upgrade: by the token that was kept; a domain is kept until it is let go
        await desk.deploy(Wanted(None, domain="https://media.example.org"))
        assert "media.example.org" not in account.domains, "no zone of this account"
        again = await desk.deploy(Wanted(None))
        assert (again.is_new, again.domain) == (False, "https://media.example.org")
        bindings = account.scripts[SCRIPT].bindings
        assert bindings["PUBLIC_URL"]["text"] == "https://media.example.org"
        assert (await desk.deploy(Wanted(None, domain=""))).domain is None
        assert account.scripts[SCRIPT].bindings["WORKER_TOKEN"]["text"] == secret

        # A new bearer token; the one before is kept as long as it may be the one that is known
        keys = await studio.core.store.read(desk._keys)
        api.faults.add(Fault(kind=refused(403, 10000), method="PUT", path_end=SCRIPT))
        with pytest.raises(Refusal, match="Workers Scripts: Edit"):
            await desk.deploy(Wanted(None, changes_token=True))
        api.faults.add(Fault(kind=refused(403, 10000), method="PUT", path_end=SCRIPT))
        with pytest.raises(Refusal):
            await desk.deploy(Wanted(None, changes_token=True))
        held = await studio.core.store.read(desk._keys)
        assert keys is not None
        assert held is not None
        assert held.worker_before == keys.worker == secret
        await desk.deploy(Wanted(None))
        assert account.scripts[SCRIPT].bindings["WORKER_TOKEN"]["text"] == held.worker != secret

        # The wrong migration tag in Cloudflare's list of scripts
        account.scripts[SCRIPT].migration_tag = None
        account.scripts[SCRIPT].classes.clear()
        await desk.deploy(Wanted(None))
        assert account.scripts[SCRIPT].migration_tag == "v1"

        # Another account than the one in which it is
        there = account.id
        account.id = "f" * 32
        with pytest.raises(Refusal, match="which Cloudflare account"):
            await desk.deploy(Wanted(account.token, account="Somebody's"))
        with pytest.raises(Refusal, match="in another Cloudflare account"):
            await desk.deploy(Wanted(account.token, account=account.id))
        account.id = there

        # Another installation's Worker
        await studio.core.store.write(desk._forget)
        with pytest.raises(Refusal, match="another Reprise"):
            await desk.deploy(Wanted(account.token))
        with pytest.raises(Refusal, match="another Reprise"):  # the second time as well
            await desk.deploy(Wanted(account.token))
        assert account.scripts[SCRIPT].bindings["WORKER_TOKEN"]["text"] == held.worker
        assert (await desk.deploy(Wanted(account.token, replaces=True))).is_new


REMOVING: dict[str, Kind] = {
    "a reset after it": Reset(after_effect=True),
    "403": refused(403, 10000),
    "429 for long": Says(429, b"", retry_after="300"),
    "silence, although it was done": Hang(after_effect=True),
    "409 for long": refused(409, 10008),
}
DOMAIN = "https://media.example.com"


def gone(account: CloudAccount) -> bool:
    return not (account.scripts or account.namespaces or account.buckets or account.domains)


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "every", [pytest.param(1, marks=pytest.mark.soak, id="all"), pytest.param(9, id="a few")]
)
async def test_removing_can_be_broken_off_anywhere(
    studio: Studio, tmp_path: Path, every: int
) -> None:
    """Steps of a removal meet each fault; doing it again goes on from there."""
    async with at_cloudflare(studio, tmp_path / "cf") as (api, desk):
        account = api.account
        account.zones["example.com"] = "zone-1"
        wanted = Wanted(account.token, domain=DOMAIN, keeps_token=True)

        async def begun() -> None:
            await forgotten(studio, desk, api)
            await desk.deploy(wanted)
            api.r2.put("17841.post.0.jpg", b"a picture")
            api.asked.clear()

        await begun()
        assert await desk.stop(None, empties_bucket=True) == []
        asked = [(method, path) for method, path, _status in api.asked]
        # A namespace has another number each time.
        asked = [(method, re.sub(r"(namespaces/).+", r"\1", path)) for method, path in asked]
        assert len(asked) >= 12
        steps = [(*step, asked[:number].count(step)) for number, step in enumerate(asked)]
        pairs = [(step, name) for step in steps for name in REMOVING][::every]
        assert {name for _step, name in pairs} == set(REMOVING)
        for (method, path, skip), name in pairs:
            await begun()
            where = {"path" if path.endswith("/") else "path_end": path}
            fault = Fault(kind=REMOVING[name], method=method, skip=skip, times=4, **where)
            handle = api.faults.add(fault)
            with pytest.raises(Refusal) as refusal:
                await desk.stop(None, empties_bucket=True)
            assert handle.hits >= 1, (method, path, name)
            assert account.token not in refusal.value.message
            assert await studio.core.store.read(cloud.find) is not None, "to be tried again"
            api.faults.clear()
            assert await desk.stop(None, empties_bucket=True) == [], (method, path, name)
            assert gone(account), (method, path, name)
            await assert_forgotten(studio, desk)


async def assert_forgotten(studio: Studio, desk: CloudDesk) -> None:
    store = studio.core.store
    assert await store.read(cloud.find) is None
    assert await store.read(desk._keys) is None
    assert await store.read(cloud.made) is None
    assert await store.read(desk.has_token) is False
    with pytest.raises(Refusal) as refusal:
        await desk.remove(None)
    assert refusal.value.code is ErrorCode.CLOUDFLARE_NOT_CONFIGURED


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "whole", [pytest.param(True, marks=pytest.mark.soak, id="all"), pytest.param(False, id="half")]
)
async def test_what_a_first_deploy_left_that_broke_off_is_removed(
    studio: Studio, tmp_path: Path, whole: bool
) -> None:
    """At each request, before it had its effect or after it."""
    async with at_cloudflare(studio, tmp_path / "cf") as (api, desk):
        account = api.account
        account.zones["example.com"] = "zone-1"
        wanted = Wanted(account.token, domain=DOMAIN)
        await desk.deploy(wanted)
        asked = [(method, path) for method, path, _status in api.asked]
        steps = [(*step, asked[:number].count(step)) for number, step in enumerate(asked)]
        for number, (method, path, skip) in enumerate(steps):
            for has_effect in (False, True) if whole else (number % 2 == 0,):
                await forgotten(studio, desk, api)
                kind = refused(400, 1, after_effect=has_effect)
                api.faults.add(
                    Fault(kind=kind, path_end=path, method=method, skip=skip, times=None)
                )
                with pytest.raises(Refusal):
                    await desk.deploy(wanted)
                api.faults.clear()
                has_begun = await studio.core.store.read(desk._keys) is not None
                if has_begun:
                    with pytest.raises(Refusal, match="give it once more"):
                        await desk.remove(None)
                    assert await desk.remove(account.token) == [], (method, path, has_effect)
                assert gone(account), (method, path, has_effect)
                await assert_forgotten(studio, desk)


async def test_a_removal_takes_what_we_made_and_nothing_else(
    studio: Studio, tmp_path: Path
) -> None:
    async with at_cloudflare(studio, tmp_path / "cf") as (api, desk):
        account = api.account
        account.zones["example.com"] = "zone-1"
        kept = Wanted(account.token, domain=DOMAIN, keeps_token=True)
        # What was there before stays
        account.make_namespace("reprise-kv")
        account.make_bucket("reprise-media")
        await desk.deploy(kept)
        (left,) = await desk.remove(None, empties_bucket=True)
        assert "was there before" in left
        assert (list(account.namespaces.values()), set(account.buckets)) == (
            ["reprise-kv"], {"reprise-media"},
        )  # fmt: skip
        assert not account.scripts
        assert not account.domains

        # Media are asked about, and the token that was kept is kept until then
        await forgotten(studio, desk, api)
        await desk.deploy(kept)
        api.r2.put("17841.post.0.jpg", b"a picture")
        (left,) = await desk.remove(None)
        assert "1 files" in left
        assert await studio.core.store.read(cloud.find) is None
        assert await studio.core.store.read(desk.has_token) is True
        # What is not ours is not emptied
        api.r2.put("holiday/beach.jpg", b"somebody else's")
        (left,) = await desk.remove(None, empties_bucket=True)
        assert "not Reprise's" in left
        assert api.r2.names() == ["holiday/beach.jpg"]
        # A deploy after that has the bucket, and what was made is still ours
        await desk.deploy(kept)
        api.r2.remove("holiday/beach.jpg")
        assert await desk.remove(None) == []
        assert gone(account)
        await assert_forgotten(studio, desk)

        # Another domain: the one before leads there no more, one that leads elsewhere stays
        await desk.deploy(kept)
        await desk.deploy(Wanted(None, domain="https://m2.example.com"))
        assert set(account.domains) == {"m2.example.com"}
        account.domains["m2.example.com"]["service"] = "another-worker"
        await desk.deploy(Wanted(None, domain=""))
        assert set(account.domains) == {"m2.example.com"}
        # What an older Reprise has deployed, which noted nothing
        await studio.core.store.write(facts.forget, facts.CLOUD_MADE)
        (left,) = await desk.remove(None)
        assert "was there before" in left
        assert (account.scripts, account.namespaces) == ({}, {})
