"""Everything at once: posts, media and accounts come and go while posts are on their way."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from storage.posts import PostStatus
from tests.support.posting import photo_id, video_id
from tests.support.served import Served
from tests.support.turmoil import Turmoil

PEOPLE = ("private1", "private2", "graph_i", "graph_f")
ENDED = (PostStatus.PUBLISHED, PostStatus.FAILED, PostStatus.DRAFT)
SIZES = [
    pytest.param(7, 6, 20, id="short"),
    *(pytest.param(seed, 12, 150, id=f"{seed}", marks=pytest.mark.soak) for seed in range(10)),
]


@pytest.mark.acceptance
@pytest.mark.parametrize(("seed", "clients", "turns"), SIZES)
@pytest.mark.timeout(600)
async def test_whatever_happens_meanwhile_no_delivery_breaks(
    public: Served, seed: int, clients: int, turns: int
) -> None:
    world = public.studio.sandbox.world
    turmoil = Turmoil(
        served=public,
        dice=random.Random(seed),
        photos=[await photo_id(public, seed=number) for number in range(2)],
        videos=[await video_id(public)],
        people={name: world.add_person(name, password="secret of theirs") for name in PEOPLE},
    )
    await turmoil.run(clients, turns)
    await turmoil.settle()

    assert [found for found in turmoil.answers if found[1] >= 500] == []
    ends = await turmoil.every_post()
    assert {post.status for post in ends} <= set(ENDED)
    assert "INTERNAL_ERROR" not in {post.error_code for post in ends}
    live = public.studio.sandbox.ledger.published
    said = Counter(post.caption for post in live if post.caption)
    assert {caption for caption, count in said.items() if count > 1} == set()
