"""Posts of a database from the past: what may have gone out since is parked, never sent by itself.

Used while a backup is being restored or an export imported, before the daemon sees the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ground.refusal import ErrorCode
from publish import states
from publish.content import fingerprint
from publish.retry import Failure
from storage import deliveries, jobs, lost, media_files, posts
from storage.deliveries import Delivery, Outcome, RouteName, Step
from storage.errors import Unreadable
from storage.jobs import Job
from storage.posts import Post
from storage.store import Database


@dataclass(frozen=True, slots=True)
class Came:
    """When the data was saved, and when it came here; what happened in between is not known."""

    saved_at: datetime
    came_at: datetime
    how: str = "restored from a backup"

    @property
    def words(self) -> str:
        return f"{self.how} of {self.saved_at:%Y-%m-%d %H:%M} UTC"


def park(db: Database, came: Came, *, everything: bool = False) -> list[Post]:
    """Fail every post that may have gone out since the data was saved; returns them as they are.

    They are the posts that were due when the data came, and those that were begun; with
    `everything` those of the future too. Each says that a person must look before it is retried,
    and a retry asks Instagram first. One that cannot be read is given up in doubt.
    """
    parked = []
    for job_id in jobs.open_until(db, came.came_at, everything=everything):
        try:
            parked.append(park_one(db, jobs.get(db, job_id), came))
        except Unreadable:  # its own trouble: the others are there again
            lost.give_up(db, job_id, came.came_at, in_doubt=True)
    return parked


def park_one(db: Database, job: Job, came: Came) -> Post:
    """Fail the post of an open job, or conclude it where it is known to be live; returns it."""
    assert job.post_id is not None
    post = posts.get(db, job.post_id)
    delivery = deliveries.find_open(db, post.id)
    if delivery is not None and delivery.step is Step.PUBLISHED:
        _conclude(db, job, post, delivery, came)
    else:
        _fail(db, job, post, delivery, came)
    return posts.get(db, post.id)


def _fail(db: Database, job: Job, post: Post, delivery: Delivery | None, came: Came) -> None:
    failure = Failure(
        ErrorCode.DELIVERY_UNKNOWN,
        f"The data was {came.words}, and this post may have gone out after that. Look at the "
        "account in the Instagram app before you retry",
    )
    media = media_files.of_post(db, post.id)
    if delivery is None:
        # If it went out, then under a name that is not known here, by either route.
        content = fingerprint(post, media)
        delivery = deliveries.open_for(
            db, post.id, RouteName.PRIVATE, came.came_at, content=content
        )
    sent = delivery.files or [{"path": one.storage_path, "mime": one.mime_type} for one in media]
    since = delivery.publishing_at or min(delivery.updated_at, came.saved_at)
    deliveries.advance(
        db, delivery.id, Step.PUBLISHING, came.came_at, publishing_at=since, files=sent
    )
    states.failed(db, job, post, failure, Outcome.UNKNOWN, came.came_at)


def _conclude(db: Database, job: Job, post: Post, delivery: Delivery, came: Came) -> None:
    # A Page cannot be asked, and a missing copy is better than two.
    states.concluded(db, job, delivery, came.came_at, timedelta(0))
    if post.cross_post_to_facebook and post.facebook_post_id is None:
        unknown = (
            "It is live. Whether it was copied to the Facebook Page is not known: the data was "
            f"{came.how}"
        )
        posts.edit(db, post.id, now=came.came_at, error_message=unknown)
