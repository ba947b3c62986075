"""Claims due jobs and has them delivered: one post at a time per account, accounts side by side."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

import trio

from publish.delivery import Deliverer
from storage import jobs
from storage.jobs import Job
from storage.store import Store

logger = logging.getLogger(__name__)
SLICE_S = 30.0


class Scheduler:
    """The publish service. Sleeps until the next job is due or somebody wakes it."""

    def __init__(
        self,
        store: Store,
        deliverer: Deliverer,
        now: Callable[[], datetime],
        *,
        on_worked: Callable[[str], None],
    ) -> None:
        """`on_worked` hears the account id whenever a job of it was worked on."""
        self._store = store
        self._deliverer = deliverer
        self._now = now
        self._on_worked = on_worked
        self._woken = trio.Event()
        self._draining = False

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Deliver what is due. Runs until cancelled, or until `drain` and the last delivery."""
        released = await self._store.write(jobs.release_claimed, self._now())
        if released:
            logger.info("taking up interrupted deliveries jobs=%d", released)
        task_status.started()
        async with trio.open_nursery() as nursery:
            while not self._draining:
                job = await self._store.write(jobs.claim_next, self._now())
                if job is None:
                    await self._sleep()
                else:
                    nursery.start_soon(self._deliver, job, name=f"deliver {job.post_id}")

    def wake(self) -> None:
        """Look for due jobs now: one was added or changed."""
        self._woken.set()

    def drain(self) -> None:
        """Claim nothing more; `run` returns when the deliveries in progress have ended."""
        self._draining = True
        self._woken.set()

    async def _deliver(self, job: Job) -> None:
        await self._deliverer.deliver(job)
        if job.account_id is not None:
            self._on_worked(job.account_id)
        self.wake()

    async def _sleep(self) -> None:
        # At most a slice, because a suspended machine or a changed clock wakes nobody.
        now = self._now()
        next_due = await self._store.read(jobs.next_run_at, now)
        seconds = SLICE_S
        if next_due is not None:
            seconds = min(SLICE_S, (next_due - now).total_seconds())
        with trio.move_on_after(seconds):
            await self._woken.wait()
        self._woken = trio.Event()
