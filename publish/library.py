"""The user's media: uploads verified, normalised and kept; deleted when nothing needs them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4
from weakref import WeakValueDictionary

import trio

from ground.clock import Clock
from media import limits
from media.errors import MediaInvalid, MediaTooLarge
from media.normalise import Normalised, aspect_ratio, normalise
from media.render import draw_small
from storage import media_files
from storage.errors import NotFound
from storage.files import MediaFolder, small_path
from storage.media_files import MediaFile, Origin
from storage.store import Database, Store

logger = logging.getLogger(__name__)
_SMALL = (144, 256)


class MediaLibrary:
    """Takes uploads in and gives them up again."""

    def __init__(self, store: Store, folder: MediaFolder, clock: Clock) -> None:
        self._store = store
        self.folder = folder
        self._clock = clock
        self._making: WeakValueDictionary[str, trio.Lock] = WeakValueDictionary()

    def scratch(self) -> Path:
        """Return a fresh name for an upload that is still arriving."""
        return self.folder.scratch()

    async def take_in(
        self,
        upload: Path,
        name: str,
        user_id: str,
        *,
        also: Callable[[Database, MediaFile], object] | None = None,
    ) -> MediaFile:
        """Verify and keep an upload; `upload` itself is gone afterwards, however it ends.

        `also` is done in the transaction that makes it known. A file that decodes
        but cannot be made to fit any use is kept with the reasons. Raises `MediaError`s.
        """
        media = await self.keep(
            upload, name, user_id, then=lambda media: self._store.write(_add, media, also)
        )
        logger.info(
            "media taken in id=%s type=%s valid=%s", media.id, media.mime_type, media.is_valid
        )
        return media

    async def keep(
        self,
        upload: Path,
        name: str,
        user_id: str,
        *,
        media_id: str | None = None,
        origin: Origin = Origin.UPLOAD,
        then: Callable[[MediaFile], Awaitable[object]] | None = None,
    ) -> MediaFile:
        """Verify an upload and keep its bytes; returns its row, which `then` or the caller stores.

        `media_id` is the id that it has already, where it comes from elsewhere. `upload` and
        failures are as with `take_in`.
        """
        try:
            made = await normalise(upload, self.folder.incoming)
            # Shielded: a client that leaves now must not leave files that no row knows.
            with trio.CancelScope(shield=True):
                async with self.folder.changing:
                    media = await trio.to_thread.run_sync(
                        self._adopt, made, name, user_id, media_id or str(uuid4()), origin
                    )
                    if then is not None:
                        await then(media)
        finally:
            with trio.CancelScope(shield=True):
                await trio.Path(upload).unlink(missing_ok=True)
        return media

    async def remove(
        self,
        media_id: str,
        *,
        first: Callable[[Database], object] | None = None,
        also: Callable[[Database], object] | None = None,
    ) -> None:
        """Delete a file's row, and its bytes when no other row has the same; posts stay.

        `first`, which may refuse it, and `also` are done in the same transaction. Raises
        `NotFound`.
        """

        def write(db: Database) -> list[str]:
            if first is not None:
                first(db)
            unused = media_files.remove(db, media_id)
            if also is not None:
                also(db)
            return unused

        async with self.folder.changing:
            unused = await self._store.write(write)
            await trio.to_thread.run_sync(self.folder.remove, unused)

    async def make_small(self, picture: str) -> None:
        """Make the small form of a stored JPEG unless it is there; two who want it make it once.

        Raises `NotFound` where the picture is gone, or is none that can be read.
        """
        small = small_path(picture)
        if small is None:
            raise NotFound("picture", picture)
        async with self._making.setdefault(picture, trio.Lock()):
            source, target = self.folder.path(picture), self.folder.path(small)
            if await trio.Path(target).is_file():
                return
            made = self.folder.scratch(".webp")
            try:
                await draw_small(source, made, _SMALL)
                async with self.folder.changing:
                    if await trio.Path(source).is_file():
                        await trio.Path(made).rename(target)
            except (MediaInvalid, MediaTooLarge):
                raise NotFound("picture", picture) from None
            finally:
                with trio.CancelScope(shield=True):
                    await trio.Path(made).unlink(missing_ok=True)

    def _adopt(
        self, made: Normalised, name: str, user_id: str, media_id: str, origin: Origin
    ) -> MediaFile:
        stored = self.folder.adopt(made.file, made.suffix)
        thumbnail = self.folder.adopt(made.thumbnail, ".jpg")
        problems = limits.problems_anywhere(
            limits.Facts(
                is_video=made.duration_s is not None,
                width=made.width,
                height=made.height,
                duration_s=made.duration_s,
            )
        )
        return MediaFile(
            id=media_id,
            user_id=user_id,
            origin=origin,
            original_filename=name,
            sha256=stored.sha256,
            storage_path=stored.path,
            mime_type=made.mime,
            file_size=stored.size,
            width=made.width,
            height=made.height,
            duration_seconds=made.duration_s,
            aspect_ratio=aspect_ratio(made.width, made.height),
            is_valid=not problems,
            validation_errors=problems or None,
            thumbnail_path=thumbnail.path,
            created_at=self._clock.now(),
        )


def _add(
    db: Database, media: MediaFile, also: Callable[[Database, MediaFile], object] | None
) -> None:
    media_files.add(db, media)
    if also is not None:
        also(db, media)
