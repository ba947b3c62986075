"""A simulated Cloudflare with our Worker in it, in front of a simulated Instagram."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trio
from PIL import Image

from cloud.asking import Line
from cloud.cloudflare_api import CloudflareApi, client_of
from cloud.deploying import Deployed, Keys, deploy
from cloud.worker_client import Asked, WorkerClient, sealed
from ground.clock import Clock
from sandbox import Sandbox, open_sandbox
from sandbox.cloud.binary import NoWorkerd, workerd
from sandbox.cloud.cloudflare import Cloudflare, open_cloudflare
from sandbox.world.graph_account import GraphAccount
from tests.support.limits import DEADLOCK_S
from tests.support.tools import missing

PACE = 0.01
GRACE_MS = 3_600_000


@dataclass(frozen=True, kw_only=True)
class Sky:
    """The Worker and everything around it. Its lanes do not disturb each other."""

    sandbox: Sandbox
    cloudflare: Cloudflare
    deployed: Deployed
    keys: Keys
    worker: WorkerClient
    picture: Path
    _numbers: count[int]

    async def account(self, *, spacing_ms: int = 0, token: str | None = None) -> GraphAccount:
        """Return an account of Instagram's with a lane of its own."""
        person = self.sandbox.world.add_person(f"anna{next(self._numbers)}")
        graph = self.sandbox.world.connect_graph(person, login_method="instagram")
        await self.hand_token(graph, spacing_ms=spacing_ms, token=token)
        return graph

    async def hand_token(
        self,
        graph: GraphAccount,
        *,
        spacing_ms: int = 0,
        token: str | None = None,
        published_ms: int | None = None,
        lifts: bool = True,
        grace_ms: int = GRACE_MS,
    ) -> None:
        number = graph.ig_user_id
        await self.worker.set_account(
            number,
            revision=next(self._numbers),
            sealed=sealed(self.keys.encryption, token or graph.token, number),
            expires_ms=None,
            base="https://graph.instagram.com",
            spacing_ms=spacing_ms,
            grace_ms=grace_ms,
            published_ms=published_ms,
            lifted_ms=round(time.time() * 1000) + 1 if lifts else None,
        )

    async def job(
        self, graph: GraphAccount, caption: str = "hello", *, due_in_s: float = 0.0, **more: Any
    ) -> Asked:
        """Return a job for one picture, which lies at the Worker."""
        post_id = f"post-{next(self._numbers)}"
        pieces = []
        for position in range(more.pop("pictures", 1)):
            key = f"{graph.ig_user_id}.{post_id}.{position}.jpg"
            await self.worker.put_medium(key, self.picture, "image/jpeg")
            pieces.append({"media": key, "kind": "image", "parameters": {"caption": caption}})
        body: dict[str, Any] = {"stories": False, "pieces": pieces}
        if len(pieces) > 1:
            for piece in pieces:
                piece["parameters"] = {"is_carousel_item": "true"}
            body["parent"] = {"media_type": "CAROUSEL", "caption": caption}
        return Asked(
            post_id, graph.ig_user_id, 1, int((time.time() + due_in_s) * 1000), {**body, **more}
        )

    async def ended(self, graph: GraphAccount, post_id: str) -> Mapping[str, Any]:
        """Wait until a job has come to its end, and return it."""
        with trio.fail_after(DEADLOCK_S):
            while True:
                for job in (await self.worker.changes(graph.ig_user_id, 0))["jobs"]:
                    if job["id"] == post_id and job["state"] in ("DONE", "FAILED", "RECALLED"):
                        return job  # type: ignore[no-any-return]
                await trio.sleep(0.02)

    def live(self, graph: GraphAccount) -> list[str]:
        """Return the captions of what is live of an account."""
        return [post.caption or "" for post in self.sandbox.world.published(graph.person)]


@pytest.fixture(scope="session")
def program() -> Path:
    try:
        return workerd()
    except NoWorkerd as error:
        missing(str(error))


@pytest.fixture
async def sky(sandbox_keys: Path, tmp_path: Path, program: Path) -> AsyncIterator[Sky]:
    """Both clouds at the hour that it is: the Worker knows no other."""
    directory = tmp_path / "instagram"
    directory.mkdir()
    for file in sandbox_keys.iterdir():
        if file.is_file():
            shutil.copy(file, directory / file.name)
    picture = tmp_path / "picture.jpg"
    Image.new("RGB", (400, 400), "teal").save(picture)
    async with (
        open_sandbox(directory) as sandbox,
        open_cloudflare(
            tmp_path / "cloudflare",
            program,
            proxy_url=sandbox.proxy_url,
            ca_file=sandbox.ca_file,
        ) as cloudflare,
    ):
        cloudflare.texts["PACE"] = str(PACE)
        keys = Keys.fresh()
        deployed = await deployed_at(cloudflare, keys)
        async with WorkerClient.client(deployed.url, keys.worker) as client:
            yield Sky(
                sandbox=sandbox,
                cloudflare=cloudflare,
                deployed=deployed,
                keys=keys,
                worker=WorkerClient(client),
                picture=picture,
                _numbers=count(1),
            )


async def deployed_at(cloudflare: Cloudflare, keys: Keys) -> Deployed:
    """Deploy the Worker as `reprise cloud deploy` does."""
    account = cloudflare.account
    async with client_of(account.token, cloudflare.url) as client:
        api = CloudflareApi(Line(client, Clock(pace=0.0)), account.id)
        return await deploy(api, account.id, keys, base=cloudflare.url, graph_version="v26.0")
