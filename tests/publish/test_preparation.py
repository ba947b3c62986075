"""Uploads made to fit their post: once, watched, and gone when their media goes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio
from PIL import Image

from ground.clock import Clock
from media.errors import MediaInvalid, RenderFailed
from media.fit import StoryFit
from media.photo import open_photo
from media.video import probe_video
from publish import preparation
from publish.library import MediaLibrary
from publish.preparation import Fitted, Preparation
from storage import media_files, users
from storage.files import MediaFolder
from storage.media_files import MediaFile
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.store import Store, open_store
from tests.media.samples import FIT_MP4, colour_at, corners, make_video, quarters
from tests.support.workers import HANG, is_gone, record_children, record_tasks, replace_worker

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def a_post(media_type: MediaType, source: SourceType = SourceType.MANUAL) -> Post:
    return Post(
        id="the-post",
        user_id="somebody",
        account_id="account",
        instagram_account_id="account",
        media_type=media_type,
        source_type=source,
        status=PostStatus.PROCESSING,
        created_at=NOW,
        updated_at=NOW,
    )


@dataclass(kw_only=True)
class Workshop:
    """A store, a media folder, and what prepares uploads in them."""

    store: Store
    folder: MediaFolder
    library: MediaLibrary
    preparation: Preparation
    user_id: str
    directory: Path

    async def upload(self, file: Path) -> MediaFile:
        return await self.library.take_in(file, file.name, self.user_id)

    async def video(self, name: str = "a.webm", **options: Any) -> MediaFile:
        if name.endswith("webm"):
            options = {"codec": "libvpx-vp9", "sound": "libopus", **options}
        path = self.directory / name
        return await self.upload(make_video(path, **{"seconds": 3.2, "fps": 10, **options}))

    async def photo(self, width: int, height: int) -> MediaFile:
        quarters((width, height)).save(self.directory / "photo.png")
        return await self.upload(self.directory / "photo.png")

    async def fitted(self, media_type: MediaType, *media: MediaFile, **post: Any) -> Fitted:
        (one,) = await self.preparation.fitted(a_post(media_type, **post), media)
        return one

    def files(self) -> set[str]:
        """What lies in the media folder, finished or not."""
        found = (path for path in self.folder.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder.root)) for path in found}


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    async with open_store(tmp_path / "reprise.db") as store:
        folder = MediaFolder(tmp_path / "media")
        yield Workshop(
            store=store,
            folder=folder,
            library=MediaLibrary(store, folder, Clock(lambda: NOW)),
            preparation=Preparation(store, folder, StoryFit.PAD),
            user_id=(await store.write(users.ensure_owner, NOW)).id,
            directory=tmp_path,
        )


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[trio.Process]:
    """Every child process started in the test."""
    return record_children(monkeypatch)


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every task given to a child in the test."""
    return record_tasks(monkeypatch)


async def test_what_instagram_would_refuse_is_encoded_once(
    workshop: Workshop, tasks: list[str]
) -> None:
    media = await workshop.video()
    tasks.clear()

    first = await workshop.fitted(MediaType.REELS, media)
    again = await workshop.fitted(MediaType.REELS, media)

    assert len(tasks) == 1
    assert first == again
    assert (first.is_video, first.mime_type) == (True, "video/mp4")
    assert first.stored_path != media.storage_path
    assert first.path == workshop.folder.path(first.stored_path).absolute()
    assert first.path.stat().st_mode & 0o777 == 0o600
    info = probe_video(first.path)
    assert (info.video_codec, info.audio_codec) == ("h264", "aac")
    assert (info.width, info.height) == (first.width, first.height) == (90, 160)
    assert first.duration_s == info.duration_s == pytest.approx(3.2, abs=0.1)
    assert first.size == info.size_bytes == first.path.stat().st_size


async def test_two_who_want_it_at_once_make_it_once(workshop: Workshop, tasks: list[str]) -> None:
    media = await workshop.video()
    tasks.clear()
    made: list[Fitted] = []

    async def want() -> None:
        made.append(await workshop.fitted(MediaType.REELS, media))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(want)
        nursery.start_soon(want)

    assert len(tasks) == 1
    assert made[0] == made[1]


