"""How long the media of finished reposts are kept, and what becomes of files nobody refers to.

The history of reposts and their thumbnails stay.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import trio

from ground.clock import Clock
from storage import loose_files, media_files, posts, repost_history, restore
from storage.files import MediaFolder
from storage.posts import PostStatus
from storage.store import Database, Store
from storage.trusted_time import DeletionClock

logger = logging.getLogger(__name__)
AT_ONCE = 100
# The folder is looked through in parts, one at a time: all of it once a day.
PARTS = 24


class Retention:
    """Removes what has been kept long enough, and what nobody needs any more."""

    def __init__(
        self,
        store: Store,
        folder: MediaFolder,
        clock: Clock,
        days: int,
        their_time: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        """Media are kept for `days` after the last change of their repost; 0 means for ever.

        `their_time` is Instagram's, None as long as no answer has told it.
        """
        self.clock = DeletionClock(store, clock, their_time)
        self._store = store
        self._folder = folder
        self._days = days
        self._part = 0

    async def tidy(self) -> int:
        """Remove old media of finished reposts, and files that no row refers to.

        Returns how many reposts have lost theirs.
        """
        tidied = await self._tidy_old() if self._days else 0
        await self._sweep_loose()
        return tidied

    async def sweep_part(self) -> int:
        """Look through the next part of the folder for files without a row; how many went.

        A crash between a file and its row leaves one. None goes while a database is kept that a
        restore has put aside without its media.
        """
        if await trio.to_thread.run_sync(restore.keeps_media, self._folder.root.parent):
            return 0
        part, self._part = self._part, (self._part + 1) % PARTS
        found = await trio.to_thread.run_sync(self._folder.standing, part, PARTS)
        removed = 0
        for begin in range(0, len(found), AT_ONCE):
            removed += len(await self._remove_unused(found[begin : begin + AT_ONCE]))
            await trio.lowlevel.checkpoint()
        if removed:
            logger.info("files without a row removed files=%d", removed)
        return removed

    async def _tidy_old(self) -> int:
        before = await self.clock.now() - timedelta(days=self._days)
        tidied = 0
        while await self._store.read(repost_history.with_old_media, before, AT_ONCE):
            async with self._folder.changing:
                count, unused = await self._store.write(_let_go, before)
                await trio.to_thread.run_sync(self._folder.remove, unused)
            tidied += count
        if tidied:
            logger.info("media of old reposts removed reposts=%d", tidied)
        return tidied

    async def _sweep_loose(self) -> None:
        while paths := await self._store.read(loose_files.some, AT_ONCE):
            gone = await self._remove_unused(paths, then=loose_files.settle)
            if len(gone) < len(paths):
                logger.warning("files cannot be deleted files=%d", len(paths) - len(gone))
                return  # the disk; the next time

    async def _remove_unused(
        self, paths: list[str], then: Callable[[Database, list[str]], None] | None = None
    ) -> list[str]:
        """Delete those of the files that no row refers to; returns which are settled."""
        async with self._folder.changing:
            unused = await self._store.read(media_files.unused, paths)
            gone = await trio.to_thread.run_sync(self._folder.remove, unused)
            if then is None:
                return gone
            left = set(unused) - set(gone)
            settled = [path for path in paths if path not in left]
            await self._store.write(then, settled)
            return settled


def _let_go(db: Database, before: datetime) -> tuple[int, set[str]]:
    """Drop media of old reposts from the records; returns of how many, and the paths that nobody
    needs any more."""
    paths, found = set(), repost_history.with_old_media(db, before, AT_ONCE)
    for repost in found:
        paths.add(repost_history.forget_media(db, repost.id))
        card = media_files.find(db, repost.card_media_id or "")
        post = posts.find(db, repost.post_id) if repost.post_id else None
        # One that failed may still be retried: its card stays.
        if card is not None and (post is None or post.status is PostStatus.PUBLISHED):
            paths |= media_files.keep_only_thumbnail(db, card)
    return len(found), {path for path in paths if not media_files.is_used(db, path)}
