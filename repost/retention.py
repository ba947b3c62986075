"""How long the media of finished reposts are kept; their history and thumbnails stay."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import trio

from storage import media_files, posts, repost_history
from storage.files import MediaFolder
from storage.posts import PostStatus
from storage.reposts import Repost
from storage.store import Database, Store

logger = logging.getLogger(__name__)
AT_ONCE = 100


class Retention:
    """Removes what has been kept long enough."""

    def __init__(
        self, store: Store, folder: MediaFolder, now: Callable[[], datetime], days: int
    ) -> None:
        """Media are kept for `days` after the last change of their repost; 0 means for ever."""
        self._store = store
        self._folder = folder
        self._now = now
        self._days = days

    async def tidy(self) -> int:
        """Remove old media of finished reposts; returns how many reposts have lost theirs."""
        if self._days == 0:
            return 0
        before = self._now() - timedelta(days=self._days)
        tidied = 0
        while found := await self._store.read(repost_history.with_old_media, before, AT_ONCE):
            async with self._folder.changing:
                unused = await self._store.write(_let_go, found)
                for path in unused:
                    await trio.Path(self._folder.path(path)).unlink(missing_ok=True)
            tidied += len(found)
        if tidied:
            logger.info("media of old reposts removed reposts=%d", tidied)
        return tidied


def _let_go(db: Database, found: list[Repost]) -> set[str]:
    """Drop the reposts' media from the records; returns the paths that nobody needs any more."""
    paths = set()
    for repost in found:
        paths.add(repost_history.forget_media(db, repost.id))
        card = media_files.find(db, repost.card_media_id or "")
        post = posts.find(db, repost.post_id) if repost.post_id else None
        # One that failed may still be retried: its card stays.
        if card is not None and (post is None or post.status is PostStatus.PUBLISHED):
            paths |= media_files.keep_only_thumbnail(db, card)
    return {path for path in paths if not media_files.is_used(db, path)}