async def test_a_video_that_fits_is_looked_at_once_and_sent_as_it_is(
    workshop: Workshop, tasks: list[str]
) -> None:
    media = await workshop.video("a.mp4", fps=30, size=(180, 320), container_options=FIT_MP4)
    tasks.clear()

    for _ in range(2):
        one = await workshop.fitted(MediaType.STORIES, media)
        assert (one.stored_path, one.mime_type) == (media.storage_path, "video/mp4")

    assert len(tasks) == 1
    await workshop.library.remove(media.id)
    assert workshop.files() == set()


async def test_a_lost_rendition_is_made_again(workshop: Workshop) -> None:
    media = await workshop.video()
    first = await workshop.fitted(MediaType.REELS, media)
    first.path.unlink()

    again = await workshop.fitted(MediaType.REELS, media)

    assert probe_video(again.path).video_codec == "h264"


async def test_each_use_has_its_own_form_and_all_go_with_the_media(workshop: Workshop) -> None:
    media = await workshop.video(size=(160, 160))
    forms = [
        await workshop.fitted(kind, media)
        for kind in (MediaType.REELS, MediaType.STORIES, MediaType.CAROUSEL)
    ]
    cover = (await workshop.preparation.cover(forms[0])).path

    sizes = [(form.width, form.height) for form in forms]
    assert sizes == [(160, 160), (1080, 1920), (160, 160)]
    assert forms[0].stored_path == forms[2].stored_path  # the same bytes, kept once
    for form in forms:
        found = await workshop.store.read(media_files.mime_type_at, media.user_id, form.stored_path)
        assert found == "video/mp4"
    assert {form.stored_path for form in forms} < workshop.files()

    await workshop.library.remove(media.id)

    assert not cover.exists()
    assert workshop.files() == set()


async def test_what_others_still_need_stays(workshop: Workshop) -> None:
    one = await workshop.photo(800, 400)
    same = await workshop.photo(800, 400)
    made = await workshop.fitted(MediaType.STORIES, one)
    assert (await workshop.fitted(MediaType.STORIES, same)).stored_path == made.stored_path

    await workshop.library.remove(one.id)
    assert made.path.exists()
    await workshop.library.remove(same.id)
    assert workshop.files() == set()


async def test_the_cover_is_the_first_picture_as_wide_as_the_video(
    workshop: Workshop, tasks: list[str]
) -> None:
    media = await workshop.video(size=(720, 960), draw=lambda n: quarters((720, 960)), fps=3)
    fitted = await workshop.fitted(MediaType.REELS, media)
    tasks.clear()

    cover = (await workshop.preparation.cover(fitted)).path

    assert (await workshop.preparation.cover(fitted)).path == cover
    assert len(tasks) == 1
    assert cover.is_absolute()
    with Image.open(cover) as image:
        assert (image.format, image.size) == ("JPEG", (720, 960))
        assert corners(image) == ["red", "green", "blue", "yellow"]


async def test_a_photo_becomes_a_story(workshop: Workshop) -> None:
    media = await workshop.photo(800, 800)

    padded = await workshop.fitted(MediaType.STORIES, media)
    cropping = Preparation(workshop.store, workshop.folder, StoryFit.CROP)
    (cropped,) = await cropping.fitted(a_post(MediaType.STORIES), [media])

    for made in (padded, cropped):
        assert (made.width, made.height, made.mime_type) == (1080, 1920, "image/jpeg")
        assert (made.is_video, made.duration_s) == (False, None)
    picture = open_photo(padded.path)
    assert corners(picture.crop((0, 420, 1080, 1500))) == ["red", "green", "blue", "yellow"]
    red = colour_at(picture, (200, 100))  # its own blur, darkened
    assert 60 < red[0] < 200
    assert red[0] > 2 * max(red[1:])
    assert corners(open_photo(cropped.path)) == ["red", "green", "blue", "yellow"]


async def test_a_feed_photo_goes_out_as_it_is(workshop: Workshop) -> None:
    photo, wide = await workshop.photo(1080, 1350), await workshop.photo(3000, 2000)

    first, second = await workshop.preparation.fitted(a_post(MediaType.CAROUSEL), [photo, wide])

    assert [first.stored_path, second.stored_path] == [photo.storage_path, wide.storage_path]
    assert (second.width, second.height) == (1440, 960)


@pytest.mark.parametrize("source", [SourceType.STORY_REPOST, SourceType.AUTO_REPOST])
async def test_cards_of_reposts_pass_through(
    workshop: Workshop, tasks: list[str], source: SourceType
) -> None:
    media = await workshop.video()
    tasks.clear()

    made = await workshop.fitted(MediaType.STORIES, media, source=source)

    assert made.stored_path == media.storage_path
    assert tasks == []


