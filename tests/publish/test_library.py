"""The media library when the same bytes come and go at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import trio

from publish.library import MediaLibrary
from storage.files import MediaFolder, StoredFile
from storage.media_files import MediaFile
from tests.support.studio import Studio


class Paused(MediaFolder):
    """A folder in which something else is tried right after a file has been adopted."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.meanwhile: trio.Event | None = None
        self.resumed = trio.Event()

    def adopt(self, file: Path, suffix: str) -> StoredFile:
        stored = super().adopt(file, suffix)
        if self.meanwhile is not None:
            trio.from_thread.run(self._pause)
        return stored

    async def _pause(self) -> None:
        assert self.meanwhile is not None
        self.meanwhile.set()
        with trio.move_on_after(0.2):  # for ever, where the other has to wait for us
            await self.resumed.wait()


async def test_deleting_a_file_keeps_its_bytes_for_the_upload_that_has_the_same(
    studio: Studio,
) -> None:
    folder = Paused(studio.folder.root)
    library = MediaLibrary(studio.core.store, folder, studio.core.clock)

    async def upload() -> MediaFile:
        scratch = library.scratch()
        shutil.copy(studio.photo(), scratch)
        return await library.take_in(scratch, "photo.jpg", studio.core.owner.id)

    async def delete(media: MediaFile) -> None:
        assert folder.meanwhile is not None
        await folder.meanwhile.wait()
        await library.remove(media.id)
        folder.resumed.set()

    first = await upload()
    folder.meanwhile = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(delete, first)
        second = await upload()
    assert second.storage_path == first.storage_path
    assert folder.path(second.storage_path).exists()
    assert second.thumbnail_path is not None
    assert folder.path(second.thumbnail_path).exists()
