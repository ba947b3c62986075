"""Finding mentions: reads the inboxes of one account as far as they hold something new."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from instagram.private_api import PrivateApi
from repost.mentions import (
    Mention,
    Page,
    Thread,
    parse_activity,
    parse_inbox,
    parse_thread,
)
from storage import reposts
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostStatus
from storage.store import Database, Store

logger = logging.getLogger(__name__)

# A story lives 24 h. Mentions up to twice that age are still recorded, as expired, so that
# the history shows them; older ones are no news.
LOOKBACK = timedelta(hours=48)
STORY_LIFETIME = timedelta(hours=24)
MAX_PAGES = 30
MAX_THREAD_PAGES = 10
ReadPage = Callable[[str | None], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class Scan:
    """What one look into the inboxes found. `seen_until` is Instagram's own newest time."""

    found: list[Repost] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    seen_until: datetime | None = None


async def scan_inboxes(
    api: PrivateApi,
    config: RepostConfig,
    viewer_pk: str,
    *,
    store: Store,
    now: Callable[[], datetime],
) -> Scan:
    """Read inbox, message requests and activity of one account; raises `InstagramError`s.

    Mentions are stored the moment their page is read, so an error loses none of them.
    """
    look = _Look(api, config, viewer_pk, store, now)
    await look.read_box("inbox", api.inbox_page)
    await look.read_box("pending", api.pending_page)
    look.scan.requests += 1
    await look.keep(parse_activity(await api.activity(), viewer_pk))
    if odd := look.scan.passed_over["odd"]:
        logger.warning("scan passed over odd items account=%s items=%d", config.account_id, odd)
    return look.scan


class _Look:
    """One look of one account: how far back it reads, and what it found so far."""

    def __init__(
        self,
        api: PrivateApi,
        config: RepostConfig,
        viewer_pk: str,
        store: Store,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._config = config
        self._viewer_pk = viewer_pk
        self._store = store
        self._now = now
        oldest = now() - LOOKBACK
        self._horizon = max(config.seen_until or oldest, oldest)
        self.scan = Scan()

    async def read_box(self, source: str, read: ReadPage) -> None:
        """Read pages of a box, newest first, until one holds nothing new."""
        cursor: str | None = None
        for number in range(MAX_PAGES):
            self.scan.requests += 1
            page = parse_inbox(await read(cursor), self._viewer_pk, source)
            await self.keep(page)
            times = [thread.last_activity for thread in page.threads if thread.last_activity]
            if number == 0 and times and source == "inbox":
                self.scan.seen_until = max(times)
            for thread in page.threads:
                await self._read_on(source, thread)
            cursor = page.cursor
            if cursor is None or (times and min(times) <= self._horizon):
                return
        logger.warning(
            "scan stopped at its bound account=%s box=%s", self._config.account_id, source
        )

    async def _read_on(self, source: str, thread: Thread) -> None:
        """Read on in a thread whose items on the page are all new: more may hide behind them."""
        for _ in range(MAX_THREAD_PAGES):
            new = thread.oldest_item is not None and thread.oldest_item > self._horizon
            if not new or thread.older_cursor is None:
                return
            self.scan.requests += 1
            answer = await self._api.thread_page(thread.thread_id, thread.older_cursor)
            page = parse_thread(answer, self._viewer_pk, source)
            await self.keep(page)
            thread = page.threads[0]

    async def keep(self, page: Page) -> None:
        """Store the page's new mentions."""
        self.scan.passed_over += page.passed_over
        if page.mentions:
            stored = await self._store.write(_store_new, self._config, page.mentions, self._now())
            self.scan.found += stored


def _store_new(
    db: Database, config: RepostConfig, mentions: list[Mention], now: datetime
) -> list[Repost]:
    new = []
    for mention in mentions:
        if mention.at < now - LOOKBACK:
            continue
        if mention.story_pk is None and (
            mention.item_id is None or reposts.is_known_item(db, config.account_id, mention.item_id)
        ):
            continue
        repost = _first_seen(config, mention, now)
        if reposts.add_new(db, repost):
            new.append(repost)
    return new


def _first_seen(config: RepostConfig, mention: Mention, now: datetime) -> Repost:
    gone = mention.story_pk is None
    return Repost(
        id=str(uuid4()),
        user_id=config.user_id,
        account_id=config.account_id,
        story_pk=mention.story_pk or f"expired:{mention.item_id}",
        item_id=mention.item_id,
        status=RepostStatus.EXPIRED if gone else RepostStatus.DETECTED,
        reason="The story had expired or was deleted before it was seen" if gone else None,
        source=mention.source,
        author_pk=mention.author_pk,
        author_username=mention.author_username,
        mentioned_at=mention.at,
        expires_at=mention.at + STORY_LIFETIME,
        detected_at=now,
        created_at=now,
        updated_at=now,
    )
