"""`reprise cloud`: the Worker is brought there, looked at, lends an address, and goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio

from cloud.desk import CloudDesk, Wanted
from ground.refusal import ErrorCode, Refusal
from local.ask import Daemon
from operations import models
from operations.actor import Actor
from operations.cloud import deploy_cloud, probe_cloud, remove_cloud
from operations.scopes import InsufficientScope
from sandbox import Sandbox
from sandbox.cloud.cloudflare import Cloudflare, open_cloudflare
from sandbox.wire.faults import Fault, graph_error
from storage import cloud
from tests.support.clock import TestClock
from tests.support.graph import connect, published
from tests.support.houses import house_of
from tests.support.posting import photo_id, publish, until
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio

API = "/api/v1"


@asynccontextmanager
async def under_a_cloud(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, program: Path, **settings: Any
) -> AsyncIterator[tuple[Served, Cloudflare]]:
    async with open_cloudflare(
        tmp_path / "cloudflare", program, proxy_url=sandbox.proxy_url, ca_file=sandbox.ca_file
    ) as cloudflare:
        where: Any = {"cloudflare_api": cloudflare.url, **settings}
        async with (
            open_studio(sandbox, clock, tmp_path, logged_in=False, **where) as studio,
            serve_studio(studio) as served,
        ):
            yield served, cloudflare


async def test_deployed_asked_used_and_removed(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, program: Path
) -> None:
    async with under_a_cloud(sandbox, clock, tmp_path, program) as (served, cloudflare):
        house = await house_of(served.studio)
        owner = Actor(user_id=served.studio.core.owner.id, via="cli", holds_machine=True)

        async def deployed(**asked: Any) -> models.CloudDeployed:
            given = {"api_token": cloudflare.account.token, **asked}
            request = models.CloudDeployRequest.model_validate(given)
            answer: models.CloudDeployed = await house.perform(deploy_cloud, owner, request)
            return answer

        # Wrong tokens, and who may not
        with pytest.raises(Refusal, match="Authentication error") as refusal:
            await deployed(api_token="wrong")
        assert refusal.value.code is ErrorCode.VALIDATION_ERROR
        request = models.CloudDeployRequest(api_token=cloudflare.account.token)
        with pytest.raises(InsufficientScope):
            await house.perform(deploy_cloud, replace(owner, holds_machine=False), request)
        assert (await served.call("GET", f"{API}/cloudflare/status")).body["isConfigured"] is False

        first = await deployed()
        assert (first.is_new, first.media_in) == (True, "r2")
        keys = dict(cloudflare.account.scripts["reprise-worker"].bindings)
        told: list[str] = []
        daemon = Daemon(served.studio.core.settings.data_dir, hears=told.append)
        request = models.CloudDeployRequest(api_token=cloudflare.account.token, keep_token=True)
        again = await trio.to_thread.run_sync(daemon.perform, deploy_cloud, request)
        assert again.is_new is False
        assert told == again.steps
        assert "data and secrets kept" in " ".join(told)
        assert cloudflare.account.scripts["reprise-worker"].bindings == keys, "the same secrets"

        # Contract §4.6 with something in it
        diagnostics = (await served.call("GET", f"{API}/cloudflare/diagnostics")).body
        assert (diagnostics["offline"], diagnostics["scheduledCount"]) == (False, 0)
        assert diagnostics["hasEncryptionKey"] is True
        assert (diagnostics["repostConfigCount"], diagnostics["pendingRepostCount"]) == (0, 0)
        await served.studio.configure()
        diagnostics = (await served.call("GET", f"{API}/cloudflare/diagnostics")).body
        assert diagnostics["repostConfigCount"] == 1
        status = (await served.call("GET", f"{API}/cloudflare/status")).body
        assert status["isConfigured"] is status["isVerified"] is status["workerConfigured"] is True
        assert (status["workerUrl"], status["r2BucketName"]) == (first.url, "reprise-media")
        assert status["hasStoredApiToken"] is True
        await cloudflare.cron(at=60.0)
        cron = (await served.call("GET", f"{API}/cloudflare/cron-status")).body
        assert cron["crons"] == [{"cron": "*/1 * * * *"}]
        assert cron["lastCronRun"].startswith("1970-01-01T00:01:00")
        kv = (await served.call("GET", f"{API}/cloudflare/kv?prefix=scheduled:")).body
        assert (kv["configured"], kv["keys"]) == (True, [])
        assert kv["metaValues"]["meta:last-cron-run"].startswith("1970-01-01T00:01:00")

        # Meta fetches from the Worker: no REPRISE_PUBLIC_URL is set
        await connect(served)
        said = {"mediaType": "IMAGE", "caption": "by the Worker"}
        body = {"accountId": served.studio.account.id, "mediaFileId": await photo_id(served)}
        post_id = await publish(served, {**body, **said})
        ended = await until(served, post_id, "PUBLISHED", "FAILED")
        assert ended["status"] == "PUBLISHED", ended
        assert [each.caption for each in published(served)] == ["by the Worker"]
        assert cloudflare.r2.names("0.link-"), "it lies there for a day"

        # Meta is asked whether it can fetch; nothing of that is published
        probed = await house.perform(probe_cloud, owner)
        assert (probed.fetched, probed.address) == (True, first.url)
        username = served.studio.account.username
        refusing = graph_error("not_fetchable")
        sandbox.faults.add(Fault(kind=refusing, path_end="/media", account=username, times=3))
        probed = await house.perform(probe_cloud, owner)
        assert probed.fetched is False
        assert probed.reason, "said three times: once is a passing trouble"
        ended = await until(served, await publish(served, {**body, **said}), "FAILED", "PUBLISHED")
        assert (ended["status"], ended["errorCode"]) == ("FAILED", "PUBLIC_URL_REQUIRED"), ended
        sandbox.world.map_public_url("https://media.example.net", first.url)
        assert (await deployed(domain="https://media.example.net")).domain
        status = (await served.call("GET", f"{API}/cloudflare/status")).body
        assert status["r2PublicUrl"] == "https://media.example.net/m"
        probed = await house.perform(probe_cloud, owner)
        assert (probed.fetched, probed.address) == (True, "https://media.example.net")
        post_id = await publish(served, {**body, **said, "caption": "by my own address"})
        assert (await until(served, post_id, "PUBLISHED", "FAILED"))["status"] == "PUBLISHED"
        assert len(published(served)) == 2

        # It does not answer
        cloudflare.is_down = True
        diagnostics = (await served.call("GET", f"{API}/cloudflare/diagnostics")).body
        assert diagnostics["offline"] is True
        assert diagnostics["offlineReason"]
        kv = await served.call("GET", f"{API}/cloudflare/kv")
        assert (kv.status, kv.body["code"]) == (502, "WORKER_UNREACHABLE")
        cloudflare.is_down = False

        removed = await house.perform(remove_cloud, owner, models.CloudRemoveRequest())
        assert cloudflare.account.scripts == {}
        assert "files" in removed.left[0], "media are asked about"
        whole = models.CloudRemoveRequest(empty_bucket=True)
        assert (await house.perform(remove_cloud, owner, whole)).left == []
        assert cloudflare.r2.names() == []
        assert cloudflare.account.buckets == {}
        assert (await served.call("GET", f"{API}/cloudflare/status")).body["isConfigured"] is False
        kept = await served.studio.core.store.read(cloud.find)
        assert kept is None


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"<html>a portal</html>"),
        (502, b"Bad gateway"),
        (200, b"{}"),
        (429, b'{"success":false,"errors":[]}'),
    ],
)
async def test_an_api_that_is_none_is_said_to_be_none(
    served: Served, status: int, content: bytes
) -> None:
    """What answers in a hotel, or with nothing in it, costs one readable sentence."""
    core = served.studio.core
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(content)}\r\nconnection: close\r\n\r\n"

    async def answer(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(head.encode() + content)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, answer, 0)
        port = listeners[0].socket.getsockname()[1]
        desk = CloudDesk(core.store, core.vault, core.clock, f"http://127.0.0.1:{port}", "v26.0")
        with pytest.raises(Refusal) as refusal:
            await desk.deploy(Wanted("cf-secret"))
        nursery.cancel_scope.cancel()
    assert refusal.value.code is ErrorCode.SERVICE_UNAVAILABLE
    assert "cf-secret" not in refusal.value.message
    assert await core.store.read(cloud.find) is None
