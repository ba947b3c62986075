"""`kill -9` at every boundary of a delivery: each post is live once, whenever the daemon died."""

from __future__ import annotations

import pytest

from tests.crash.chain import Chain
from tests.crash.outcomes import Outcomes, check
from tests.crash.points import KINDS, Case, Point, cases
from tests.crash.sender import Sender

ROUTES = ("instagram", "facebook", "private")
RANDOM_KILLS = 12  # of each kind of post on each route
# What nothing but a crash shows: the publishing request, and what is asked after it.
SHORT = (
    Case("instagram", "IMAGE", (Point("container", "after"),)),
    Case("instagram", "IMAGE", (Point("fetch", "before"),)),
    Case("instagram", "CAROUSEL", (Point("container", "before", 4),)),
    Case("instagram", "STORY_PHOTO", (Point("publish", "before"),)),
    Case("instagram", "IMAGE", (Point("publish", "after"), Point("poll"))),
    Case("facebook", "STORY_VIDEO", (Point("upload", "after"),)),
    Case("facebook", "IMAGE", (Point("permalink"),)),
    Case("facebook", "IMAGE", (Point("page photo", "after"),)),
    Case("private", "STORY_PHOTO", (Point("upload", "after"),)),
    Case("private", "CAROUSEL", (Point("configure", "before"),)),
    Case("private", "REELS", (Point("configure", "after"), Point("own feed"))),
)


async def test_killed_on_the_way_each_post_is_live_once(chain: Chain) -> None:
    outcomes = Outcomes()
    sender = Sender(chain, outcomes)
    for case in SHORT:
        await sender.killed(case)
    assert chain.kills == sum(len(case.points) for case in SHORT)
    check(outcomes)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("route", ROUTES)
async def test_killed_at_every_boundary_each_post_is_live_once(
    chain: Chain, outcomes: Outcomes, route: str
) -> None:
    sender = Sender(chain, outcomes)
    for case in cases(route):
        await sender.killed(case)
    for kind in KINDS:
        await sender.undisturbed(route, kind)
        takes_s = await sender.undisturbed(route, kind)
        for _ in range(RANDOM_KILLS):
            await sender.killed_at_random(route, kind, takes_s)
    check(outcomes)
