"""The user in control, over the wire: filters, approval, pause and dry run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio

from instagram import errors
from repost import approval, card, pause
from repost.configuring import configure
from repost.handover import DRY_RUN
from sandbox.wire.faults import Fault, Kind, Reset, Status, throttled
from storage import jobs, media_files, post_lists, posts, repost_slots
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostStatus
from tests.support.studio import Studio, open_studio

HOUR = timedelta(hours=1)
USERS_INFO = "/info/"


async def settings(studio: Studio, **changes: Any) -> RepostConfig:
    """Change the configuration as the API does."""
    return await studio.core.store.write(
        configure,
        user_id=studio.core.owner.id,
        account_id=studio.account.id,
        now=studio.clock.now(),
        **changes,
    )


async def by_author(studio: Studio) -> dict[str, Repost]:
    return {repost.author_username: repost for repost in await studio.history()}


def writes(studio: Studio) -> list[str]:
    """Return the requests that could have put something on Instagram."""
    found = studio.sandbox.ledger.find(method="POST", account="studio")
    return [each.path for each in found if "rupload" in each.path or "configure" in each.path]


def live(studio: Studio) -> int:
    return len(studio.sandbox.world.published(studio.person))


# Filters


async def test_authors_are_chosen_before_anything_is_spent_on_their_stories(
    studio: Studio,
) -> None:
    await studio.configure()
    await settings(studio, allowed_authors=["anna", "ben"], denied_authors=["ben"])
    for name in ("anna", "ben", "carla"):
        studio.mention(studio.friend(name))
    await studio.scan()
    mark = studio.sandbox.ledger.mark()
    await studio.advance()
    await studio.publish_due()
    found = await by_author(studio)
    assert {name: repost.status for name, repost in found.items()} == {
        "anna": "PUBLISHED",
        "ben": "SKIPPED",
        "carla": "SKIPPED",
    }
    assert found["ben"].reason == "@ben is on your deny list"
    assert found["carla"].reason == "@carla is not on your allow list"
    asked = studio.sandbox.ledger.find("feed/user/", containing="/story/", since=mark)
    strangers = {str(studio.sandbox.world.person(name).pk) for name in ("ben", "carla")}
    assert not [entry for entry in asked if entry.path.split("/")[-3] in strangers]


async def test_nobody_is_asked_about_authors_who_always_may(studio: Studio) -> None:
    """An approval beforehand: lists and words do not stop it, what was meant for few does."""
    await studio.configure(approval_required=True, required_words=["coffee"])
    await settings(studio, allowed_authors=["ben"], always_authors=["anna"])
    anna = studio.friend("anna")
    studio.mention(anna)
    await studio.run_all()
    assert (await studio.only()).status is RepostStatus.PUBLISHED
    # Who takes over the name is somebody else, and whoever is denied is never asked about.
    anna.username = "anna.new"
    thief = studio.friend("anna")
    studio.mention(thief, file=studio.photo(seed=2))
    await studio.run_all()
    newest = (await studio.history())[0]
    assert newest.reason == "@anna is not on your allow list"
    await settings(studio, denied_authors=["anna.new"])
    studio.mention(anna, file=studio.photo(seed=3))
    await studio.run_all()
    assert (await studio.history())[0].reason == "@anna.new is on your deny list"
    assert live(studio) == 1


async def test_a_new_name_evades_no_list(studio: Studio) -> None:
    await studio.configure()
    await settings(studio, denied_authors=["anna"])
    anna = studio.friend("anna")
    studio.mention(anna)
    await studio.run_all()
    anna.username = "totally.not.anna"
    studio.mention(anna, file=studio.photo(seed=2))
    await studio.run_all()
    assert {r.status for r in await studio.history()} == {RepostStatus.SKIPPED}
    assert live(studio) == 0


async def test_an_author_seen_before_is_known_when_listed(studio: Studio) -> None:
    await studio.configure(dry_run=True)
    anna = studio.friend("anna")
    studio.mention(anna)
    await studio.run_all()
    await settings(studio, denied_authors=["ANNA"], dry_run=False)
    anna.username = "annas.new.name"
    studio.mention(anna, file=studio.photo(seed=2))
    await studio.run_all()
    newest = (await studio.history())[0]
    assert newest.reason == "@annas.new.name is on your deny list"


async def test_words_of_the_caption_and_of_hashtag_stickers(studio: Studio) -> None:
    await studio.configure(required_words=["coffee"], excluded_words=["giveaway"])
    world = studio.sandbox.world
    place = {"x": 0.5, "y": 0.5, "width": 0.3, "height": 0.1}
    told: dict[str, dict[str, Any]] = {
        "anna": {"caption": "Best COFFEE in town"},
        "ben": {"stickers": [{"type": "hashtag", "tag_name": "Coffee", **place}]},
        "carla": {"caption": "Coffee #giveaway"},
        "dora": {"caption": "just me"},
    }
    for name, said in told.items():
        story = world.add_story(
            studio.friend(name), studio.photo(), mentions=[studio.person], **said
        )
        world.mention(story, studio.person)
    await studio.run_all()
    found = await by_author(studio)
    assert {name for name, r in found.items() if r.status is RepostStatus.PUBLISHED} == {
        "anna",
        "ben",
    }
    assert found["carla"].reason == "Its text holds “giveaway”, which you exclude"
    assert found["dora"].reason == "Its text holds none of the words that you ask for"


async def test_followers_are_read_once_a_day_and_only_where_it_matters(studio: Studio) -> None:
    await studio.configure()
    anna, ben = studio.friend("anna"), studio.friend("ben")
    anna.followers, ben.followers = 500, 499
    studio.mention(anna)
    await studio.run_all()
    ledger = studio.sandbox.ledger
    assert ledger.count("users/", containing=USERS_INFO) == 0

    await settings(studio, minimum_followers=500)
    for seed in (2, 3):
        studio.mention(anna, file=studio.photo(seed=seed))
        studio.mention(ben, file=studio.photo(seed=seed))
    await studio.run_all()
    states = [(r.author_username, r.status.value) for r in await studio.history()]
    assert states.count(("anna", "PUBLISHED")) == 3
    assert states.count(("ben", "SKIPPED")) == 2
    reason = "@ben has 499 followers, fewer than the 500 that you ask for"
    assert {r.reason for r in await studio.history() if r.author_username == "ben"} == {reason}
    assert ledger.count("users/", containing=USERS_INFO) == 2
    assert studio.core.gateway.requests["user_info", "ok"] == 2

    studio.clock.advance(timedelta(hours=25))
    ben.followers = 10_000
    studio.mention(ben, file=studio.photo(seed=4))
    await studio.run_all()
    assert (await studio.history())[0].status is RepostStatus.PUBLISHED
    assert ledger.count("users/", containing=USERS_INFO) == 3


async def test_followers_that_cannot_be_counted_hold_the_mention_and_hammer_nobody(
    studio: Studio,
) -> None:
    await studio.configure(minimum_followers=10)
    anna = studio.friend("anna")
    anna.followers = 10
    studio.mention(anna)
    studio.sandbox.faults.add(Fault(path=f"/users/{anna.pk}/info/", kind=Status(500)))
    await studio.run_all()
    for _ in range(3):
        await studio.advance()
    held = await studio.only()
    assert held.status is RepostStatus.DOWNLOADED
    assert "could not be counted" in (held.reason or "")
    assert held.held_until is not None
    assert studio.sandbox.ledger.count("users/", containing=USERS_INFO) == 1
    studio.clock.advance(HOUR + timedelta(seconds=1))
    await studio.run_all()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_followers_are_not_counted_in_the_sleep_window(studio: Studio) -> None:
    hour = studio.clock.now().hour
    await studio.configure(
        minimum_followers=1, sleep_window_start=hour, sleep_window_end=(hour + 2) % 24
    )
    studio.mention(studio.friend("anna"))
    await studio.scan()  # by hand, which is allowed then
    await studio.advance()
    held = await studio.only()
    assert (held.status, held.media_path is not None) == ("DOWNLOADED", True)
    assert held.held_until is not None
    assert studio.sandbox.ledger.count("users/", containing=USERS_INFO) == 0


# Approval


async def test_approval_required_in_between_holds_for_what_has_not_gone_out(
    studio: Studio,
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()  # handed over: its post waits in the queue
    assert (await studio.only()).post_id is not None
    await settings(studio, approval_required=True)
    await studio.advance()
    await studio.publish_due()
    waiting = await studio.only()
    assert (waiting.status, waiting.post_id) == ("WAITING_APPROVAL", None)
    assert (live(studio), writes(studio)) == (0, [])
    await studio.core.store.write(approval.approve, waiting.id, studio.clock.now())
    await studio.advance()
    await studio.publish_due()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_an_approved_mention_is_stopped_by_the_deny_list_alone(studio: Studio) -> None:
    await studio.configure(approval_required=True, daily_repost_limit=1)
    for name in ("anna", "ben", "carla"):
        studio.mention(studio.friend(name))
    await studio.run_all()
    ids = {name: repost.id for name, repost in (await by_author(studio)).items()}
    await studio.core.store.write(
        approval.decide_all, list(ids.values()), approval.approve, studio.clock.now()
    )
    await settings(studio, denied_authors=["ben"], required_words=["never said"])
    await studio.advance()
    await studio.publish_due()
    found = await by_author(studio)
    assert found["ben"].reason == "@ben is on your deny list"
    assert {found["anna"].status, found["carla"].status} == {"PUBLISHED", "QUEUED"}


async def test_what_nobody_approves_expires_and_says_so(studio: Studio) -> None:
    await studio.configure(approval_required=True)
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    waiting = await studio.only()
    assert waiting.held_until == waiting.mentioned_at + timedelta(hours=72)
    studio.clock.advance(timedelta(hours=73))
    write, now = studio.core.store.write, studio.clock.now
    with pytest.raises(approval.TooLate, match="expired: nobody approved it before"):
        await write(approval.approve, waiting.id, now())
    await studio.advance()
    expired = await studio.only()
    assert (expired.status, expired.reason) == ("EXPIRED", "Nobody approved it within 72 h")
    with pytest.raises(approval.TooLate, match="expired: Nobody approved it"):
        await write(approval.approve, waiting.id, now())
    assert live(studio) == 0


async def test_a_skip_while_the_story_is_downloaded_holds(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    found = await studio.only()
    ledger, faults = studio.sandbox.ledger, studio.sandbox.faults
    faults.add(Fault(path=".jpg", kind=Reset(), times=None))

    async def skip() -> None:
        await ledger.wait_for("/v/")
        await studio.core.store.write(approval.skip, found.id, studio.clock.now())
        faults.clear()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(skip)
        await studio.advance()
    await studio.run_all()
    assert (await studio.only()).reason == "You skipped it"
    assert live(studio) == 0
    assert not [path for path in studio.folder.root.rglob("*.jpg") if path.is_file()]


async def test_what_is_decided_while_the_card_is_composed_holds(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.configure()
    for age, name in ((3, "anna"), (2, "ben"), (1, "carla")):
        studio.mention(studio.friend(name), ago=timedelta(minutes=age))
    await studio.scan()
    ids = {name: repost.id for name, repost in (await by_author(studio)).items()}
    compose, write = card.compose, studio.core.store.write

    async def decide_meanwhile(source: Path, *, author: str, **how: Any) -> card.Card:
        composed = await compose(source, author=author, **how)
        if author == "anna":
            await write(approval.skip, ids["anna"], studio.clock.now())
        if author == "ben":
            await write(pause.pause, studio.account.id, None, studio.clock.now())
        return composed

    monkeypatch.setattr(card, "compose", decide_meanwhile)
    await studio.advance()
    await studio.publish_due()
    found = await by_author(studio)
    assert found["anna"].reason == "You skipped it"
    assert {found[name].reason for name in ("ben", "carla")} == {
        "You paused the reposts of this account"
    }
    assert (live(studio), writes(studio)) == (0, [])
    kept = await studio.core.store.read(media_files.get, found["ben"].card_media_id or "")
    cards = [path for path in studio.folder.root.rglob("*.jpg") if path.stat().st_size > 30_000]
    assert studio.folder.path(kept.storage_path) in cards


async def test_a_skip_takes_a_post_back_that_has_not_begun(studio: Studio) -> None:
    await studio.configure()
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await studio.scan()
    await studio.advance()
    store, now = studio.core.store, studio.clock.now
    anna, ben = (await by_author(studio))["anna"], (await by_author(studio))["ben"]
    await store.write(approval.skip, anna.id, now())
    (claimed,) = await store.write(jobs.claim_due, now())
    with pytest.raises(approval.TooLate, match="going out right now"):
        await store.write(approval.skip, ben.id, now())
    await studio.deliverer.deliver(claimed)
    await studio.publish_due()
    found = await by_author(studio)
    assert (found["anna"].status, found["ben"].status) == ("SKIPPED", "PUBLISHED")
    assert live(studio) == 1


# Pause


async def test_a_pause_lets_nothing_out_and_loses_nothing(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()  # it is in the publish queue when the pause begins
    store, now = studio.core.store, studio.clock.now
    until = now() + timedelta(hours=30)
    await store.write(pause.pause, studio.account.id, until, now())
    ben = studio.friend("ben")
    studio.mention(ben)
    await studio.run_all()
    found = await by_author(studio)
    for name in ("anna", "ben"):
        repost = found[name]
        assert (repost.status, repost.post_id) == ("QUEUED", None)
        assert repost.reason == "You paused the reposts of this account"
        assert repost.held_until is not None
        assert abs(repost.held_until - until) < timedelta(seconds=1)
        assert repost.media_path is not None, "the stories are gone before the pause ends"
    assert (live(studio), writes(studio)) == (0, [])
    assert await store.read(repost_slots.sent_since, studio.account.id, now() - HOUR) == []

    studio.clock.advance(timedelta(hours=31))
    await studio.advance()
    await studio.publish_due()
    assert {r.status for r in await studio.history()} == {RepostStatus.PUBLISHED}
    assert live(studio) == 2


async def test_a_pause_survives_a_restart_and_ends_by_hand(studio: Studio, tmp_path: Path) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.core.store.write(pause.pause, studio.account.id, None, studio.clock.now())
    await studio.run_all()
    await studio.core.gateway.close()
    async with open_studio(studio.sandbox, studio.clock, tmp_path, logged_in=False) as again:
        await again.run_all()
        assert (live(again), (await again.only()).status) == (0, "QUEUED")
        with pytest.raises(pause.NotInFuture):
            await again.core.store.write(
                pause.pause, again.account.id, again.clock.now(), again.clock.now()
            )
        await again.core.store.write(pause.resume, again.account.id, again.clock.now())
        await again.run_all()
        assert (live(again), (await again.only()).status) == (1, "PUBLISHED")


async def test_a_card_that_waits_takes_on_a_new_look(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    first = await studio.only()
    files = {path for path in studio.folder.root.rglob("*") if path.is_file()}
    studio.clock.advance(timedelta(minutes=1))
    await settings(studio, template="full-bleed", configured_at=studio.clock.now())
    await studio.advance()
    second = await studio.only()
    assert second.card_media_id not in (None, first.card_media_id)
    assert first.card_sticker != second.card_sticker
    kept = {path for path in studio.folder.root.rglob("*") if path.is_file()}
    assert len(kept) == len(files), "the old card is still on the disk"
    await studio.publish_due()
    assert live(studio) == 1


async def test_what_may_be_live_is_not_taken_back(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    lost = Fault(path="configure_to_story", kind=Reset(after_effect=True))
    studio.sandbox.faults.add(lost)
    asked = Fault(path=f"/feed/user/{studio.person.pk}/story", kind=Status(500), skip=1)
    studio.sandbox.faults.add(asked)
    await studio.scan()
    await studio.advance()
    for job in await studio.core.store.write(jobs.claim_due, studio.clock.now()):
        await studio.deliverer.deliver(job)
    repost = await studio.only()
    assert repost.post_id is not None
    await studio.core.store.write(pause.pause, studio.account.id, None, studio.clock.now())
    assert (await studio.only()).post_id == repost.post_id
    studio.clock.advance(timedelta(minutes=20))
    await studio.publish_due()
    assert (await studio.only()).status is RepostStatus.PUBLISHED
    assert live(studio) == 1


# Dry run


async def test_a_dry_run_does_everything_but_publish(studio: Studio) -> None:
    await studio.configure(dry_run=True, daily_repost_limit=1)
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await studio.run_all()
    found = {repost.status: repost for repost in await studio.history()}
    assert found[RepostStatus.SKIPPED].reason == DRY_RUN
    assert found[RepostStatus.QUEUED].reason == "Daily limit of 1 reposts reached"
    assert writes(studio) == []
    kept = await studio.core.store.read(
        media_files.get, found[RepostStatus.SKIPPED].card_media_id or ""
    )
    assert (kept.width, kept.height) == (1080, 1920)
    assert studio.folder.path(kept.storage_path).stat().st_size == kept.file_size
    assert (
        await studio.core.store.read(post_lists.total, studio.core.owner.id, post_lists.EVERYTHING)
        == 0
    )


async def test_a_dry_run_begun_in_between_takes_back_what_was_queued(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    await studio.advance()
    card_id = (await studio.only()).card_media_id
    await settings(studio, dry_run=True)
    await studio.advance()
    await studio.publish_due()
    ended = await studio.only()
    assert (ended.status, ended.reason, ended.card_media_id) == ("SKIPPED", DRY_RUN, card_id)
    assert writes(studio) == []


async def test_a_cleared_post_still_counts_for_the_cap(studio: Studio) -> None:
    await studio.configure(daily_repost_limit=1)
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    store = studio.core.store
    await store.write(posts.archive, (await studio.only()).post_id or "", studio.clock.now())
    studio.mention(studio.friend("ben"))
    await studio.run_all()
    assert (await by_author(studio))["ben"].reason == "Daily limit of 1 reposts reached"


@pytest.mark.parametrize("kind", [throttled(600), Status(429)], ids=["json", "bare"])
async def test_an_account_that_is_on_hold_stops_the_counting_too(
    studio: Studio, kind: Kind
) -> None:
    await studio.configure(minimum_followers=10)
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await studio.scan()
    studio.sandbox.faults.add(Fault(path="/info/", kind=kind, times=None))
    with pytest.raises(errors.RateLimited):
        await studio.advance()
    with pytest.raises(errors.AccountOnHold):
        await studio.advance()
    assert studio.sandbox.ledger.count("users/", containing=USERS_INFO) == 1
    assert {r.status for r in await studio.history()} == {RepostStatus.DOWNLOADED}
