"""Files that were taken into the media folder for a row that then did not come about."""

from __future__ import annotations

from collections.abc import Iterable

import trio

from storage import media_files
from storage.files import MediaFolder
from storage.store import Store


async def discard(store: Store, folder: MediaFolder, paths: Iterable[str]) -> None:
    """Delete stored files that no row refers to; the caller holds `folder.changing`."""
    unused = await store.read(media_files.unused, list(paths))
    await trio.to_thread.run_sync(folder.remove, unused)
