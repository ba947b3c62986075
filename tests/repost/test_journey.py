"""From a mention to a repost, over real wire traffic, and everything that can come between."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from instagram import errors
from repost import approval
from sandbox import MentionShape
from sandbox.wire.faults import Body, Fault, Kind, Oversized, Reset, Status, Truncated
from sandbox.world.sample_media import make_video
from storage import media_files
from storage.reposts import RepostStatus
from tests.support.studio import Studio, open_studio


@pytest.mark.parametrize("shape", list(MentionShape))
async def test_a_mention_is_reposted_with_the_authors_sticker(
    studio: Studio, shape: MentionShape
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"), shape=shape)
    await studio.run_all()

    repost = await studio.only()
    assert (repost.status, repost.author_username, repost.kind) == ("PUBLISHED", "anna", "photo")
    (live,) = studio.sandbox.world.published(studio.person)
    (mention,) = live.mentions
    assert mention.username == "anna"
    assert 0 < mention.x < 1
    assert 0 < mention.width < 1
    post = await studio.post_of(repost)
    assert post.ig_permalink == f"https://www.instagram.com/stories/studio/{live.pk}/"


async def test_a_video_is_reposted_as_a_moving_card(studio: Studio, tmp_path: Path) -> None:
    await studio.configure()
    video = tmp_path / "clip.mp4"
    make_video(video, 180, 320, seconds=1, fps=30, seed=1)
    studio.mention(studio.friend("carla"), file=video)
    await studio.run_all()
    (live,) = studio.sandbox.world.published(studio.person)
    assert (live.kind, live.width, live.height) == ("video", 1080, 1920)
    assert [mention.username for mention in live.mentions] == ["carla"]
    assert (await studio.only()).kind == "video"


async def test_a_second_sighting_of_a_story_is_nothing(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    await studio.run_all()
    assert len(studio.sandbox.world.published(studio.person)) == 1
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_without_the_tag_setting_there_is_no_sticker(studio: Studio) -> None:
    await studio.configure(auto_tag_original_poster=False)
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    (live,) = studio.sandbox.world.published(studio.person)
    assert live.mentions == ()


async def test_a_full_bleed_video_goes_out_as_it_is_with_a_sticker(
    studio: Studio, tmp_path: Path
) -> None:
    await studio.configure(template="full-bleed")
    video = tmp_path / "clip.mp4"
    make_video(video, 180, 320, seconds=3, fps=30, seed=1)
    studio.mention(studio.friend("carla"), file=video)
    await studio.run_all()
    (live,) = studio.sandbox.world.published(studio.person)
    assert (live.kind, live.width, live.height) == ("video", 180, 320)
    (mention,) = live.mentions
    assert mention.username == "carla"
    assert (mention.x < 0.5, 0.7 < mention.y < 0.83) == (True, True)  # at the left, below


async def test_the_account_s_design_is_used(studio: Studio) -> None:
    await studio.configure(template="frame", signature_overlay='{"text": "MM", "color": "red"}')
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    post = await studio.post_of(await studio.only())
    (file,) = await studio.core.store.read(media_files.of_post, post.id)
    with Image.open(studio.folder.path(file.storage_path)) as card:
        red, green, blue = card.convert("RGB").reduce(4).split()
    paper = ImageChops.darker(ImageChops.darker(red, green), blue)
    ink = ImageChops.subtract(red, ImageChops.lighter(green, blue))
    assert sum(paper.histogram()[240:]) > 3000
    assert sum(ink.histogram()[120:]) > 20


async def test_a_private_account_that_we_follow_is_reposted(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("dora", private=True))
    await studio.run_all()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_a_private_account_that_we_do_not_follow_is_explained(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("eve", private=True, followed=False), pending=True)
    await studio.run_all()
    repost = await studio.only()
    assert repost.status is RepostStatus.EXPIRED
    assert "not visible" in (repost.reason or "")


async def test_a_story_that_expired_before_it_was_seen_is_in_the_history(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("emil"), ago=timedelta(hours=25))
    await studio.run_all()
    repost = await studio.only()
    assert repost.status is RepostStatus.EXPIRED
    assert "expired" in (repost.reason or "")


async def test_a_story_deleted_between_sight_and_download_is_expired(studio: Studio) -> None:
    await studio.configure()
    story = studio.mention(studio.friend("anna"))
    await studio.scan()
    studio.sandbox.world.delete_story(story)
    await studio.advance()
    assert (await studio.only()).status is RepostStatus.EXPIRED


async def test_mentions_are_downloaded_at_once_even_if_nothing_may_go_out(studio: Studio) -> None:
    await studio.configure(daily_repost_limit=1)
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await studio.run_all()
    states = {repost.author_username: repost for repost in await studio.history()}
    assert {repost.status for repost in states.values()} == {"PUBLISHED", "QUEUED"}
    held = next(r for r in states.values() if r.status is RepostStatus.QUEUED)
    assert held.media_path is not None
    assert held.reason == "Daily limit of 1 reposts reached"
    assert held.held_until is not None
    assert held.held_until > studio.clock.now()

    studio.clock.advance(timedelta(hours=26))  # the story itself is gone by now
    await studio.advance()
    await studio.publish_due()
    assert {r.status for r in await studio.history()} == {RepostStatus.PUBLISHED}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Truncated(2000), "could not be fetched"),
        (Status(500, text="oops"), "answers 500"),
        (Reset(), "could not be fetched"),
    ],
)
async def test_a_download_that_breaks_off_is_tried_again(
    studio: Studio, kind: Kind, reason: str
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    studio.sandbox.faults.add(Fault(path=".jpg", kind=kind))
    await studio.run_all()
    repost = await studio.only()
    assert repost.status is RepostStatus.DETECTED
    assert reason in (repost.reason or "")
    assert list(studio.folder.incoming.iterdir()) == []

    await studio.advance()  # too early: nothing is hammered
    assert (await studio.only()).status is RepostStatus.DETECTED
    studio.clock.advance(timedelta(minutes=2))
    await studio.advance()
    await studio.publish_due()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


@pytest.mark.parametrize("content", [b"<html>blocked</html>", b"\xff\xd8\xff\xe0 not really"])
async def test_a_file_that_is_no_picture_is_asked_for_until_its_story_ends(
    studio: Studio, content: bytes
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    studio.sandbox.faults.add(Fault(path=".jpg", kind=Body(content), times=None))
    await studio.scan()
    tries = []
    while (repost := await studio.only()).status is RepostStatus.DETECTED:
        await studio.advance()
        tries.append(studio.sandbox.ledger.count("/v/"))
        assert "no usable photo or video" in ((await studio.only()).reason or "")
        studio.clock.advance(timedelta(minutes=20))
    assert repost.status is RepostStatus.EXPIRED
    # With pauses that grow to an hour, and once more right before the end.
    assert 20 <= tries[-1] <= 32
    assert tries[-1] - tries[-4] <= 2


@pytest.mark.acceptance
async def test_a_file_of_200_mb_fills_no_disk_and_is_asked_for_again(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    huge = Oversized(200 * 1024 * 1024, announced=False)
    studio.sandbox.faults.add(Fault(path=".jpg", kind=huge))
    await studio.run_all()
    repost = await studio.only()
    assert repost.status is RepostStatus.DETECTED
    assert "larger than 100 MB" in (repost.reason or "")
    assert list(studio.folder.incoming.iterdir()) == []
    studio.clock.advance(timedelta(minutes=2))
    await studio.run_all()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


async def test_approval_lets_nothing_out_before_it_is_given(studio: Studio) -> None:
    await studio.configure(approval_required=True)
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await studio.run_all()
    waiting = {repost.author_username: repost for repost in await studio.history()}
    assert {repost.status for repost in waiting.values()} == {RepostStatus.WAITING_APPROVAL}

    store, now = studio.core.store, studio.clock.now
    await store.write(approval.approve, waiting["anna"].id, now())
    await store.write(approval.skip, waiting["ben"].id, now())
    await studio.advance()
    await studio.publish_due()
    states = {repost.author_username: repost.status for repost in await studio.history()}
    assert states == {"anna": RepostStatus.PUBLISHED, "ben": RepostStatus.SKIPPED}
    (live,) = studio.sandbox.world.published(studio.person)
    assert live.mentions[0].username == "anna"
    with pytest.raises(approval.TooLate):
        await store.write(approval.skip, waiting["anna"].id, now())


async def test_an_account_error_stops_the_turn_and_keeps_every_mention(studio: Studio) -> None:
    await studio.configure()
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await studio.scan()
    studio.sandbox.world.expire_sessions(studio.person)
    person = studio.person
    person.password = "changed on another device"
    with pytest.raises(errors.LoginFailed):
        await studio.advance()
    assert {r.status for r in await studio.history()} == {RepostStatus.DETECTED}
    with pytest.raises(errors.AccountOnHold):
        await studio.advance()


async def test_nothing_is_composed_twice_after_a_crash_between_card_and_post(
    studio: Studio, tmp_path: Path
) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    clock, sandbox = studio.clock, studio.sandbox
    studio.folder.scratch(".jpg").write_bytes(b"half a card")
    await studio.core.gateway.close()
    async with open_studio(sandbox, clock, tmp_path, logged_in=False) as again:
        assert again.folder.clear_incoming() == 1
        await again.run_all()
        assert len(sandbox.world.published(again.person)) == 1
