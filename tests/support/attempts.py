"""Following a post from attempt to attempt: the clock is moved to each, never waited for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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
    return (await follow_all(served, {post_id: account}, most))[post_id]


async def follow_all(
    served: Served, sent: Mapping[str, Account], most: int = 12
) -> dict[str, Course]:
    """Follow several posts at once. Time passes for all of them: none is left behind by it."""
    clock = served.studio.clock
    attempts: Counter[str] = Counter()
    longest = dict.fromkeys(sent, timedelta())
    ended: dict[str, Post] = {}
    waiting: dict[str, Job] = {}

    async def let_rest(post_id: str) -> None:
        ended[post_id], job = await _rested(served, post_id)
        attempts[post_id] += 1
        waiting.pop(post_id, None)
        if job is None:
            return
        longest[post_id] = max(longest[post_id], job.run_at - clock.now())
        if attempts[post_id] < most:
            waiting[post_id] = job

    for post_id in sent:
        await let_rest(post_id)
    while waiting:
        soonest = min(job.run_at for job in waiting.values())
        due = {key: job for key, job in waiting.items() if job.run_at <= soonest + MINUTE}
        wait = max(job.run_at for job in due.values()) - clock.now()
        clock.advance(max(wait, timedelta()) + timedelta(milliseconds=1))
        for post_id, job in due.items():
            await _until_changed(served, job)
            await let_rest(post_id)
    return {
        post_id: Course(
            status=(post := ended[post_id]).status,
            error_code=post.error_code,
            message=post.error_message or "",
            longest_wait=longest[post_id],
            attempts=attempts[post_id],
            posts_live=len(live(served, account)),
        )
        for post_id, account in sent.items()
    }


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
