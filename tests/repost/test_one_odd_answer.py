"""One odd answer is never final: only what Instagram's story endpoints say plainly is."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest
from sqlite_utils import Database

from media.errors import RenderFailed
from repost import approval, card
from sandbox.private.stories import story_json
from sandbox.wire.faults import (
    Body,
    Fault,
    Kind,
    Oversized,
    Redirect,
    Reset,
    Status,
    Truncated,
    throttled,
)
from sandbox.wire.message import JsonObject
from sandbox.world import items
from sandbox.world.sample_media import make_video
from sandbox.world.story import Story
from storage.errors import Unavailable
from storage.reposts import RepostStatus
from tests.support.studio import Studio

HTML = "<html>Sorry, something went wrong</html>"
# What answers once in place of the author's reel, or of the media server.
OF_THE_REEL: dict[str, Kind] = {
    "an odd 400": Status(400, {"message": "Sorry, something went wrong", "status": "fail"}),
    "needs_upgrade": Status(400, {"message": "needs_upgrade", "error_type": "needs_upgrade"}),
    "geoblock": Status(400, {"message": "geoblock_required", "status": "fail"}),
    "an unknown 418": Status(418, {"message": "teapot", "status": "fail"}),
    "status fail": Status(200, {"message": "try again", "status": "fail"}),
    "a 404 in JSON": Status(404, {"message": "not now", "status": "fail"}),
    "a 404 of a proxy": Status(404, text=HTML),
    "a 200 that is a page": Status(200, text=HTML),
    "a list": Status(200, []),
    "no reel": Status(200, {"status": "ok"}),
    "a reel without items": Status(200, {"reel": {"id": 1}, "status": "ok"}),
    "a reel that is a number": Status(200, {"reel": 5, "status": "ok"}),
    "an odd item": Status(200, {"reel": {"items": [7, {"pk": None}]}, "status": "ok"}),
    "a 503": Status(503, text=HTML),
}
OF_THE_CDN: dict[str, Kind] = {
    "403": Status(403, text="URL signature expired"),
    "404": Status(404, text="gone"),
    "410": Status(410, text="Bad URL hash"),
    "400": Status(400, text="bad"),
    "429": Status(429, text="slowly"),
    "500": Status(500, text="oops"),
    "a page": Body(HTML.encode()),
    "nothing": Body(b""),
    "half a picture": Truncated(2000),
    "a picture that ends early": Body(b"\\xff\\xd8\\xff\\xe0 not really"),
    "a redirect elsewhere": Redirect("https://evil.example/a.jpg"),
    "a redirect to nowhere": Redirect("https://a..fbcdn.net/"),
    "a reset": Reset(),
    "a length of 200 MB": Oversized(200 * 1024 * 1024),
}


def without(*names: str) -> Callable[[JsonObject], JsonObject]:
    return lambda item: {name: value for name, value in item.items() if name not in names}


def having(**values: object) -> Callable[[JsonObject], JsonObject]:
    return lambda item: item | values


# What Instagram shows of a story once, on both of its endpoints, while its media are not ready.
NOT_READY = {
    "empty candidates": having(image_versions2={"candidates": []}),
    "no candidates": having(image_versions2={}),
    "no picture": without("image_versions2"),
    "a picture that is a text": having(image_versions2="soon"),
    "sizes without addresses": having(image_versions2={"candidates": [{"width": 1}, None, 3]}),
    "no video": having(media_type=2, video_versions=[]),
    "DASH only": having(media_type=2, video_dash_manifest="<MPD/>"),
    "an address elsewhere": having(
        image_versions2={"candidates": [{"url": "https://evil.example/a.jpg"}]}
    ),
    "an address that is none": having(image_versions2={"candidates": [{"url": "https://a b.."}]}),
}


async def test_the_story_is_asked_for_again(studio: Studio) -> None:
    await studio.configure(daily_repost_limit=48)
    cases: dict[str, Story] = {}

    def mention() -> tuple[str, Story]:
        name = f"friend{len(cases)}"
        story = studio.mention(studio.friend(name))
        cases[name] = story
        return name, story

    asked = {}
    for case, kind in OF_THE_REEL.items():
        name, story = mention()
        asked[name] = case
        studio.sandbox.faults.add(Fault(path=f"feed/user/{story.owner.pk}/story", kind=kind))
        odd = Status(400, {"message": "Sorry", "status": "fail"})
        studio.sandbox.faults.add(Fault(path=f"media/{story.pk}/info", kind=odd))
    for case, kind in OF_THE_CDN.items():
        name, story = mention()
        asked[name] = f"media server: {case}"
        studio.sandbox.faults.add(Fault(path=str(story.pk), path_end=".jpg", kind=kind))
    for case, change in NOT_READY.items():
        name, story = mention()
        asked[name] = case
        item = change(story_json(story, studio.sandbox.world))
        reel = {"reel": {"id": story.owner.pk, "items": [item]}, "status": "ok"}
        media = {"items": [item], "status": "ok"}
        owner = f"feed/user/{story.owner.pk}/story"
        studio.sandbox.faults.add(Fault(path=owner, kind=Status(200, reel)))
        studio.sandbox.faults.add(Fault(path=f"media/{story.pk}/info", kind=Status(200, media)))

    await studio.run_all()
    for repost in await studio.history():
        assert repost.status is RepostStatus.DETECTED, (asked[repost.author_username], repost)
        assert (repost.reason or "").endswith("; it is tried again")
        assert repost.held_until is not None
    before = len(studio.sandbox.ledger.requests)
    await studio.advance()  # too early: nothing is hammered
    assert len(studio.sandbox.ledger.requests) <= before + 1

    studio.clock.advance(timedelta(hours=2))
    await studio.advance()
    lost = {asked[r.author_username]: r.reason for r in await studio.history() if not r.post_id}
    assert lost == {}
    assert {r.status for r in await studio.history()} == {RepostStatus.QUEUED}


async def test_the_stories_of_the_sender_of_an_odd_message_are_asked_for_again(
    studio: Studio,
) -> None:
    """The message does not say which story it means, so no other endpoint tells of it."""
    await studio.configure(daily_repost_limit=48)
    world, asked = studio.sandbox.world, {}
    for number, (case, kind) in enumerate(OF_THE_REEL.items()):
        friend = studio.friend(f"friend{number}")
        world.add_story(friend, studio.photo(), mentions=[studio.person])
        message = items.expired_mention(friend, at=studio.clock.seconds())
        world.add_item(world.thread_between(studio.person, friend), message)
        asked[friend.username] = case
        studio.sandbox.faults.add(Fault(path=f"feed/user/{friend.pk}/story", kind=kind))
    silent = Status(200, {"status": "ok"})
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=silent))
    await studio.run_all()
    waiting = {asked[r.author_username]: r.status for r in await studio.history()}
    assert waiting == dict.fromkeys(OF_THE_REEL, RepostStatus.DETECTED)
    studio.clock.advance(timedelta(minutes=2))
    await studio.advance()
    assert {r.status for r in await studio.history()} == {RepostStatus.QUEUED}


async def test_what_both_endpoints_say_plainly_is_final(studio: Studio) -> None:
    await studio.configure()
    stories = [studio.mention(studio.friend(name)) for name in ("anna", "ben")]
    await studio.scan()
    for story in stories:
        studio.sandbox.world.delete_story(story)
    await studio.advance()
    assert {r.status for r in await studio.history()} == {RepostStatus.EXPIRED}
    asked = studio.sandbox.ledger.count("/info/")
    studio.clock.advance(timedelta(hours=2))
    await studio.advance()
    assert studio.sandbox.ledger.count("/info/") == asked


async def test_an_empty_list_does_not_say_that_a_story_is_gone(studio: Studio) -> None:
    await studio.configure()
    story = studio.mention(studio.friend("anna"))
    answers = {
        f"feed/user/{story.owner.pk}/story": {"reel": None, "status": "ok"},
        f"media/{story.pk}/info": {"items": [], "num_results": 0, "status": "ok"},
    }
    for path, answer in answers.items():
        studio.sandbox.faults.add(Fault(path=path, kind=Status(200, answer)))
    await studio.run_all()
    assert (await studio.only()).status is RepostStatus.DETECTED
    studio.clock.advance(timedelta(minutes=2))
    await studio.run_all()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_a_story_that_can_never_be_read_ends_with_its_day(studio: Studio) -> None:
    await studio.configure()
    story = studio.mention(studio.friend("anna"))
    odd = Status(400, {"message": "Sorry, something went wrong", "status": "fail"})
    reel = Fault(path=f"feed/user/{story.owner.pk}/story", kind=odd, times=None)
    studio.sandbox.faults.add(reel)
    await studio.scan()
    pauses = []
    while (repost := await studio.only()).status is RepostStatus.DETECTED:
        await studio.advance()
        repost = await studio.only()
        if repost.held_until is None:
            break
        pauses.append(repost.held_until - studio.clock.now())
        studio.clock.advance(pauses[-1] + timedelta(seconds=1))
    assert repost.status is RepostStatus.EXPIRED
    assert "Sorry, something went wrong" in (repost.reason or "")
    assert 20 < len(pauses) < 32
    assert pauses[:3] < pauses[3:6] < pauses[6:9]
    asked = studio.sandbox.ledger.count(f"feed/user/{story.owner.pk}/story")
    assert asked == len(pauses) + 1


async def test_another_size_is_tried_where_one_never_comes(studio: Studio) -> None:
    await studio.configure()
    story = studio.mention(studio.friend("anna"))
    candidates = story_json(story, studio.sandbox.world)["image_versions2"]["candidates"]
    assert len(candidates) == 2
    path = candidates[0]["url"].split("/")[-1].split("?")[0]
    gone = Fault(path=path, kind=Status(403, text="Bad URL hash"), times=None)
    studio.sandbox.faults.add(gone)
    await studio.scan()
    for _ in range(5):
        await studio.advance()
        studio.clock.advance(timedelta(minutes=10))
    assert (await studio.only()).media_path is not None


async def test_a_profile_that_answers_oddly_once_costs_no_mention(studio: Studio) -> None:
    await studio.configure(minimum_followers=1)
    friend = studio.friend("anna")
    studio.sandbox.world.follow(studio.person, friend)
    studio.mention(friend)
    odd = Status(404, {"message": "User not found", "status": "fail"})
    studio.sandbox.faults.add(Fault(path=f"users/{friend.pk}/info", kind=odd))
    await studio.run_all()
    assert (await studio.only()).status is RepostStatus.DOWNLOADED
    studio.clock.advance(timedelta(hours=2))
    await studio.advance()
    await studio.publish_due()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_an_own_post_has_one_more_try_after_a_failed_one(studio: Studio) -> None:
    await studio.configure(
        auto_repost_enabled=True, auto_repost_since=studio.clock.now() - timedelta(hours=1)
    )
    post = studio.sandbox.world.add_post(studio.person, studio.photo())
    studio.sandbox.faults.add(Fault(path=".jpg", kind=Status(403, text="Bad URL hash"), times=2))
    await studio.advance()
    assert (await studio.only()).status is RepostStatus.DETECTED
    # Three days are more tries than a doubling pause can be counted in.
    await studio.core.store.write(_tried_often, (await studio.only()).id)
    studio.clock.advance(timedelta(hours=2))
    await studio.advance()
    await studio.publish_due()
    shared = await studio.only()
    assert (shared.status, shared.story_pk) == (RepostStatus.PUBLISHED, str(post.pk))


def _tried_often(db: Database, repost_id: str) -> None:
    db.table("reposts").update(repost_id, {"attempts": 70})


@pytest.mark.logs_errors
async def test_a_bug_that_one_mention_meets_is_its_own(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.configure()
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await studio.scan()
    real = studio.journey._hand_over.send
    tries = []

    async def send(repost: object) -> object:
        if repost.author_username == "anna":  # type: ignore[attr-defined]
            tries.append(studio.clock.now())
            raise ZeroDivisionError("a bug")
        return await real(repost)  # type: ignore[arg-type]

    monkeypatch.setattr(studio.journey._hand_over, "send", send)
    for _ in range(40):
        await studio.advance()
        await studio.publish_due()
        studio.clock.advance(timedelta(minutes=30))
    found = {repost.author_username: repost for repost in await studio.history()}
    assert found["ben"].status is RepostStatus.PUBLISHED
    assert found["anna"].status is RepostStatus.FAILED
    assert "an error in Reprise" in (found["anna"].reason or "")
    assert len(tries) == 8
    with pytest.raises(approval.TooLate):
        await studio.core.store.write(approval.approve, found["anna"].id, studio.clock.now())


async def test_a_card_is_tried_for_as_long_as_the_machine_is_in_trouble(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that is killed each time, for lack of memory: it says nothing of the story."""
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    errors = cycle([RenderFailed("the renderer was killed"), PermissionError("not yours")])
    tries = 0

    async def compose(*_args: object, **_options: object) -> object:
        nonlocal tries
        tries += 1
        raise next(errors)

    monkeypatch.setattr(card, "compose", compose)
    for _ in range(40):
        await studio.advance()
        assert (await studio.only()).status is RepostStatus.QUEUED
        studio.clock.advance(timedelta(minutes=30))
    assert 8 < tries < 12
    monkeypatch.undo()
    for _ in range(13):
        await studio.advance()
        studio.clock.advance(timedelta(minutes=30))
    await studio.publish_due()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_a_video_without_its_kind_is_read_for_what_it_is(
    studio: Studio, tmp_path: Path
) -> None:
    await studio.configure()
    clip = tmp_path / "clip.mp4"
    make_video(clip, 180, 320, seconds=1, fps=10, seed=1)
    story = studio.mention(studio.friend("carla"), file=clip)
    item = without("media_type")(story_json(story, studio.sandbox.world))
    reel = {"reel": {"id": story.owner.pk, "items": [item]}, "status": "ok"}
    studio.sandbox.faults.add(
        Fault(path=f"feed/user/{story.owner.pk}/story", kind=Status(200, reel))
    )
    await studio.scan()
    await studio.advance()
    assert (await studio.only()).kind == "video"


