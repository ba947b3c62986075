"""Taking a decision back, the rest of an approval, and stopping everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from repost import approval, rails, stopping
from sandbox import Sandbox
from storage import posts, repost_configs, reposts
from storage.posts import PostStatus
from storage.reposts import RepostStatus
from storage.store import Database
from tests.support.clock import TestClock
from tests.support.studio import Studio, open_studio


@pytest.fixture
async def ready(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Studio]:
    """An account at the ordinary pace, warm, with one mention that waits for approval."""
    async with open_studio(sandbox, clock, tmp_path, rails_pace=1.0) as studio:
        clock.advance(timedelta(days=40))
        await studio.configure(approval_required=True)
        studio.mention(studio.friend("anna"))
        await studio.scan()
        await studio.advance()
        yield studio


async def decide(studio: Studio, decision: approval.Decision) -> reposts.Repost:
    mention = await studio.only()
    return await studio.core.store.write(decision, mention.id, studio.clock.now())


async def test_an_approval_rests_and_is_taken_back(ready: Studio) -> None:
    await decide(ready, approval.approve)
    await ready.advance()
    resting = await ready.only()
    assert (resting.status, resting.post_id) == (RepostStatus.QUEUED, None)
    assert resting.reason == "You have just approved it"
    assert (await decide(ready, approval.reconsider)).status is RepostStatus.WAITING_APPROVAL
    ready.clock.advance(timedelta(minutes=1))
    await ready.run_all()
    assert (await ready.only()).status is RepostStatus.WAITING_APPROVAL
    assert ready.sandbox.ledger.published == []
    await decide(ready, approval.approve)
    ready.clock.advance(timedelta(seconds=11))
    await ready.run_all()
    assert len(ready.sandbox.ledger.published) == 1
    with pytest.raises(approval.TooLate):
        await decide(ready, approval.reconsider)


async def test_what_was_handed_over_is_taken_back_until_it_begins(ready: Studio) -> None:
    await decide(ready, approval.approve)
    ready.clock.advance(timedelta(seconds=11))
    await ready.advance()
    handed_over = await ready.only()
    assert handed_over.post_id is not None
    assert (await decide(ready, approval.reconsider)).post_id is None
    assert await ready.core.store.read(posts.find, handed_over.post_id) is None
    await ready.publish_due()
    assert ready.sandbox.ledger.published == []


async def test_only_a_persons_own_skip_is_taken_back(ready: Studio) -> None:
    await decide(ready, approval.skip)
    assert (await decide(ready, approval.reconsider)).status is RepostStatus.WAITING_APPROVAL
    mention = await ready.only()

    def by_a_filter(db: Database) -> None:
        reposts.change(db, mention.id, RepostStatus.SKIPPED, now=ready.clock.now(), reason="x")

    await ready.core.store.write(by_a_filter)
    with pytest.raises(approval.TooLate):
        await decide(ready, approval.reconsider)


async def test_a_clock_that_was_ahead_holds_no_approval_back(ready: Studio) -> None:
    await decide(ready, approval.approve)
    ready.clock.set_on(timedelta(days=-2))
    assert approval.still_open(await ready.only(), ready.clock.now(), 1.0) is None


async def test_stopped_means_nothing_of_either_kind_goes_out(ready: Studio) -> None:
    await decide(ready, approval.approve)
    ready.clock.advance(timedelta(seconds=11))
    await ready.advance()
    owner = ready.core.owner.id
    await ready.core.store.write(stopping.stop, owner, ready.clock.now())
    assert (await ready.only()).post_id is None
    await ready.run_all()
    held = await ready.only()
    assert (held.status, held.reason) == (RepostStatus.QUEUED, "You stopped everything")
    assert ready.sandbox.ledger.published == []

    def of_a_post(db: Database) -> object:
        config = repost_configs.get(db, ready.account.id)
        post = posts.Post(
            id="p", user_id=owner, account_id=ready.account.id, media_type=posts.MediaType.IMAGE,
            instagram_account_id=ready.account.id, source_type=posts.SourceType.SCHEDULED,
            status=PostStatus.QUEUED, created_at=config.created_at, updated_at=config.created_at,
        )  # fmt: skip
        return rails.post_held(db, post, ready.clock.now(), 1.0)

    assert await ready.core.store.read(of_a_post) == rails.STOPPED
    await ready.core.store.write(stopping.go_on, owner, ready.clock.now())
    assert await ready.core.store.read(of_a_post) is None
    await ready.run_all()
    assert len(ready.sandbox.ledger.published) == 1
