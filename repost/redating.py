"""Mentions that were found by a clock that was wrong, dated anew once it is set right.

Their times are by this machine's clock, as it was when they were found. What it was wrong by stands
in the row: `detected_at` is by that clock, and `created_at` by Instagram's where the two differed.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from repost.recording import CLOCK_TOLERANCE, LOOKBACK
from storage import repost_lists, reposts
from storage.reposts import Repost
from storage.store import Database
from storage.wrong_clock import is_ahead

logger = logging.getLogger(__name__)


def redate_all(db: Database, account_id: str, now: datetime) -> None:
    """Date those of an account's unfinished mentions anew that a wrong clock has dated."""
    for repost in repost_lists.dated_oddly(db, account_id):
        redated(db, repost, now)


def redated(db: Database, repost: Repost, now: datetime) -> Repost:
    """Return a mention with times by a clock that is not any more what it was found by.

    By one that was behind, it would be no news the moment that is set right; by one that was
    ahead, it would be news for as long as that.
    """
    off = _off_by(repost)
    was_set_on = off < timedelta(0) and not is_ahead(repost.created_at, now)
    was_set_back = off > timedelta(0) and is_ahead(repost.detected_at, now)
    if not was_set_on and not was_set_back:
        return repost
    # Of a saved one, the later of the story's own end and this: by a clock behind, the story's.
    is_told = repost.media_path is not None and was_set_on
    logger.info("dated anew by a clock that was set id=%s off=%s", repost.id, off)
    return reposts.edit(
        db,
        repost.id,
        mentioned_at=repost.mentioned_at - off,
        expires_at=repost.expires_at - (timedelta(0) if is_told else off),
        detected_at=repost.created_at,
    )


def _off_by(repost: Repost) -> timedelta:
    """Return by how much the clock was ahead that a mention was found by; nothing where unsure."""
    off = repost.detected_at - repost.created_at
    age = repost.detected_at - repost.mentioned_at
    is_told = abs(off) > CLOCK_TOLERANCE and -CLOCK_TOLERANCE <= age <= LOOKBACK + CLOCK_TOLERANCE
    return off if is_told else timedelta(0)
