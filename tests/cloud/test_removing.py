"""The Worker is removed while a post is on its way there: it is whole on one side, and goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import pytest
import trio

from operations import models
from operations.cloud import deploy_cloud, remove_cloud
from sandbox.cloud.cloudflare import Deliver
from sandbox.wire.message import Data, Request, Response
from storage import cloud
from tests.cloud.test_handing_over import Heights, heights
from tests.support.limits import DEADLOCK_S

__all__ = ["heights"]

STEPS = {
    "tells the account": ("PUT", "/v1/accounts/"),
    "brings the media": ("PUT", "/v1/media/"),
    "brings the post": ("PUT", "/v1/jobs/"),
    "lets it run": ("POST", "/activate"),
}
WAYS = list(product(STEPS, (False, True), (False, True)))


@dataclass
class Held:
    """Keeps the first request of a step, or its answer, until it is let go."""

    method: str
    path: str
    is_answer: bool
    came: trio.Event = field(default_factory=trio.Event)
    let_go: trio.Event = field(default_factory=trio.Event)

    async def __call__(self, request: Request, deliver: Deliver) -> Response:
        is_it = request.method == self.method and self.path in request.path
        if not is_it or self.came.is_set():
            return await deliver()
        answer = await deliver() if self.is_answer else None
        self.came.set()
        await self.let_go.wait()
        if answer is not None:
            return answer
        try:
            return await deliver()
        except RuntimeError:
            return Response(530, Data(b"no such Worker"))


@pytest.mark.parametrize(
    "ways",
    [
        pytest.param(WAYS, marks=pytest.mark.soak, id="all"),
        pytest.param([WAYS[at] for at in (1, 4, 10, 15)], id="some"),
    ],
)
async def test_what_is_on_its_way_when_the_worker_is_removed_is_ours_and_goes_out_once(
    heights: Heights, ways: list[tuple[str, bool, bool]]
) -> None:
    """At each step of a hand-over, its request held or its answer; in order, and by the brake."""
    store = heights.served.studio.core.store
    deploy = models.CloudDeployRequest(api_token=heights.cloudflare.account.token, keep_token=True)
    for number, (step, is_answer, at_once) in enumerate(ways):
        where = (step, is_answer, at_once)
        if number:
            await heights.house.perform(deploy_cloud, heights.owner, deploy)
        held = Held(*STEPS[step], is_answer)
        heights.cloudflare.way = held
        remove = models.CloudRemoveRequest(at_once=at_once, empty_bucket=True)
        made: list[str] = []

        async def schedule(caption: str = f"{where}", made: list[str] = made) -> None:
            made.append((await heights.schedule(caption, in_s=7200))["postId"])

        with trio.fail_after(DEADLOCK_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(schedule)
                await held.came.wait()
                removed = await heights.house.perform(remove_cloud, heights.owner, remove)
                held.let_go.set()
        assert removed.left == [], where
        assert await store.read(cloud.find) is None, where
        row = await heights.row(made[0])
        assert row is None or not row.is_away, (where, row.owner, row.epoch, row.sent is None)
        post = await heights.post(made[0])
        assert (post["status"], post["cloudflareJobId"]) == ("SCHEDULED", None), (where, post)
        assert await heights.job(made[0]) is not None, where
        assert heights.cloudflare.account.scripts == {}, where
        assert (await heights.served.call("DELETE", f"/api/v1/posts/{made[0]}")).status == 200
