"""Bringing the Worker to Cloudflare: whatever goes wrong at a step, it can be done again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud.deploying import Steps
from cloud.desk import CloudDesk, Wanted
from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from sandbox.cloud.account import CloudAccount
from sandbox.cloud.cloudflare import Api, open_management
from sandbox.wire.faults import ClosedMidBody, Fault, Kind, Redirect, Reset
from sandbox.wire.message import Data, Exchange, Response
from storage import cloud
from tests.support.studio import Studio

SCRIPT = "reprise-worker"


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
        yield api, CloudDesk(core.store, core.vault, clock, api.url, "v26.0")


async def forgotten(studio: Studio, desk: CloudDesk, api: Api) -> None:
    """Begin anew, at Cloudflare and here."""
    await studio.core.store.write(desk._forget)
    fresh = CloudAccount()
    for name in ("subdomain", "namespaces", "buckets", "scripts", "domains"):
        setattr(api.account, name, getattr(fresh, name))
    api.faults.clear()
    api.asked.clear()


@pytest.mark.parametrize(
    "every", [pytest.param(1, marks=pytest.mark.soak, id="all"), pytest.param(7, id="a seventh")]
)
async def test_every_step_survives_every_fault(studio: Studio, tmp_path: Path, every: int) -> None:
    """Each step meets each fault; of a seventh of the pairs each step and fault is in some."""
    async with at_cloudflare(studio, tmp_path / "cf") as (api, desk):
        account = api.account
        account.zones["example.com"] = "zone-1"
        wanted = Wanted(account.token, domain="https://media.example.com")
        await desk.deploy(wanted)
        asked = [(method, path) for method, path, _status in api.asked]
        assert len(asked) >= 12
        steps = [(*step, asked[:number].count(step)) for number, step in enumerate(asked)]
        pairs = [(step, name) for step in steps for name in (*PASSING, *LASTING)]
        chosen = pairs[::every]
        assert {step for step, _name in chosen} == set(steps)
        assert {name for _step, name in chosen} == {*PASSING, *LASTING}
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


async def test_removing_can_be_broken_off_anywhere(studio: Studio, tmp_path: Path) -> None:
    async with at_cloudflare(studio, tmp_path / "cf") as (api, desk):
        account = api.account
        account.zones["example.com"] = "zone-1"
        wanted = Wanted(account.token, domain="https://media.example.com", keeps_token=True)
        await desk.deploy(wanted)
        api.asked.clear()
        await desk.stop(None)
        asked = [(method, path) for method, path, _status in api.asked]
        assert len(asked) >= 9
        # A namespace has another number each time.
        asked = [(method, re.sub(r"(namespaces/).+", r"\1", path)) for method, path in asked]
        steps = [(*step, asked[:number].count(step)) for number, step in enumerate(asked)]
        faults: list[Kind] = [Reset(after_effect=True), refused(403, 10000)]
        for method, path, skip in steps:
            for kind in faults:
                await forgotten(studio, desk, api)
                await desk.deploy(wanted)
                where = {"path" if path.endswith("/") else "path_end": path}
                fault = Fault(kind=kind, method=method, skip=skip, times=4, **where)
                api.faults.add(fault)
                with pytest.raises(Refusal):
                    await desk.stop(None)
                assert await studio.core.store.read(cloud.find) is not None, "to be tried again"
                api.faults.clear()
                await desk.stop(None)
                await assert_gone(studio, desk, account)


async def assert_gone(studio: Studio, desk: CloudDesk, account: CloudAccount) -> None:
    """Nothing is left at Cloudflare but the name of the account, and nothing is known here."""
    left = (account.scripts, account.namespaces, account.buckets, account.domains)
    assert left == ({}, {}, {}, {})
    assert await studio.core.store.read(cloud.find) is None
    assert await studio.core.store.read(desk._keys) is None
    with pytest.raises(Refusal) as refusal:
        await desk.stop(account.token)
    assert refusal.value.code == ErrorCode.CLOUDFLARE_NOT_CONFIGURED


async def test_what_a_broken_off_deploy_left_is_removed(studio: Studio, tmp_path: Path) -> None:
    async with at_cloudflare(studio, tmp_path / "cf") as (api, desk):
        account = api.account
        account.zones["example.com"] = "zone-1"
        wanted = Wanted(account.token, domain="https://media.example.com")
        await desk.deploy(wanted)
        asked = [(method, path) for method, path, _status in api.asked]
        steps = [(*step, asked[:number].count(step)) for number, step in enumerate(asked)]
        begun = 0
        for method, path, skip in steps:
            await forgotten(studio, desk, api)
            api.faults.add(Fault(kind=refused(403, 10000), method=method, path_end=path, skip=skip))
            with suppress(Refusal):  # an account's own token is asked for at another place
                await desk.deploy(wanted)
            api.faults.clear()
            if await studio.core.store.read(desk._keys) is not None:
                begun += 1
                if await studio.core.store.read(cloud.find) is None:
                    with pytest.raises(Refusal, match="API token was not kept"):
                        await desk.remove(None)
                await desk.stop(account.token)
            await assert_gone(studio, desk, account)
        assert begun >= 8


async def test_a_bucket_that_holds_something_stays(studio: Studio, tmp_path: Path) -> None:
    async with at_cloudflare(studio, tmp_path / "cf") as (api, desk):
        await desk.deploy(Wanted(api.account.token))
        (tmp_path / "cf" / "r2" / "one.json").write_text('{"name": "a photo"}')
        steps = Steps()
        await desk.stop(api.account.token, steps)
        assert "still holds files" in steps.done[-1]
        assert set(api.account.buckets) == {"reprise-media"}
