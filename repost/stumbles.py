"""Errors that one mention brings about: its own trouble, counted, with growing pauses.

What is the disk's, the database's or the whole account's is not; nor is a cancelled turn.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from ground.shortage import is_shortage
from instagram.errors import InstagramError
from media.errors import MediaError
from storage.errors import StorageError
from storage.reposts import Repost

logger = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=6)
ENOUGH = 8
# What the machine may lack: it is nobody's bug, and may go better later.
_OF_THE_MACHINE = (MediaError, OSError, MemoryError)


def is_of_one(error: Exception) -> bool:
    """Say whether an error concerns the mention that met it and nothing else."""
    return not (isinstance(error, (InstagramError, StorageError)) or is_shortage(error))


def tell(repost: Repost, error: Exception) -> None:
    """Log an error of one mention: a bug with its traceback, what the machine lacks without."""
    if isinstance(error, _OF_THE_MACHINE):
        logger.warning("repost stumbled id=%s reason=%s", repost.id, error)
    else:
        logger.error("repost stumbled id=%s", repost.id, exc_info=error)


class Stumbles:
    """Counts how often each mention has stumbled, and until when it rests. Kept in memory."""

    def __init__(self) -> None:
        self._resting: dict[str, tuple[int, datetime]] = {}

    def rests_until(self, repost_id: str, now: datetime) -> datetime | None:
        """Return until when a mention is left alone, None when it is not."""
        _, until = self._resting.get(repost_id, (0, now))
        return until if now < until <= now + LONGEST_PAUSE else None

    def note(self, repost_id: str, error: Exception, now: datetime) -> datetime | None:
        """Count a stumble; returns until when it rests, None when it was often enough.

        Only a bug is met often enough: a child that was killed, or a disk that fails, tells
        nothing of the mention, and its own end is the only one.
        """
        count = self._resting.get(repost_id, (0, now))[0] + 1
        until: datetime = now + min(FIRST_PAUSE * 2 ** (count - 1), LONGEST_PAUSE)
        if count >= ENOUGH and not isinstance(error, _OF_THE_MACHINE):
            self.forget(repost_id)
            return None
        self._resting[repost_id] = count, until
        return until

    def forget(self, repost_id: str) -> None:
        self._resting.pop(repost_id, None)
