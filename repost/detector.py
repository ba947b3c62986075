"""Finding mentions: reads the inboxes of one account as far as they hold something new."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from instagram import errors
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
# A clock that is off by more makes stories look older or younger than they are.
CLOCK_TOLERANCE = timedelta(minutes=5)
ReadPage = Callable[[str | None], Awaitable[Any]]


class Inboxes(Protocol):
    """Where mentions are looked for; every method raises `InstagramError`s."""

    async def inbox_page(self, cursor: str | None = None) -> Any: ...
    async def pending_page(self, cursor: str | None = None) -> Any: ...
    async def thread_page(self, thread_id: str, cursor: str) -> Any: ...
    async def activity(self) -> Any: ...


@dataclass(slots=True)
class Scan:
    """What one look into the inboxes found.

    `seen_until` is Instagram's own newest time. Where the look stopped at its bound,
    `backlog_cursor` is where it goes on next time, down to `backlog_until`.
    """

    found: list[Repost] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    seen_until: datetime | None = None
    backlog_cursor: str | None = None
    backlog_until: datetime | None = None


class Look:
    """One look of one account: how far back it reads, and what it has found so far.

    `scan` tells what was found and what it cost also when `read_all` was broken off.
    """

    def __init__(
        self,
        inboxes: Inboxes,
        config: RepostConfig,
        viewer_pk: str,
        store: Store,
        now: Callable[[], datetime],
    ) -> None:
        self._inboxes = inboxes
        self._config = config
        self._viewer_pk = viewer_pk
        self._store = store
        self._now = now
        # By Instagram's clock as soon as it is known: ours may be wrong.
        self._clock = now()
        self.scan = Scan()

    async def read_all(self) -> None:
        """Read inbox, message requests and activity; raises `InstagramError`s.

        Mentions are stored the moment their page is read, so an error loses none of them.
        """
        await self._read_inbox()
        if await self._read_box("pending", self._inboxes.pending_page, self._horizon()) is not None:
            self.scan.seen_until = None  # not past what is unread
        self.scan.requests += 1
        await self._keep(parse_activity(await self._inboxes.activity(), self._viewer_pk))
        if odd := self.scan.passed_over["odd"]:
            account_id = self._config.account_id
            logger.warning("scan passed over odd items account=%s items=%d", account_id, odd)

    def _horizon(self) -> datetime:
        """Return the time down to which everything has been read, or is no news any more."""
        oldest = self._clock - LOOKBACK
        return max(self._config.seen_until or oldest, oldest)

    async def _read_inbox(self) -> None:
        stopped_at = await self._read_box("inbox", self._inboxes.inbox_page, None)
        until = self._horizon()
        backlog, backlog_until = self._config.backlog_cursor, self._config.backlog_until
        if backlog is not None and backlog_until is not None:
            until = max(backlog_until, self._clock - LOOKBACK)
            if stopped_at is None:
                # The newest pages are read: on to what the last look has left.
                stopped_at = await self._read_backlog(backlog, until)
        if stopped_at is not None:
            self.scan.backlog_cursor, self.scan.backlog_until = stopped_at, until

    async def _read_backlog(self, cursor: str, until: datetime) -> str | None:
        try:
            return await self._read_box("inbox", self._inboxes.inbox_page, until, cursor)
        except (errors.Refused, errors.NotFound) as refused:
            # A cursor that Instagram has forgotten must not fail every look from now on.
            account_id = self._config.account_id
            logger.warning("backlog dropped account=%s reason=%s", account_id, refused.reason)
            return None

    async def _read_box(
        self, source: str, read: ReadPage, until: datetime | None, cursor: str | None = None
    ) -> str | None:
        """Read pages of a box, newest first, down to `until`, which is else the horizon.

        Returns the cursor of the first page that was left unread because of the bound.
        """
        for _ in range(MAX_PAGES):
            self.scan.requests += 1
            page = parse_inbox(await read(cursor), self._viewer_pk, source)
            self._see_clock(page)
            await self._keep(page)
            if cursor is None and source == "inbox":
                self._see_newest(page)
            horizon = until or self._horizon()
            for thread in page.threads:
                await self._read_on(source, thread, horizon)
            # Pinned chats come first, whatever their age: they do not tell how far we are.
            times = [
                thread.last_activity
                for thread in page.threads
                if thread.last_activity is not None and not thread.pinned
            ]
            cursor = page.cursor
            if cursor is None or (times and min(times) <= horizon):
                return None
        account_id = self._config.account_id
        logger.warning("scan stopped at its bound account=%s box=%s", account_id, source)
        return cursor

    async def _read_on(self, source: str, thread: Thread, horizon: datetime) -> None:
        """Read on in a thread whose items on the page are all new: more may hide behind them."""
        for _ in range(MAX_THREAD_PAGES):
            new = thread.oldest_item is not None and thread.oldest_item > horizon
            if not new or thread.older_cursor is None:
                return
            self.scan.requests += 1
            answer = await self._inboxes.thread_page(thread.thread_id, thread.older_cursor)
            page = parse_thread(answer, self._viewer_pk, source)
            await self._keep(page)
            thread = page.threads[0]
        account_id = self._config.account_id
        logger.warning("scan stopped at a thread's bound account=%s source=%s", account_id, source)

    def _see_clock(self, page: Page) -> None:
        if page.at is None:
            return
        difference = page.at - self._now()
        if abs(difference) > CLOCK_TOLERANCE and self.scan.requests == 1:
            logger.warning(
                "this machine's clock and Instagram's differ by %d s; set it by NTP",
                difference.total_seconds(),
            )
        self._clock = page.at

    def _see_newest(self, page: Page) -> None:
        times = [thread.last_activity for thread in page.threads if thread.last_activity]
        # A time that has not come yet would hide everything until then.
        past = [moment for moment in times if moment <= self._clock + CLOCK_TOLERANCE]
        self.scan.seen_until = max(past, default=None)

    async def _keep(self, page: Page) -> None:
        """Store the page's new mentions."""
        self.scan.passed_over += page.passed_over
        if page.mentions:
            self.scan.found += await self._store.write(
                _store_new, self._config, page.mentions, self._clock, self._now()
            )


def _store_new(
    db: Database,
    config: RepostConfig,
    mentions: list[Mention],
    clock: datetime,
    now: datetime,
) -> list[Repost]:
    new = []
    # Oldest first, so that of two names of one author the newer one stays.
    for mention in sorted(mentions, key=lambda mention: mention.at):
        if mention.at < clock - LOOKBACK:
            continue
        if mention.author_username:
            reposts.rename_author(db, config.account_id, mention.author_pk, mention.author_username)
        if mention.story_pk is None and (
            mention.item_id is None or reposts.is_known_item(db, config.account_id, mention.item_id)
        ):
            continue
        repost = _first_seen(config, mention, clock, now)
        if reposts.add_new(db, repost):
            new.append(repost)
    return new


def _first_seen(config: RepostConfig, mention: Mention, clock: datetime, now: datetime) -> Repost:
    gone = mention.story_pk is None
    # A clock of ours that is wrong must not make the story younger or older than it is.
    skew = now - clock
    at = min(mention.at, clock) + (skew if abs(skew) > CLOCK_TOLERANCE else timedelta(0))
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
        mentioned_at=at,
        expires_at=at + STORY_LIFETIME,
        detected_at=now,
        created_at=now,
        updated_at=now,
    )
