"""What was handed over goes out under what the user wants now, or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from publish import intake
from repost import configuring, pause, taking_back
from repost.handover import DRY_RUN
from sandbox.wire.faults import Fault, Status
from sandbox.wire.message import Exchange, Response
from storage import jobs, posts, repost_configs, reposts
from storage.posts import PostStatus
from storage.reposts import RepostStatus
from storage.store import Database
from tests.support.studio import Studio
from tests.support.thinned import sparing

UPLOAD = "rupload"


@dataclass
class Meanwhile:
    """While a request is on its way, the user decides something; then it is answered."""

    act: Callable[[], Awaitable[None]]

    async def answer(self, exchange: Exchange) -> Response:
        await self.act()
        return await exchange.perform()


async def settings(studio: Studio, **changes: Any) -> None:
    await studio.core.store.write(
        configuring.configure,
        user_id=studio.core.owner.id,
        account_id=studio.account.id,
        now=studio.clock.now(),
        **changes,
    )


async def decided(studio: Studio, act: str) -> None:
    """Let the user decide something that keeps a repost in, or changes it."""
    store, account_id, now = studio.core.store, studio.account.id, studio.clock.now()

    def disable(db: Database) -> None:
        repost_configs.change(db, account_id, now=now, is_enabled=False)
        taking_back.take_back(db, account_id, now)

    def tripped(db: Database) -> None:  # as the circuit breaker and a logout do
        repost_configs.change(db, account_id, now=now, is_enabled=False)

    match act:
        case "disable":
            await store.write(disable)
        case "breaker":
            await store.write(tripped)
        case "pause":
            await store.write(pause.pause, account_id, None, now)
        case "remove":
            await store.write(configuring.remove, account_id, now)
        case "deny":
            await settings(studio, denied_authors=["anna"])
        case "allow others":
            await settings(studio, allowed_authors=["ben"])
        case "words":
            await settings(studio, required_words=["coffee"])
        case "dry run":
            await settings(studio, dry_run=True)
        case "approval":
            await settings(studio, approval_required=True)
        case "look":
            await settings(studio, template="full-bleed", auto_tag_original_poster=False)


ENDS = {
    "disable": ("QUEUED", "Story repost is switched off for this account"),
    "breaker": ("QUEUED", "Story repost is switched off for this account"),
    "pause": ("QUEUED", "You paused the reposts of this account"),
    "remove": ("SKIPPED", "The story repost of its account was removed"),
    "deny": ("SKIPPED", "@anna is on your deny list"),
    "allow others": ("SKIPPED", "@anna is not on your allow list"),
    "words": ("SKIPPED", None),
    "dry run": ("SKIPPED", DRY_RUN),
    "approval": ("WAITING_APPROVAL", "It waits for your approval"),
    "look": ("PUBLISHED", None),
}


@pytest.mark.parametrize("act", sparing(ENDS, every=3))
async def test_what_is_decided_while_it_is_uploaded_holds(studio: Studio, act: str) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    before = await studio.only()

    async def act_now() -> None:
        await decided(studio, act)

    studio.sandbox.faults.add(Fault(path=UPLOAD, kind=Meanwhile(act_now)))
    await studio.publish_due()
    assert not studio.sandbox.world.published(studio.person)
    assert await studio.core.store.read(posts.find, before.post_id or "") is None
    if act != "remove":
        await studio.advance()
        await studio.publish_due()
    status, reason = ENDS[act]
    found = await studio.only()
    assert found.status == status, found.reason
    assert reason is None or found.reason == reason
    out = studio.sandbox.world.published(studio.person)
    assert len(out) == (1 if status == "PUBLISHED" else 0)
    if out:
        assert found.card_media_id != before.card_media_id
        assert (await studio.post_of(found)).story_mentions is None


async def test_a_repost_that_was_held_for_weeks_has_expired(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    studio.clock.advance(timedelta(days=21))
    await studio.publish_due()
    found = await studio.only()
    assert (found.status, found.post_id) == (RepostStatus.EXPIRED, None)
    assert "72 h" in (found.reason or "")
    assert not studio.sandbox.world.published(studio.person)


async def test_a_repost_that_is_sent_again_by_hand_goes_out_soon_or_not_at_all(
    studio: Studio,
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    refusal = Status(400, json={"message": "needs_upgrade", "error_type": "needs_upgrade"})
    studio.sandbox.faults.add(Fault(path="configure_to_story", kind=refusal))
    await studio.run_all()
    found = await studio.only()
    assert found.status is RepostStatus.FAILED
    store = studio.core.store
    await decided(studio, "disable")
    await store.write(intake.retry, found.post_id or "", studio.clock.now())
    await studio.publish_due()
    studio.clock.advance(timedelta(days=21))
    await store.write(configuring.enable, studio.account.id, studio.clock.now())
    await studio.publish_due()
    post = await studio.post_of(found)
    assert (post.status, post.error_code) == (PostStatus.FAILED, "SCHEDULE_MISSED")
    await store.write(intake.retry, post.id, studio.clock.now())
    await studio.publish_due()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_own_posts_are_shared_only_while_that_is_switched_on(studio: Studio) -> None:
    await studio.configure(auto_repost_enabled=True)
    studio.mention(studio.friend("anna"))
    await studio.scan()
    (repost,) = await studio.history()
    await studio.core.store.write(reposts.edit, repost.id, source=reposts.OWN_FEED)
    await studio.advance()
    assert (await studio.only()).post_id is not None
    await settings(studio, auto_repost_enabled=False)
    await studio.advance()
    await studio.publish_due()
    found = await studio.only()
    assert (found.status, found.reason) == (
        RepostStatus.SKIPPED, "Sharing your own posts is switched off",
    )  # fmt: skip


async def test_removing_the_story_repost_ends_what_waits(studio: Studio) -> None:
    await studio.configure()
    await settings(studio, approval_required=True)
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await studio.scan()
    await studio.advance()
    await studio.core.store.write(configuring.remove, studio.account.id, studio.clock.now())
    assert {each.status for each in await studio.history()} == {RepostStatus.SKIPPED}
    assert await studio.core.store.read(jobs.next_claim_at, studio.clock.now()) is None


async def test_a_card_names_its_author_as_the_author_is_called_when_it_goes_out(
    studio: Studio,
) -> None:
    await studio.configure()
    anna = studio.friend("anna")
    studio.mention(anna, ago=timedelta(hours=1))
    await studio.scan()
    await studio.advance()
    first = await studio.only()
    assert first.post_id is not None
    anna.username = "anna.new"
    studio.mention(anna, file=studio.photo(seed=2))
    await studio.scan()
    await studio.publish_due()
    assert {r.status for r in await studio.history()} < {"DETECTED", "DOWNLOADED", "QUEUED"}
    await studio.advance()
    await studio.publish_due()
    for repost in await studio.history():
        assert repost.status is RepostStatus.PUBLISHED
        post = await studio.post_of(repost)
        assert [named["username"] for named in post.story_mentions or ()] == ["anna.new"]
        assert repost.id != first.id or repost.card_media_id != first.card_media_id
