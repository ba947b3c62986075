"""Media made to fit their post before they are sent; made once, and kept as renditions."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

import trio

from media.errors import MediaInvalid
from media.fit import Photo, Shape, StoryFit, Work, plan_photo
from media.limits import Use
from media.render import FitJob, examine_video, fit_photo, fit_video, room_beside
from publish import rules
from storage import media_files, renditions
from storage.errors import NotFound
from storage.files import MediaFolder, StoredFile
from storage.media_files import MediaFile
from storage.posts import MediaType, Post, SourceType
from storage.renditions import Rendition
from storage.store import Store

logger = logging.getLogger(__name__)

PROGRESS_EVERY_S = 5.0
_COVER = "chosen cover"
_COMPOSED_BY_US = (SourceType.STORY_REPOST, SourceType.AUTO_REPOST)
# How long a child may take: encoding is slower than watching on a small machine that is busy.
_LEAST_S, _PER_SECOND = 120.0, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A file as it is to be sent; `path` is absolute, `stored_path` relative to the folder."""

    media_file_id: str
    path: Path
    stored_path: str
    is_video: bool
    mime_type: str
    size: int
    width: int
    height: int
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Look:
    """A picture of a file as it is to be sent, and in words what is done to the file for that."""

    path: Path
    width: int
    height: int
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A new file in its final form, or the stored one that needed nothing."""

    file: Path | StoredFile
    mime_type: str
    width: int
    height: int
    duration_s: float | None = None


_Make = Callable[[Path], Awaitable[_Made]]


class Preparation:
    """Makes what users uploaded fit where it is to appear."""

    def __init__(self, store: Store, folder: MediaFolder, story_fit: StoryFit) -> None:
        self._store = store
        self._folder = folder
        self._story_fit = story_fit
        self._locks: WeakValueDictionary[tuple[str, str], trio.Lock] = WeakValueDictionary()

    async def fitted(self, post: Post, media: Sequence[MediaFile]) -> list[Fitted]:
        """Return the post's files in the form that Instagram takes, in their order.

        The cards of reposts are that already. Cancelling ends the work and leaves nothing behind.
        Raises `MediaError`s for what turns out to be impossible.
        """
        return [await self._fit(post, file) for file in media]

    @asynccontextmanager
    async def look(self, file: MediaFile, media_type: MediaType) -> AsyncIterator[Look]:
        """Yield how a file would look in such a post; the picture may be gone afterwards.

        A photo is the very file that would be sent; of a video its first picture is drawn in the
        shape in which it would be encoded. Raises `MediaError`s and `FileNotFoundError`.
        """
        use = rules.USES[media_type]
        if found := rules.problems(file, use):
            raise MediaInvalid(found[0])
        if not await self._is_there(file.storage_path):
            raise FileNotFoundError(file.storage_path)
        shape = plan_photo(_photo(file), use, self._story_fit)
        if not file.is_video:
            fitted = await self._photo_for(file, use)
            change = _change(shape) if shape else "It goes out as it is"
            yield Look(fitted.path, fitted.width, fitted.height, change)
            return
        with room_beside(self._folder.scratch()) as room:
            poster = room / "poster.jpg"
            info = await examine_video(self._folder.path(file.storage_path), poster)
            if use is not Use.STORY or shape is None:
                change = "The video goes out whole; what Instagram would refuse is encoded anew"
                yield Look(poster, info.width, info.height, change)
                return
            size = await fit_photo(poster, room / "look.jpg", shape)
            yield Look(room / "look.jpg", *size, _change(shape))

    def check_room(self) -> None:
        """Raise `storage.errors.Unavailable` where a full disk is why something failed."""
        self._folder.check_room()

    async def cover(self, fitted: Fitted) -> Fitted:
        """Return a JPEG of the first picture of a fitted video, as wide as the video.

        Raises `MediaError`s.
        """
        own = await self._store.read(renditions.find, fitted.media_file_id, _COVER)
        if own is not None and await self._is_there(own.stored_path):
            return self._fitted(own)
        variant = f"cover of {fitted.stored_path}"
        rendition = await self._once(
            fitted.media_file_id, variant, partial(_draw_cover, fitted.path)
        )
        return self._fitted(rendition)

    async def choose_cover(self, video: MediaFile, picture: Path) -> None:
        """Have a picture be the cover of a video, as large as the video; raises `MediaError`s."""
        size = (video.width or 1, video.height or 1)

        async def make(target: Path) -> _Made:
            width, height = await fit_photo(picture, target, Shape(size, (0, 0, *size)))
            return _Made(file=target, mime_type="image/jpeg", width=width, height=height)

        await self._once(video.id, _COVER, make)

    async def _fit(self, post: Post, file: MediaFile) -> Fitted:
        if not await self._is_there(file.storage_path):
            raise MediaInvalid(_gone(file))
        if post.source_type in _COMPOSED_BY_US:
            return self._as_it_is(file)
        use = rules.USES[post.media_type]
        if found := rules.problems(file, use):
            raise MediaInvalid(found[0])
        if not file.is_video:
            return await self._photo_for(file, use)
        make = partial(self._fit_video, post, file, use)
        return self._fitted(await self._once(file.id, self._variant(use), make))

    async def _photo_for(self, file: MediaFile, use: Use) -> Fitted:
        shape = plan_photo(_photo(file), use, self._story_fit)
        if shape is None:
            return self._as_it_is(file)
        make = partial(self._fit_photo, file, shape)
        return self._fitted(await self._once(file.id, self._variant(use), make))

    def _variant(self, use: Use) -> str:
        return f"{use.name}:{self._story_fit}" if use is Use.STORY else use.name

    async def _fit_photo(self, file: MediaFile, shape: Shape, target: Path) -> _Made:
        source = self._folder.path(file.storage_path)
        width, height = await fit_photo(source, target, shape)
        return _Made(file=target, mime_type="image/jpeg", width=width, height=height)

    async def _fit_video(self, post: Post, file: MediaFile, use: Use, target: Path) -> _Made:
        logger.info("preparing post=%s media=%s use=%s", post.id, file.id, use.name)
        source = self._folder.path(file.storage_path)
        done = await fit_video(
            FitJob(source, target, use, self._story_fit),
            timeout_s=_LEAST_S + _PER_SECOND * (file.duration_seconds or 0.0),
            on_progress=_Progress(post.id, file.id),
        )
        reasons = "; ".join(done.reasons)
        logger.info(
            "prepared post=%s media=%s work=%s reasons=%r", post.id, file.id, done.work, reasons
        )
        untouched = done.work is Work.NOTHING
        return _Made(
            file=_stored(file) if untouched else target,
            mime_type=file.mime_type if untouched else "video/mp4",
            width=done.info.width,
            height=done.info.height,
            duration_s=done.info.duration_s,
        )

    async def _once(self, media_id: str, variant: str, make: _Make) -> Rendition:
        """Return the rendition that there is, or make it; two who want it make it once."""
        lock = self._locks.setdefault((media_id, variant), trio.Lock())
        async with lock:
            known = await self._store.read(renditions.find, media_id, variant)
            if (
                known is not None
                and await trio.Path(self._folder.path(known.stored_path)).is_file()
            ):
                return known
            target = self._folder.scratch()
            try:
                made = await make(target)
                return await self._keep(media_id, variant, made)
            finally:
                with trio.CancelScope(shield=True):
                    await trio.Path(target).unlink(missing_ok=True)

    async def _keep(self, media_id: str, variant: str, made: _Made) -> Rendition:
        async with self._folder.changing:
            try:
                await self._store.read(media_files.get, media_id)
            except NotFound:
                raise MediaInvalid("it was deleted while it was being prepared") from None
            stored = made.file
            if isinstance(stored, Path):
                suffix = ".mp4" if made.duration_s is not None else ".jpg"
                stored = await trio.to_thread.run_sync(self._folder.adopt, stored, suffix)
            rendition = Rendition(
                media_file_id=media_id,
                variant=variant,
                stored_path=stored.path,
                sha256=stored.sha256,
                mime_type=made.mime_type,
                file_size=stored.size,
                width=made.width,
                height=made.height,
                duration_seconds=made.duration_s,
            )
            await self._store.write(renditions.save, rendition)
            return rendition

    async def _is_there(self, stored_path: str) -> bool:
        return await trio.Path(self._folder.path(stored_path)).is_file()

    def _as_it_is(self, file: MediaFile) -> Fitted:
        stored = _stored(file)
        return self._fitted(
            Rendition(
                media_file_id=file.id,
                variant="",
                stored_path=stored.path,
                sha256=stored.sha256,
                mime_type=file.mime_type,
                file_size=stored.size,
                width=file.width or 0,
                height=file.height or 0,
                duration_seconds=file.duration_seconds,
            )
        )

    def _fitted(self, rendition: Rendition) -> Fitted:
        return Fitted(
            media_file_id=rendition.media_file_id,
            path=self._folder.path(rendition.stored_path).absolute(),
            stored_path=rendition.stored_path,
            is_video=rendition.mime_type.startswith("video/"),
            mime_type=rendition.mime_type,
            size=rendition.file_size,
            width=rendition.width,
            height=rendition.height,
            duration_s=rendition.duration_seconds,
        )


class _Progress:
    """Writes how far the work is to the log, every few seconds."""

    def __init__(self, post_id: str, media_id: str) -> None:
        self._post_id = post_id
        self._media_id = media_id
        self._next = trio.current_time() + PROGRESS_EVERY_S

    def __call__(self, share: float) -> None:
        if trio.current_time() >= self._next:
            self._next = trio.current_time() + PROGRESS_EVERY_S
            percent = round(share * 100)
            logger.info(
                "preparing post=%s media=%s percent=%d", self._post_id, self._media_id, percent
            )


async def _draw_cover(video: Path, target: Path) -> _Made:
    info = await examine_video(video, target)
    return _Made(file=target, mime_type="image/jpeg", width=info.width, height=info.height)


def _change(shape: Shape) -> str:
    width, height = shape.canvas
    if shape.is_padded:
        return f"Its own blur fills the room around it: {width} x {height}"
    return f"It is cut or made smaller: {width} x {height}"


def _gone(file: MediaFile) -> str:
    return f"{file.original_filename} is gone from the media folder"


def _photo(file: MediaFile) -> Photo:
    return Photo(
        mime_type=file.mime_type,
        width=file.width or 1,
        height=file.height or 1,
        size=file.file_size,
    )


def _stored(file: MediaFile) -> StoredFile:
    return StoredFile(file.storage_path, file.sha256, file.file_size)
