"""The time that deletions go by: a clock that is wrong must not delete what a right one would keep.

A clock is believed as long as it moves with this process, or was off for no longer than a machine
may well be. Beyond that only Instagram's own time, which comes with every answer, confirms it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlite_utils import Database

from ground.clock import Clock
from storage import facts
from storage.store import Store
from storage.times import first_legible, shifted
from storage.wrong_clock import SLACK, is_ahead

# So long a machine is off, on a holiday or for a repair, without anybody to vouch for its clock.
LONGEST_ABSENCE = timedelta(days=40)


class DeletionClock:
    """The believed time of one process; ask the same one for all that is deleted."""

    def __init__(
        self, store: Store, clock: Clock, their_time: Callable[[], datetime | None] = lambda: None
    ) -> None:
        """`their_time` is Instagram's, None as long as no answer has told it."""
        self._store = store
        self._clock = clock
        self._their_time = their_time
        self._asked_at: float | None = None

    async def now(self) -> datetime:
        """Return the time by which something may be deleted for its age."""
        at = self._clock.monotonic()
        elapsed = 0.0 if self._asked_at is None else at - self._asked_at
        self._asked_at = at
        now, theirs = self._clock.now(), self._their_time()
        if theirs is not None:
            await self._store.write(confirm, theirs, now)
            if is_ahead(now, theirs):
                return theirs
        return await self._store.write(believe, now, timedelta(seconds=elapsed))


def believe(db: Database, now: datetime, elapsed: timedelta) -> datetime:
    """Return `now`, or the latest time that can be believed instead; keeps it for the next time.

    `elapsed` is what this process has measured since it asked last, by a clock nobody can set.
    """
    known = facts.recall(db, facts.BELIEVED_TIME)
    latest = latest_known(db, elapsed) or now
    believed = now if now - latest <= LONGEST_ABSENCE else latest
    if known is None or believed > known.at:
        facts.learn(db, facts.BELIEVED_TIME, "", believed)
    return believed


def latest_known(db: Database, elapsed: timedelta = timedelta(0)) -> datetime | None:
    """Return the latest time that the data vouches for, None where it tells of none."""
    known = facts.recall(db, facts.BELIEVED_TIME)
    seen = [] if known is None else [shifted(known.at, elapsed)]
    seen += _instagrams_time(db)
    if not seen and (written := _newest_row(db)) is not None:
        seen.append(written)
    return max(seen, default=None)


def is_believed(db: Database, now: datetime) -> bool:
    """Say whether a clock may be right: one that jumps by months is not, until it is confirmed."""
    latest = latest_known(db)
    return latest is None or now - latest <= LONGEST_ABSENCE


def is_confirmed(db: Database, now: datetime) -> bool:
    """Say whether a clock is not behind anything that the data vouches for."""
    latest = latest_known(db)
    return latest is not None and not is_ahead(latest, now)


def confirm(db: Database, instagrams_time: datetime, now: datetime) -> None:
    """Note Instagram's own time, and that a clock is right where it says the same."""
    facts.learn(db, facts.THEIR_TIME, "", instagrams_time)
    if abs(now - instagrams_time) <= SLACK:
        facts.learn(db, facts.BELIEVED_TIME, "", now)


def is_behind(db: Database, now: datetime) -> bool:
    """Say whether a clock is surely behind: Instagram has told a later time."""
    return any(is_ahead(at, now) for at in _instagrams_time(db))


def at_least(db: Database, now: datetime) -> datetime:
    """Return the time as it surely is: Instagram's own where this clock is behind that."""
    return max(_instagrams_time(db)) if is_behind(db, now) else now


def _instagrams_time(db: Database) -> list[datetime]:
    # Times by Instagram's clock: of the newest message seen, and of the last answer that told one.
    seen = first_legible(
        db.conn.execute("SELECT seen_until FROM story_repost_configs ORDER BY seen_until DESC")
    )
    told = facts.recall(db, facts.THEIR_TIME)
    return [*([] if seen is None else [seen]), *([] if told is None else [told.at])]


def _newest_row(db: Database) -> datetime | None:
    return first_legible(db.conn.execute("SELECT at FROM events ORDER BY at DESC"))
