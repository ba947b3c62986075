"""Following a post from attempt to attempt: the clock is moved to each, never waited for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import trio

from sandbox.world.published import Published
from storage import jobs, posts
from storage.accounts import Account
from storage.jobs import Job, JobStatus
from storage.posts import Post, PostStatus
from storage.store import Database
from tests.support.limits import DEADLOCK_S
from tests.support.served import Served

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# A wait longer than any backoff is one that Instagram has told, or a rail's.
_LONGEST_BACKOFF = timedelta(minutes=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a post came to its end."""

    status: PostStatus
    error_code: str | None
    message: str
    longest_wait: timedelta
    attempts: int
    posts_live: int

    def __str__(self) -> str:
        """In short: PUBLISHED, FAILED TOKEN_EXPIRED, PUBLISHED after 24 h."""
        end = self.status if self.error_code is None else f"{self.status} {self.error_code}"
        if self.longest_wait <= _LONGEST_BACKOFF:
            return str(end)
        return f"{end} after {round(self.longest_wait / HOUR)} h"


async def follow(served: Served, account: Account, post_id: str, most: int = 12) -> Course:
    """Let every attempt of a post come at once, `most` of them, and return how it ended."""
    studio = served.studio
    longest, attempts = timedelta(), 0
    while True:
        post, job = await _rested(served, post_id)
        attempts += 1
        if job is None:
            break
        wait = job.run_at - studio.clock.now()
        longest = max(longest, wait)
        if attempts == most:
            break
        studio.clock.advance(max(wait, timedelta()) + timedelta(milliseconds=1))
        await _until_changed(served, job)
    return Course(
        status=post.status,
        error_code=post.error_code,
        message=post.error_message or "",
        longest_wait=longest,
        attempts=attempts,
        posts_live=len(live(served, account)),
    )


def live(served: Served, account: Account) -> list[Published]:
    """Return what the account has published."""
    return [
        post for post in served.studio.sandbox.ledger.published if post.account == account.username
    ]


async def _rested(served: Served, post_id: str) -> tuple[Post, Job | None]:
    """Wait until nothing of a post runs; returns it with the job that waits, if one does."""
    store, clock = served.studio.core.store, served.studio.clock

    def read(db: Database) -> tuple[Post, Job | None]:
        job = jobs.open_for_post(db, post_id)  # first: a post without one has come to its end
        return posts.get(db, post_id), job

    with trio.fail_after(DEADLOCK_S):
        while True:
            post, job = await store.read(read)
            if job is None or (job.status is JobStatus.PENDING and job.run_at > clock.now()):
                return post, job
            await trio.sleep(0.01)


async def _until_changed(served: Served, job: Job) -> None:
    with trio.fail_after(DEADLOCK_S):
        while await served.studio.core.store.read(jobs.get, job.id) == job:
            await trio.sleep(0.01)
