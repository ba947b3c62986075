"""Mentions of a database from the past: what may be on the story already waits for a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage import facts, repost_lists, reposts
from storage.facts import Fact
from storage.reposts import Repost, RepostStatus
from storage.store import Database

REASON = (
    "It was mentioned before this data came here (restored or imported), so it may be on your "
    "story already: look there, then approve or skip it"
)
# A mention's time is Instagram's, the other one is this machine's.
_CLOCK_SLACK = timedelta(minutes=5)


def park(db: Database, now: datetime) -> list[Repost]:
    """Let every mention wait that could go out by itself; returns those that wait now.

    Mentions that are found later but were made before `now` will wait too. What is not
    downloaded yet still is: it expires.
    """
    facts.note_coming_in(db, now)
    waiting = []
    for repost in repost_lists.unsent(db):
        park_one(db, repost, now)
        waiting.append(repost)
    return waiting


def park_one(db: Database, repost: Repost, now: datetime) -> None:
    """Let one mention that has no post yet wait for a person."""
    if repost.status is not RepostStatus.DETECTED:
        reposts.change(
            db,
            repost.id,
            RepostStatus.WAITING_APPROVAL,
            now=now,
            reason=REASON,
            approved_at=None,
        )


def confirm(db: Database, instagrams_time: datetime, now: datetime) -> None:
    """Correct when the data came, where a clock was wrong that ran ahead.

    It came before Instagram answered here: else every mention would wait, for as long as that
    clock was ahead. Until the clock is right, the mentions' times are ahead with it.
    """
    if abs(now - instagrams_time) > _CLOCK_SLACK:
        return
    came_in = facts.find(db, facts.DATA_CAME_IN)
    if came_in is not None and came_in.at > instagrams_time:
        facts.learn(db, facts.DATA_CAME_IN, came_in.value, instagrams_time)


def is_in_doubt(repost: Repost, came_in: Fact | None) -> bool:
    """Say whether a mention may have been reposted before the data came here."""
    return came_in is not None and repost.mentioned_at <= came_in.at + _CLOCK_SLACK
