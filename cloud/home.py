"""What holds here of posts that the cloud may own: the daemon's own measures, and the reposts'."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from cloud import wishes, worker_code
from publish import fitness
from publish.choice import REPOSTS
from storage import cloud, handovers
from storage.errors import Unreadable
from storage.media_files import MediaFile
from storage.posts import Post
from storage.store import Database

# Between two reposts of an account, whatever made the first one late; see docs/account-safety.md.
REPOSTS_APART = timedelta(minutes=20)
# The ends of the calendar are too near for what is reckoned from a time.
_LATEST_MS = 4_102_444_800_000
_OLDER = "the Worker is of another version of Reprise: `reprise cloud upgrade`"


class RepostRules(Protocol):
    """What reposts are about; each is part of a transaction."""

    def stays_because(self, db: Database, post: Post, now: datetime) -> str | None: ...

    def ends_at(self, db: Database, post: Post) -> datetime | None: ...

    def story_of(self, db: Database, post: Post) -> str | None: ...

    def adopt(
        self, db: Database, account_id: str, story: str, post_id: str, at: datetime, now: datetime
    ) -> Post | None: ...

    def is_let_go(self, db: Database, post: Post, now: datetime) -> None: ...

    def stays_here(self, db: Database, post: Post, why: str, now: datetime) -> None: ...

    def came_back(
        self, db: Database, post: Post, wish: Mapping[str, Any] | None, now: datetime
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Home:
    """`spacing` and `grace` are the daemon's own; `reposts` decides about posts of mentions.

    `their_time` tells what time it was at the Worker when it answered last.
    """

    spacing: timedelta
    grace: timedelta
    reposts: RepostRules
    their_time: Callable[[], datetime | None]

    def is_too_late(self, post: Post, now: datetime) -> bool:
        """Say whether a post's time is too long past, by the Worker's clock where this is ahead.

        It has answered just before: nothing comes home otherwise.
        """
        due, theirs = post.scheduled_for, self.their_time()
        surely = now if theirs is None else min(now, theirs)
        return due is not None and surely - due > self.grace

    def stays_because(self, db: Database, post: Post, now: datetime) -> str | None:
        """Return why a post may not go out of the cloud as things are now, None where it may."""
        why = fitness.stays_because(db, post, now)
        if why is not None or not is_repost(post):
            return why
        return _is_unable(db) or self.reposts.stays_because(db, post, now)

    def about(self, db: Database, post: Post, lane: str) -> str | None:
        """Return what a repost is about, alike on every machine, by which the Worker knows it."""
        story = self.reposts.story_of(db, post) if is_repost(post) else None
        return None if story is None else f"{lane}.{story}"

    def adopted(self, db: Database, job: Mapping[str, Any], now: datetime) -> Post | None:
        """Return the post of a mention that the Worker may send and of which nothing is known here.

        Another machine handed it over, or this one of after what is here. None for all others:
        they were made after what is here, and go out as their owner wanted.
        """
        lane, _, story = str(job.get("about") or "").partition(".")
        account_id = handovers.account_of(db, lane) if story else None
        due = moment(job.get("due"))
        if account_id is None or due is None or not _may_go_out(job):
            return None
        return self.reposts.adopt(db, account_id, story, str(job["id"]), due, now)

    def is_decided_anew(self, post: Post, wish: Mapping[str, Any] | None) -> bool:
        """Say whether a post that comes back is given up for a decision about its mention."""
        return is_repost(post) and not wishes.is_about_the_post(wish)


def _may_go_out(job: Mapping[str, Any]) -> bool:
    doubt = (job.get("problem") or {}).get("kind") == "doubt"
    return job["state"] not in ("PREPARED", "RECALLED", "FAILED") or doubt


def moment(milliseconds: object) -> datetime | None:
    """Return a time of the Worker's, None for what is none."""
    if not isinstance(milliseconds, (int, float)) or not 0 <= milliseconds <= _LATEST_MS:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def is_repost(post: Post) -> bool:
    """Say whether a post is a mention's, or another post's of the account, under rails."""
    return post.source_type in REPOSTS


def repost_would_stay_because(
    db: Database, post: Post, media: Sequence[MediaFile] | None, now: datetime
) -> str | None:
    """Return why a repost's post has to go out from this machine, or None; see `fitness`."""
    return _is_unable(db) or fitness.would_stay_because(db, post, media, now)


def _is_unable(db: Database) -> str | None:
    """Return why the Worker there cannot be trusted with reposts: one of before has no end."""
    try:
        worker = cloud.find(db)
    except Unreadable as error:
        return str(error)
    return _OLDER if worker is not None and worker.version != worker_code.version() else None
