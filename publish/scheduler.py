"""Claims due jobs and has them delivered: one post at a time per account, accounts side by side."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import trio

from ground.changes import Change, Subject
from ground.clock import Clock
from publish.delivery import Deliverer
from publish.presence import Presence
from storage import jobs
from storage.errors import Unavailable, Unreadable, is_passing
from storage.jobs import Job
from storage.store import Store
from storage.wrong_clock import is_ahead

logger = logging.getLogger(__name__)
SLICE_S = 30.0
PAUSE_S = 15.0
LONGEST_PAUSE_S = 300.0
# Jobs are claimed a moment before they are due, and begun on time. What comes late on the way is
# absorbed: a commit waits for the disk, and Linux oversleeps by a thousandth, 30 ms a slice.
AHEAD = timedelta(seconds=0.1)


class Scheduler:
    """The publish service. Sleeps until the next job is due or somebody wakes it."""

    def __init__(
        self,
        store: Store,
        deliverer: Deliverer,
        clock: Clock,
        presence: Presence,
        *,
        on_begun: Callable[[float], None] = lambda late_s: None,
        check_room: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_begun` hears how late each job was begun.

        `check_room` raises `Unavailable` while the disk is too full to begin anything.
        """
        self._store = store
        self._deliverer = deliverer
        self._clock = clock
        self._presence = presence
        self._on_begun = on_begun
        self._check_room = check_room
        self._woken = trio.Event()
        self._looked = trio.Event()
        self._draining = False
        # How often each delivery in a row could not be recorded, and when it is taken up again.
        self._interruptions: dict[str, int] = {}
        self._resting: dict[str, float] = {}
        self._paused: Exception | None = None
        self._was_set_back = False
        self._read_at: tuple[datetime, float]  # what the clocks said after the last wait
        store.changes.subscribe(self._heard, Subject.JOB, Subject.POST, Subject.LOGIN)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Deliver what is due. Runs until cancelled, or until `drain` and the last delivery."""
        await self._presence.begin()
        self._read_at = self._clock.now(), self._clock.monotonic()
        released = await self._store.write(jobs.release_claimed, self._clock.now())
        released += await self._store.write(jobs.take_up_garbled, self._clock.now())
        await self._store.write(jobs.mend_run_times, self._clock.now())
        if released:
            logger.info("taking up interrupted deliveries jobs=%d", released)
        task_status.started()
        async with trio.open_nursery() as nursery:
            while not self._draining:
                try:
                    await self._presence.is_alive()
                    due = await self._claim()
                    for job in due:
                        nursery.start_soon(self._deliver, job, name=f"deliver {job.post_id}")
                    if not due:
                        await self._sleep()
                except Unavailable as error:
                    await self._pause(error)
        await self._presence.end()

    def _heard(self, _change: Change) -> None:
        # A job was added or moved, a post left the queue, or what held an account has ended.
        self.wake()

    def wake(self) -> None:
        """Look for due jobs now."""
        self._woken.set()

    async def proof(self) -> None:
        """Return when it has looked for due jobs once more, or could not: it is not stuck."""
        looked = self._looked
        self.wake()
        await looked.wait()

    def trouble(self) -> str | None:
        """Return why nothing is begun now, or how many deliveries wait for the machine."""
        if self._paused is not None:
            return f"paused: {self._paused}"
        if self._resting:
            return f"deliveries that could not be recorded, and wait: {len(self._resting)}"
        return None

    def drain(self) -> None:
        """Claim nothing more; `run` returns when the deliveries in progress have ended."""
        self._draining = True
        self._woken.set()

    async def _claim(self) -> list[Job]:
        self._check_room()
        now = self._clock.monotonic()
        if rested := [job_id for job_id, at in self._resting.items() if at <= now]:
            await self._store.write(jobs.give_back, rested, self._clock.now())
            for job_id in rested:
                del self._resting[job_id]
        if self._was_set_back:
            # What was put back by the old time would wait for that time to come again.
            mended = await self._store.write(jobs.mend_run_times, self._clock.now())
            self._was_set_back = False
            logger.warning("this machine's clock was set back jobs=%d", mended)
        due = await self._store.write(jobs.claim_due, self._clock.now(), AHEAD)
        self._has_looked()
        if self._paused is not None:
            self._paused = None
            logger.info("publishing goes on")
        return due

    async def _pause(self, error: Unavailable) -> None:
        """Wait for the disk or the database; said once, whatever is tried meanwhile."""
        if self._paused is None:
            self._paused = error
            logger.warning("publishing pauses reason=%s", error)
        self._has_looked()
        await trio.sleep(PAUSE_S / 10)  # whoever wakes it how often: it does not spin
        await self._wait(PAUSE_S)

    def _has_looked(self) -> None:
        self._looked.set()
        self._looked = trio.Event()

    async def _deliver(self, job: Job) -> None:
        try:
            await self._deliver_claimed(job)
        except Exception as error:
            if not is_passing(error):
                raise
            # Nothing can be recorded now. What is recorded says how far it came, and it is taken
            # up from there as after a crash, by nobody but a later claim.
            logger.warning("delivery interrupted post=%s reason=%r", job.post_id, error)
            self._rest(job)
        else:
            self._interruptions.pop(job.id, None)
        self.wake()

    def _rest(self, job: Job) -> None:
        """Have an interrupted delivery wait: each turn may ask Instagram, and claims may work."""
        count = self._interruptions.get(job.id, 0) + 1
        self._interruptions[job.id] = count
        pause = min(PAUSE_S * 2 ** min(count - 1, 10), LONGEST_PAUSE_S)
        self._resting[job.id] = self._clock.monotonic() + pause

    async def _deliver_claimed(self, job: Job) -> None:
        try:
            begins = await self._store.read(jobs.could_run_since, job, self._clock.now())
            # Never longer than it was claimed ahead, whatever the clock does meanwhile.
            wait = min(AHEAD, begins - self._clock.now())
            await trio.sleep(max(0.0, wait.total_seconds()))
            self._on_begun((self._clock.now() - begins).total_seconds())
            await self._deliverer.deliver(job)
        except Exception as error:
            if is_passing(error):
                raise
            # One post's bug is not everybody's: the others go on.
            if isinstance(error, Unreadable):
                logger.error("delivery broke post=%s reason=%s", job.post_id, error)
            else:
                logger.exception("delivery broke post=%s job=%s", job.post_id, job.id)
            await self._deliverer.break_off(job)

    async def _sleep(self) -> None:
        """Return when something is due or somebody has woken us."""
        is_woken = False
        while not is_woken:
            next_claim = await self._store.glance(jobs.next_claim_at, self._clock.now())
            # At most a slice, because a suspended machine or a changed clock wakes nobody.
            seconds = SLICE_S
            if next_claim is not None:
                seconds = min(SLICE_S, (next_claim - AHEAD - self._clock.now()).total_seconds())
            if self._resting:
                seconds = min(seconds, min(self._resting.values()) - self._clock.monotonic())
            if seconds <= 0:
                return
            is_woken = await self._wait(seconds)
            await self._presence.is_alive()

    async def _wait(self, seconds: float) -> bool:
        """Wait that long, or until somebody wakes us; says whether somebody did."""
        with trio.move_on_after(seconds):
            await self._woken.wait()
        # Since the wait before: a look may take long, and the clock is set while it does.
        before, measured = self._read_at
        self._read_at = now, monotonic = self._clock.now(), self._clock.monotonic()
        if is_ahead(before + timedelta(seconds=monotonic - measured), now):
            self._was_set_back = True  # seen to where it can be: nothing may be written now
            self._woken.set()
        is_woken = self._woken.is_set()
        self._woken = trio.Event()
        return is_woken