@pytest.mark.parametrize("path", ["feed/user/{}/story", "users/{}/info"])
async def test_the_mention_that_ends_in_the_accounts_trouble_keeps_no_other_from_its_turn(
    studio: Studio, path: str
) -> None:
    await studio.configure(minimum_followers=1)
    for name, ago in (("anna", timedelta(hours=1)), ("ben", timedelta())):
        person = studio.friend(name)
        person.followers = 5
        studio.mention(person, ago=ago)
    poison = path.format(studio.sandbox.world.person("anna").pk)
    studio.sandbox.faults.add(Fault(path=poison, kind=throttled(120), times=None))
    studio.mention(studio.friend("cleo"), ago=timedelta(minutes=5))
    await studio.engine.take_up()
    for _ in range(36):
        for account_id in studio.engine.claim_due():
            await studio.engine.turn(account_id)
        await studio.publish_due()
        studio.clock.advance(timedelta(minutes=10))
    found = {repost.author_username: repost.status for repost in await studio.history()}
    assert found["ben"] is RepostStatus.PUBLISHED
    assert found["cleo"] in (RepostStatus.PUBLISHED, RepostStatus.SKIPPED)  # of no followers
    assert found["anna"] in (RepostStatus.DETECTED, RepostStatus.DOWNLOADED)
    assert 1 < studio.sandbox.ledger.count(poison) < 8