@pytest.mark.parametrize(
    ("media_type", "options", "reason"),
    [
        (MediaType.REELS, {"seconds": 1.0}, "takes 3 to 900 s"),
        (MediaType.CAROUSEL, {}, "4:5"),
        (MediaType.IMAGE, {}, "use REELS"),
    ],
)
async def test_what_cannot_be_made_to_fit_says_why(
    workshop: Workshop, media_type: MediaType, options: dict[str, Any], reason: str
) -> None:
    media = await workshop.video(**options)

    with pytest.raises(MediaInvalid, match=reason):
        await workshop.fitted(media_type, media)


async def test_a_file_that_is_gone_or_broken_off_says_so(workshop: Workshop) -> None:
    media = await workshop.video()
    path = workshop.folder.path(media.storage_path)
    path.write_bytes(path.read_bytes()[: media.file_size // 2])
    with pytest.raises(MediaInvalid, match="breaks off"):
        await workshop.fitted(MediaType.REELS, media)

    path.unlink()
    with pytest.raises(MediaInvalid, match=r"a\.webm is gone"):
        await workshop.fitted(MediaType.REELS, media)


async def test_a_cut_off_upload_is_refused_when_it_arrives(workshop: Workshop) -> None:
    whole = make_video(workshop.directory / "a.mp4", seconds=4, container_options=FIT_MP4)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    with pytest.raises(MediaInvalid, match="breaks off"):
        await workshop.upload(whole)
    assert workshop.files() == set()


async def test_cancelling_kills_the_child_and_leaves_nothing(
    workshop: Workshop, children: list[trio.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    media = await workshop.video()
    before = workshop.files()
    children.clear()
    with monkeypatch.context() as patch:
        replace_worker(patch, HANG)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(workshop.fitted, MediaType.REELS, media)
            while not children:
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()

    assert is_gone(children[0])
    assert workshop.files() == before
    assert (await workshop.fitted(MediaType.REELS, media)).stored_path not in before


async def test_a_child_that_takes_too_long_is_killed(
    workshop: Workshop, children: list[trio.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    media = await workshop.video()
    before = workshop.files()
    children.clear()
    replace_worker(monkeypatch, HANG)
    monkeypatch.setattr(preparation, "_LEAST_S", 0.2)
    monkeypatch.setattr(preparation, "_PER_SECOND", 0.0)

    with pytest.raises(RenderFailed, match=r"longer than 0\.2 s"):
        await workshop.fitted(MediaType.REELS, media)

    assert is_gone(children[0])
    assert workshop.files() == before


async def test_media_deleted_while_it_is_prepared_leaves_nothing(workshop: Workshop) -> None:
    media = await workshop.video()

    async def prepare() -> None:
        with pytest.raises(MediaInvalid, match="deleted while"):
            await workshop.fitted(MediaType.REELS, media)

    # It can be made meanwhile, but not kept.
    async with trio.open_nursery() as nursery, workshop.folder.changing:
        nursery.start_soon(prepare)
        while not any(file.name[0] != "." for file in workshop.folder.incoming.iterdir()):
            await trio.sleep(0.01)
        for path in await workshop.store.write(media_files.remove, media.id):
            workshop.folder.path(path).unlink()

    assert workshop.files() == set()


async def test_progress_is_in_the_log(
    workshop: Workshop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = await workshop.video()
    monkeypatch.setattr(preparation, "PROGRESS_EVERY_S", 0.0)

    with caplog.at_level(logging.INFO, logger="publish.preparation"):
        await workshop.fitted(MediaType.REELS, media)

    ours = [record for record in caplog.records if record.name == "publish.preparation"]
    begin, *steps, end = [record.getMessage() for record in ours]
    assert begin == f"preparing post=the-post media={media.id} use=REEL"
    percents = [int(step.rpartition("percent=")[2]) for step in steps]
    assert len(percents) >= 3
    assert percents == sorted(percents)
    assert percents[-1] <= 100
    assert "work=encode" in end
    assert "vp9" in end


async def test_a_row_that_promises_too_much_is_not_believed(workshop: Workshop) -> None:
    """A photo of a strange type in an old row is drawn anew, not sent as it is."""
    media = replace(await workshop.photo(800, 800), mime_type="image/png")

    made = await workshop.fitted(MediaType.IMAGE, media)

    assert (made.mime_type, made.width, made.height) == ("image/jpeg", 800, 800)
