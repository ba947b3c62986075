"""Whether a post's time has come, or is past: by Instagram's clock where ours is ahead of it.

A machine starts with the clock that its battery kept. By one that is ahead a post would go out
before its time, which nobody can take back, or be called missed while it is not even due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ground.hold import Hold
from ground.refusal import ErrorCode
from publish.choice import REPOSTS
from publish.retry import Failure
from storage import jobs, reposts, trusted_time
from storage.jobs import Job
from storage.posts import Post
from storage.store import Database
from storage.wrong_clock import SLACK, is_ahead

# For how much of the time since a moment the daemon was not there.
MissedFor = Callable[[datetime], timedelta]
# What time it is at Instagram, None as long as no answer has told.
TheirTime = Callable[[], datetime | None]
# A repost that was sent again by hand, and then held back: its story is old news.
_LONGEST_HELD = timedelta(hours=72)


@dataclass(frozen=True, slots=True, kw_only=True)
class Punctuality:
    """Judges when a post may go out.

    A job was missed when the daemon was not there for longer than `grace` since it could have run,
    of which `missed_for` tells.
    """

    missed_for: MissedFor
    grace: timedelta
    their_time: TheirTime

    def too_early(self, post: Post, now: datetime) -> Hold | None:
        """Return until when, by this clock, a post waits whose time has not come at Instagram."""
        at, theirs = post.scheduled_for, self.their_time()
        if not post.is_scheduled or at is None or theirs is None or not is_ahead(now, theirs):
            return None
        if at - theirs <= SLACK:
            return None
        reason = (
            f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, Instagram's "
            f"{theirs:%Y-%m-%d %H:%M}: it waits for its time by Instagram's. Set the clock right"
        )
        return Hold("clock", reason, now + (at - theirs))

    def too_late(
        self, db: Database, job: Job, post: Post, now: datetime, *, for_sure: bool = False
    ) -> Failure | None:
        """Return why it is too late for a post.

        As long as Instagram has told no time, only what this clock says, once that is `for_sure`
        all that can be known.
        """
        theirs = self.their_time()
        if theirs is None and not for_sure:
            return None
        surely = now if theirs is None else min(now, theirs)
        if post.source_type in REPOSTS:
            # They have rails of their own.
            if _is_old_news(db, job, post, surely):
                reason = "It was held back for more than 72 h: no longer news"
                return Failure(ErrorCode.SCHEDULE_MISSED, reason)
            return None
        due = jobs.could_run_since(db, job, now)
        if min(self.missed_for(due), surely - due) <= self.grace:
            return None
        return Failure(
            ErrorCode.SCHEDULE_MISSED,
            f"It was due at {due:%Y-%m-%d %H:%M} UTC while the daemon was off, for more than "
            f"{self.grace.total_seconds() / 60:.0f} minutes. Retry it, or schedule it again",
        )


def _is_old_news(db: Database, job: Job, post: Post, now: datetime) -> bool:
    repost = reposts.of_post(db, post.id)
    # It is no older than its mention, whatever the clock said when it was handed over.
    since = job.created_at if repost is None else max(job.created_at, repost.mentioned_at)
    return now - since > _LONGEST_HELD and trusted_time.is_believed(db, now)
