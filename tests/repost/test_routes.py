"""Which way reposts go out: the official API first, the private one where that cannot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from publish import scheduler
from publish.choice import Choice, Means, Wish, choose
from publish.intake import publish_draft
from publish.release import release
from publish.retry import Failure
from repost.configuring import Contradiction, configure
from sandbox import Sandbox
from sandbox.graph.failures import graph_error
from sandbox.wire.faults import Fault, Reset
from sandbox.world.published import Published
from sandbox.world.sample_media import make_video
from storage import accounts
from storage.deliveries import RouteName
from storage.repost_configs import PublishRoute
from storage.reposts import Repost, RepostStatus
from tests.support.clock import TestClock
from tests.support.graph import PUBLIC, connect
from tests.support.limits import DEADLOCK_S
from tests.support.served import Served, serve_studio
from tests.support.studio import Studio, open_studio
from tests.support.thinned import sparing

PRIVATE_WRITES = ("rupload_ig", "configure_to_story")


@pytest.fixture
async def both(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    """An account with a login and a token, whose media Meta can fetch."""
    monkeypatch.setattr(scheduler, "SLICE_S", 0.2)
    async with (
        open_studio(sandbox, clock, tmp_path, public_url=PUBLIC) as studio,
        serve_studio(studio) as served,
    ):
        sandbox.world.map_public_url(PUBLIC, served.url)
        await connect(served)
        yield served


async def configured(studio: Studio, **changes: Any) -> None:
    await studio.configure()
    await studio.core.store.write(
        configure,
        user_id=studio.core.owner.id,
        account_id=studio.account.id,
        now=studio.clock.now(),
        **changes,
    )


async def reposted(served: Served, *, file: Path | None = None) -> tuple[Repost, list[Published]]:
    """Let somebody mention the account, and wait for what becomes of it."""
    studio = served.studio
    studio.mention(studio.friend("anna"), file=file)
    await studio.scan()
    await studio.advance()
    ended = (RepostStatus.PUBLISHED, RepostStatus.FAILED)
    with trio.fail_after(DEADLOCK_S):
        while True:
            await studio.publish_due()
            repost = await studio.only()
            if repost.status in ended:
                return repost, studio.sandbox.world.published(studio.person)
            await trio.sleep(0.02)


def private_writes(served: Served) -> int:
    return sum(served.studio.sandbox.ledger.count(containing=path) for path in PRIVATE_WRITES)


@pytest.mark.parametrize("kind", sparing(["photo", "video"], every=2))
async def test_with_a_token_the_private_api_only_reads(
    both: Served, tmp_path: Path, kind: str
) -> None:
    file = None
    if kind == "video":
        file = tmp_path / "clip.mp4"
        make_video(file, 180, 320, seconds=4, fps=30, seed=1)
    await configured(both.studio)
    repost, (live,) = await reposted(both, file=file)
    assert (live.route, live.product, live.kind) == ("graph", "story", kind)
    assert [mention.username for mention in live.mentions] == ["anna"]
    assert 0 < live.mentions[0].x < 1
    post = await both.studio.post_of(repost)
    assert (post.status, post.published_via_private_api) == ("PUBLISHED", False)
    assert private_writes(both) == 0


async def test_an_answer_that_was_lost_is_found_on_its_own_route(both: Served) -> None:
    await configured(both.studio)
    lost = Fault(path_end="/media_publish", kind=Reset(after_effect=True))
    both.studio.sandbox.faults.add(lost)
    repost, (live,) = await reposted(both)
    assert (repost.status, live.route) == ("PUBLISHED", "graph")
    assert private_writes(both) == 0


async def test_private_by_choice_leaves_the_token_alone(both: Served) -> None:
    await configured(both.studio, publish_route=PublishRoute.PRIVATE)
    repost, (live,) = await reposted(both)
    assert (repost.status, live.route) == ("PUBLISHED", "private")
    assert both.studio.sandbox.ledger.count(host="graph.instagram.com", method="POST") == 0


async def test_an_expired_token_is_no_usable_token(both: Served) -> None:
    await configured(both.studio)
    gone = both.studio.clock.now() - timedelta(hours=1)
    account = both.studio.account.id
    await both.studio.core.store.write(accounts.change, account, token_expires_at=gone)
    repost, (live,) = await reposted(both)
    assert (repost.status, live.route) == ("PUBLISHED", "private")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/media", "token_revoked"),
        ("/media", "permission_missing"),
        ("/media_publish", "permission_missing"),
    ],
)
async def test_what_the_official_api_refuses_goes_the_other_way_once(
    both: Served, path: str, error: str
) -> None:
    await configured(both.studio)
    refusal = Fault(path_end=path, method="POST", kind=graph_error(error), times=None)
    both.studio.sandbox.faults.add(refusal)
    repost, (live,) = await reposted(both)
    assert (repost.status, live.route) == ("PUBLISHED", "private")
    post = await both.studio.post_of(repost)
    assert (post.published_via_private_api, post.error_code) == (True, None)


async def test_what_was_released_under_way_was_refused_by_nobody(both: Served) -> None:
    """A person who sends it after all has the official API for it as before."""
    studio = both.studio
    await configured(studio)
    studio.sandbox.faults.add(Fault(path_end="/media", method="POST", kind=Reset()))
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    with trio.fail_after(DEADLOCK_S):
        while (post := await studio.post_of(await studio.only())).error_message is None:
            await trio.sleep(0.02)
    for act in (release, publish_draft):
        await studio.core.store.write(act, post.id, studio.clock.now())
    with trio.fail_after(DEADLOCK_S):
        while not (live := studio.sandbox.world.published(studio.person)):
            await studio.publish_due()
            await trio.sleep(0.02)
    assert [each.route for each in live] == ["graph"]


@pytest.mark.parametrize("obstacle", sparing(["refused", "too short", "no token"], every=3))
async def test_official_by_choice_is_refused_with_the_reason(
    both: Served, tmp_path: Path, obstacle: str
) -> None:
    studio, file = both.studio, None
    await configured(studio, publish_route=PublishRoute.OFFICIAL)
    if obstacle == "refused":
        refusal = graph_error("permission_missing")
        studio.sandbox.faults.add(Fault(path_end="/media", method="POST", kind=refusal))
        reason = "permission"
    elif obstacle == "too short":
        file = tmp_path / "clip.mp4"
        make_video(file, 180, 320, seconds=1, fps=30, seed=1)
        reason = "takes story videos from 3 s on. publishRoute is `official`"
    else:
        gone = studio.clock.now() - timedelta(hours=1)
        refused = {"token_expires_at": gone, "token_unproven": True}
        await studio.core.store.write(accounts.change, studio.account.id, **refused)
        reason = "The Graph token has expired"
    repost, live = await reposted(both, file=file)
    assert (repost.status, live) == ("FAILED", [])
    assert reason in (repost.reason or "")
    assert private_writes(both) == 0


@pytest.mark.acceptance
async def test_a_short_video_takes_the_private_way_by_itself(both: Served, tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    make_video(file, 180, 320, seconds=1, fps=30, seed=1)
    await configured(both.studio)
    repost, (live,) = await reposted(both, file=file)
    assert (repost.status, live.route, live.kind) == ("PUBLISHED", "private", "video")
    assert both.studio.sandbox.ledger.count(host="graph.instagram.com", method="POST") == 0


async def test_own_posts_go_the_private_way_although_there_is_a_token(both: Served) -> None:
    studio = both.studio
    await configured(studio, auto_repost_enabled=True)
    studio.clock.advance(timedelta(seconds=2))
    new = studio.sandbox.world.add_post(studio.person, studio.photo())
    await studio.advance()
    with trio.fail_after(DEADLOCK_S):
        while not (found := studio.sandbox.world.published(studio.person)):
            await studio.publish_due()
            await trio.sleep(0.02)
    assert (found[0].route, found[0].stickers[0]["media_id"]) == ("private", str(new.pk))


async def test_sharing_own_posts_contradicts_the_official_route(both: Served) -> None:
    with pytest.raises(Contradiction, match="autoRepostEnabled: only"):
        await configured(both.studio, auto_repost_enabled=True, publish_route=PublishRoute.OFFICIAL)
    assert (await both.studio.config()).auto_repost_enabled is False


TOKEN = Means(
    has_token=True, token_valid=True, login_method="instagram", has_login=True, has_public_url=True
)
BARE = Means(
    has_token=False, token_valid=True, login_method="instagram", has_login=False,
    has_public_url=False,
)  # fmt: skip


def test_the_wish_of_a_repost_and_what_there_is() -> None:
    def route(means: Means, wish: PublishRoute) -> RouteName | str:
        chosen = choose(means, has_image=True, has_stickers=False, wish=Wish(wish))
        return chosen.route if isinstance(chosen, Choice) else chosen.code

    auto, official, private = PublishRoute.AUTO, PublishRoute.OFFICIAL, PublishRoute.PRIVATE
    assert [route(TOKEN, wish) for wish in (auto, official, private)] == [
        "GRAPH",
        "GRAPH",
        "PRIVATE",
    ]
    assert {route(BARE, wish) for wish in (auto, official, private)} == {"PRIVATE_API_REQUIRED"}
    refused = choose(BARE, has_image=True, has_stickers=False, wish=Wish(official))
    assert isinstance(refused, Failure)
    assert refused.reason.startswith("The account has no Graph token. publishRoute is `official`")
