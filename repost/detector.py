"""Finding mentions: reads the inboxes of one account as far as they hold something new."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from ground.clock import Clock
from instagram import errors
from repost.mentions import (
    InboxPage,
    Thread,
    parse_activity,
    parse_inbox,
    parse_thread,
    reaching_down_to,
)
from repost.recording import CLOCK_TOLERANCE, LOOKBACK, store_new
from storage.repost_configs import RepostConfig
from storage.reposts import Repost
from storage.store import Store
from storage.times import legible, to_text

logger = logging.getLogger(__name__)

MAX_PAGES = 30
MAX_THREAD_PAGES = 10
MAX_ODD = 50
# After so many parts in a row that could not be reached Instagram itself is away, or the network.
MAX_UNREACHED = 3
# What says that this part is not given out, while others may be.
_NOT_GIVEN = (errors.Refused, errors.Gone, errors.Unreachable)
_THE_WAY = "the way to older messages"
_NOW_AT_LEAST = datetime(2026, 1, 1, tzinfo=UTC)
_FURTHEST_AHEAD = timedelta(days=5 * 365)
ReadPage = Callable[[str | None], Awaitable[Any]]


class Inboxes(Protocol):
    """Where mentions are looked for; every method raises `InstagramError`s."""

    async def inbox_page(self, cursor: str | None = None) -> Any: ...
    async def pending_page(self, cursor: str | None = None) -> Any: ...
    async def thread_page(self, thread_id: str, cursor: str) -> Any: ...
    async def activity(self) -> Any: ...


@dataclass(slots=True)
class Scan:
    """What one scan of the inboxes found.

    `seen_until` is Instagram's own newest time. Where the scan stopped at its bound,
    `backlog_cursor` is where it goes on next time, down to `backlog_until`; `chat_backlog` is the
    same of single chats.
    """

    found: list[Repost] = field(default_factory=list)
    # Rows of messages that point to a story in a form that is not known.
    odd: list[Repost] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    # Instagram's own time, where it said so.
    clock: datetime | None = None
    seen_until: datetime | None = None
    backlog_cursor: str | None = None
    backlog_until: datetime | None = None
    chat_backlog: list[dict[str, str]] = field(default_factory=list)
    # What could not be read: nothing behind it counts as seen.
    gaps: Counter[str] = field(default_factory=Counter)


class Reading:
    """One scan of one account under way: how far back it reads, and what it has found so far.

    `scan` tells what was found and what it cost also when `read_all` was broken off.
    """

    def __init__(
        self,
        inboxes: Inboxes,
        config: RepostConfig,
        viewer_pk: str,
        store: Store,
        clock: Clock,
        told: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        """`told` is Instagram's time as the head of its last answer says it."""
        self._inboxes = inboxes
        self._config = config
        self._viewer_pk = viewer_pk
        self._store = store
        self._clock = clock
        self._told = told
        # By Instagram's clock as soon as it is known: ours may be wrong.
        self._their_time = clock.now()
        self._unreached = 0
        # Down to where all is read again, where the way to what earlier looks had left is lost.
        self._unread_from: datetime | None = None
        self.scan = Scan()

    async def read_all(self) -> None:
        """Read inbox, message requests and activity; raises `InstagramError`s.

        Mentions are stored the moment their page is read, so an error loses none of them.
        """
        await self._read_inbox()  # first, for it tells the time
        await self._read_chat_backlog()
        await self._read_requests()
        await self._read_activity()
        account_id = self._config.account_id
        if odd := self.scan.passed_over["odd"]:
            logger.warning("scan passed over odd items account=%s items=%d", account_id, odd)
        if self.scan.gaps:
            self.scan.seen_until = self._unread_from  # not past what is unread
            logger.warning("scan has gaps account=%s gaps=%s", account_id, dict(self.scan.gaps))

    async def _read_requests(self) -> None:
        """Read the message requests. Where Instagram does not give them out, that is a gap.

        The chats are read, and what they tell stands: it must not count as a look that failed,
        eight of which end all looks.
        """
        try:
            rest = await self._read_box("pending", self._inboxes.pending_page, self._horizon())
        except _NOT_GIVEN as error:
            self._pass_over("message requests", error)
        else:
            if rest is not None:
                self.scan.gaps["message requests"] += 1

    async def _read_activity(self) -> None:
        self.scan.requests += 1
        try:
            answer = await self._inboxes.activity()
        except (errors.Unreachable, errors.Refused, errors.Gone) as error:
            # One more gap, for the same reason.
            account_id = self._config.account_id
            logger.warning("activity not read account=%s reason=%s", account_id, error.reason)
            self.scan.gaps["the activity"] += 1
        else:
            await self._keep(parse_activity(answer, self._viewer_pk))

    def _horizon(self) -> datetime:
        """Return the time down to which everything has been read, or is no news any more."""
        oldest = self._their_time - LOOKBACK
        return max(self._config.seen_until or oldest, oldest)

    async def _read_inbox(self) -> None:
        stopped_at = await self._read_box("inbox", self._inboxes.inbox_page, None)
        until = self._horizon()
        backlog, backlog_until = self._config.backlog_cursor, self._config.backlog_until
        if backlog is not None and backlog_until is not None:
            until = max(backlog_until, self._their_time - LOOKBACK)
            if stopped_at is None:
                # The newest pages are read: on to what the last look has left.
                stopped_at = await self._read_backlog(backlog, until)
        if stopped_at is not None:
            self.scan.backlog_cursor, self.scan.backlog_until = stopped_at, until

    async def _read_backlog(self, cursor: str, until: datetime) -> str | None:
        gaps = self.scan.gaps.total()
        try:
            rest = await self._read_box("inbox", self._inboxes.inbox_page, until, cursor)
        except _NOT_GIVEN as error:
            # A cursor that Instagram has forgotten must not fail every look from now on.
            self._pass_over(_THE_WAY, error)
            rest = None
        self._read_again(until, gaps)
        return rest

    def _read_again(self, until: datetime, gaps: int) -> None:
        """Have the next look read down to `until` again, if there are more gaps than `gaps`.

        What an earlier look had left lies behind what was seen by then: nothing else leads there.
        """
        if self.scan.gaps.total() > gaps:
            self._unread_from = min(until, self._unread_from or until)

    async def _read_box(
        self, source: str, read: ReadPage, until: datetime | None, cursor: str | None = None
    ) -> str | None:
        """Read pages of a box, newest first, down to `until`, which is else the horizon.

        Returns the cursor of the first page that was left unread because of the bound.
        """
        seen = {cursor}
        for number in range(MAX_PAGES):
            self.scan.requests += 1
            try:
                answer = await read(cursor)
            except _NOT_GIVEN as error:
                if number == 0:
                    raise
                # What the newer pages tell stands, and one that never comes ends no looks.
                self._pass_over(_THE_WAY, error)
                return None
            self._unreached = 0
            page = parse_inbox(answer, self._viewer_pk, source)
            self._see_clock(page)
            await self._keep(page)
            if page.cursor is not None and page.cursor in seen:
                self.scan.gaps[_THE_WAY] += 1
                return None  # round and round
            seen.add(page.cursor)
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
            reached = reaching_down_to(times)
            if cursor is None or (reached is not None and reached <= horizon):
                return None
        account_id = self._config.account_id
        logger.warning("scan stopped at its bound account=%s box=%s", account_id, source)
        return cursor

    async def _read_chat_backlog(self) -> None:
        """Go on in the chats in which the last look stopped at its bound."""
        oldest = self._their_time - LOOKBACK
        for chat in self._config.chat_backlog:
            until = max(legible(chat["until"]) or oldest, oldest)
            rest = Thread(
                thread_id=chat["thread"],
                last_activity=None,
                read_down_to=self._their_time,
                older_cursor=chat["cursor"],
            )
            gaps = self.scan.gaps.total()
            await self._read_on(chat["source"], rest, until)
            self._read_again(until, gaps)

    async def _read_on(self, source: str, thread: Thread, horizon: datetime) -> None:
        """Read on in a thread whose items on the page are all new: more may hide behind them."""
        seen: set[str] = set()
        for _ in range(MAX_THREAD_PAGES):
            if not self._goes_on(thread, horizon, seen):
                return
            page = await self._thread_page(source, thread)
            if page is None:
                return
            await self._keep(page)
            thread = replace(page.threads[0], thread_id=thread.thread_id, last_activity=None)
        if self._goes_on(thread, horizon, seen):
            self._leave(source, thread, horizon)

    def _goes_on(self, thread: Thread, horizon: datetime, seen: set[str]) -> bool:
        """Say whether a thread may hold more that is new; where no way leads there, it is a gap."""
        if thread.older_cursor is None and not thread.has_older:
            return False
        # Of one on a page whose items tell no time, its last activity does.
        reached = thread.read_down_to or thread.last_activity
        if reached is not None and reached <= horizon:
            return False
        cursor = thread.older_cursor
        if reached is None or cursor is None or cursor in seen or not thread.thread_id:
            self.scan.gaps["a chat"] += 1
            return False
        seen.add(cursor)
        return True

    async def _thread_page(self, source: str, thread: Thread) -> InboxPage | None:
        """Return the next page of a chat; None where Instagram does not give that one out."""
        assert thread.older_cursor is not None
        self.scan.requests += 1
        try:
            answer = await self._inboxes.thread_page(thread.thread_id, thread.older_cursor)
        except _NOT_GIVEN as error:
            # One chat's trouble is its own: the others are read all the same.
            self._pass_over("a chat", error)
            return None
        self._unreached = 0
        return parse_thread(answer, self._viewer_pk, source)

    def _pass_over(self, what: str, error: errors.InstagramError) -> None:
        """Note a part that is not given out as a gap; raises where nothing can be reached."""
        if isinstance(error, errors.Unreachable) and not isinstance(error, errors.Illegible):
            self._unreached += 1
            if self._unreached >= MAX_UNREACHED:
                raise error
        account_id = self._config.account_id
        logger.warning("not read account=%s part=%s reason=%s", account_id, what, error.reason)
        self.scan.gaps[what] += 1

    def _leave(self, source: str, thread: Thread, horizon: datetime) -> None:
        """Note where the next scan goes on in a chat that holds more than one scan reads."""
        assert thread.older_cursor is not None
        account_id = self._config.account_id
        logger.warning("scan stopped at a thread's bound account=%s source=%s", account_id, source)
        self.scan.chat_backlog.append(
            {
                "source": source,
                "thread": thread.thread_id,
                "cursor": thread.older_cursor,
                "until": to_text(horizon),
            }
        )

    def _see_clock(self, page: InboxPage) -> None:
        at = self._time_of(page)
        if at is None:
            return
        difference = at - self._clock.now()
        if abs(difference) > CLOCK_TOLERANCE and self.scan.requests == 1:
            logger.warning(
                "this machine's clock and Instagram's differ by %d s; set it by NTP",
                difference.total_seconds(),
            )
        self._their_time = self.scan.clock = at

    def _time_of(self, page: InboxPage) -> datetime | None:
        """Return Instagram's time of a page: of its two, where they differ, what ours supports.

        By a time that is odd, and ahead, every mention would be old and all chats read.
        """
        now = self._clock.now()
        times = [at for at in (page.at, self._told()) if at is not None]
        at = min(times, key=lambda each: abs(each - now), default=None)
        # A clock of ours may be years behind; one of Instagram's that is years ahead is none, and
        # every story would seem long over by it.
        if at is None or at > max(now, _NOW_AT_LEAST) + _FURTHEST_AHEAD:
            return None
        return at

    def _see_newest(self, page: InboxPage) -> None:
        times = [thread.last_activity for thread in page.threads if thread.last_activity]
        # A time that has not come yet would hide everything until then.
        past = [moment for moment in times if moment <= self._their_time + CLOCK_TOLERANCE]
        self.scan.seen_until = max(past, default=None)

    async def _keep(self, page: InboxPage) -> None:
        """Store the page's new mentions."""
        self.scan.passed_over += page.passed_over
        self.scan.gaps.update(page.gaps)
        oldest = self._their_time - LOOKBACK
        if lost := sum(at is None or at >= oldest for at in page.lost):
            self.scan.gaps["a message that may mention the account"] += lost
        if page.mentions:
            self.scan.found += await self._store.write(
                store_new, self._config, page.mentions, self._their_time, self._clock.now()
            )
        if page.odd:
            room = MAX_ODD - len(self.scan.odd)
            stored = await self._store.write(
                store_new, self._config, page.odd, self._their_time, self._clock.now(), room
            )
            self.scan.odd += stored
            if len(stored) == room:
                self.scan.gaps["more odd messages"] += 1  # the next scan stores them