async def test_a_picture_in_place_of_a_video_is_not_the_story(
    studio: Studio, tmp_path: Path
) -> None:
    await studio.configure()
    clip = tmp_path / "clip.mp4"
    make_video(clip, 180, 320, seconds=1, fps=10, seed=1)
    studio.mention(studio.friend("carla"), file=clip)
    instead = Body(studio.photo().read_bytes(), "video/mp4")
    studio.sandbox.faults.add(Fault(path=".mp4", kind=instead))
    await studio.run_all()
    repost = await studio.only()
    assert (repost.status, repost.media_path) == (RepostStatus.DETECTED, None)
    assert "the story is a video" in (repost.reason or "")
    studio.clock.advance(timedelta(minutes=2))
    await studio.advance()
    assert (await studio.only()).kind == "video"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), Unavailable("full")], ids=repr)
async def test_a_disk_that_is_full_for_hours_is_not_asked_for_each_minute(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    await studio.configure()
    turns = []

    async def advance(*_: object) -> None:
        turns.append(studio.clock.now())
        raise error

    monkeypatch.setattr(studio.journey, "advance", advance)
    studio.engine.wake(studio.account.id)
    end = studio.clock.now() + timedelta(hours=6)
    while (due := studio.engine.next_due()) is not None and due < end:
        studio.clock.advance(max(due - studio.clock.now(), timedelta()))
        for account_id in studio.engine.claim_due():
            await studio.engine.turn(account_id)
    assert 12 < len(turns) < 24
    assert studio.engine.trouble() is None
