"""When a mention that has to wait may go out, and until when: what the cloud has to know of it.

Only where the cloud can send it. Everything else is looked at again when its wait is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from ground.hold import Hold
from repost import guard, rails
from repost.hours import WIND_DOWN, next_midnight, sleeping_until
from storage.media_files import MediaFile
from storage.posts import Post
from storage.repost_configs import RepostConfig
from storage.repost_slots import LONGEST_LATE
from storage.store import Database

# Why a repost's post has to go out from this machine, None where the cloud can send it. `media` is
# None as long as its card is not composed.
Stays = Callable[[Database, Post, Sequence[MediaFile] | None, datetime], str | None]

FROM_HERE = "It goes out from this machine, which must run then: {why}"

# Rails that end with time alone, and whose end is known before.
_HOURS = ("phase", "sleep", "cap", "spacing")
# What waits for less goes out from here; and the cloud needs a while in which it may send.
_SHORTEST_WAIT = timedelta(minutes=2)
_SHORTEST_SPAN = timedelta(minutes=10)
_STEP = timedelta(minutes=5)
_MOST_RAILS = 20


def time_of(
    db: Database,
    config: RepostConfig,
    mentioned_at: datetime,
    held: Hold,
    now: datetime,
    pace: float,
) -> datetime | None:
    """Return when a mention that a rail holds may go out by all of them: its place in its day.

    None where that is not a question of time, where it is soon, or where it is no news by then.
    """
    at, rail = now, held
    for _ in range(_MOST_RAILS):
        if rail.rail not in _HOURS or rail.until is None or rail.until <= at:
            return None
        at = rail.until
        further = rails.hours_held(db, config, at, pace)
        if further is None:
            break
        rail = further
    else:
        return None
    is_worth_it = at - now >= _SHORTEST_WAIT * pace and at > now
    return at if is_worth_it and end_of(config, mentioned_at, at) - at >= _SHORTEST_SPAN else None


def end_of(config: RepostConfig, mentioned_at: datetime, at: datetime) -> datetime:
    """Return until when a repost may go out late that was to go out `at`.

    In the same day, whose cap it counts in, awake, and as long as it is news.
    """
    end = min(at + LONGEST_LATE, next_midnight(config, at), mentioned_at + guard.MAX_HELD)
    awake = at
    while awake < end and sleeping_until(config, awake + _STEP, WIND_DOWN) is None:
        awake += _STEP
    return min(awake, end)
