"""The service between this machine and the Worker, and what operations have it do at once.

Events wake it. What the Worker does not answer is carried on with pauses that grow, and nothing
else is asked of it meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import trio

from cloud import ownership
from cloud.courier import Courier
from cloud.deploying import Steps
from cloud.gate import is_strange, look_around
from cloud.recalls import AT_ONCE_S, Recalls
from cloud.turns import FIRST_PAUSE_S, LEAST_PACE, LONGEST_PAUSE_S, Turns
from cloud.wishes import unconfirmed
from cloud.worker_client import WorkerUnreachable
from ground.changes import Change, Subject
from ground.refusal import ErrorCode, Refusal
from publish import fitness
from storage import accounts, handovers, posts
from storage.cloud import DEPLOYED
from storage.errors import Unreadable, is_passing
from storage.handovers import CloudLane, Handover, Owner
from storage.posts import Post
from storage.store import Database

logger = logging.getLogger(__name__)
# Says why a post stays here, None where it may go to the cloud.
Judge = Callable[[Database, Post, datetime], str | None]

# What is due sooner is not worth the errand; what stayed here once has to be further away.
SOONEST = timedelta(minutes=2)
SOONEST_AGAIN = timedelta(minutes=15)
_SLICE_S = 60.0
# After how long what was due in the cloud, and is not heard of, is asked for by itself.
_UNHEARD_FOR = timedelta(minutes=30)
_AT_ONCE = 20


class Exchange:
    """Hands posts over, takes them back, and hears what became of them."""

    def __init__(self, courier: Courier, recalls: Recalls) -> None:
        self.courier = courier
        self._recalls = recalls
        self._store = courier.store
        self._clock = courier.clock
        self._pace = max(self._clock.pace, LEAST_PACE)
        self._soonest = self._clock.paced(SOONEST)
        self._soonest_again = self._clock.paced(SOONEST_AGAIN)
        self._woken = trio.Event()
        self._handing: WeakValueDictionary[str, trio.Lock] = WeakValueDictionary()
        self._turns = Turns(self._clock)
        # When it is looked at again what may not go out any more; a change of its account says now.
        self._look_at = 0.0
        self._failures = 0
        self._quiet_until = 0.0
        self._contact = courier.desk.contact
        self._store.changes.subscribe(
            self._heard, Subject.JOB, Subject.POST, Subject.ACCOUNT, Subject.CONFIG, Subject.LOGIN
        )
        self._store.changes.subscribe(self._deployed, Subject.DAEMON)

    # The service

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep what is here and what is there in step. Runs until cancelled."""
        task_status.started()
        while True:
            wait_s = _SLICE_S * self._pace
            try:
                wait_s = await self._step()
            except WorkerUnreachable as error:
                wait_s = self._failed(error)
            except Unreadable as error:
                self._contact.trouble = str(error)
            except Exception as error:
                if is_passing(error):
                    logger.warning("the cloud waits reason=%r", error)
                elif not isinstance(error, Refusal):  # else there is no Worker
                    raise
            with trio.move_on_after(max(0.01, wait_s)):
                await self._woken.wait()
            self._woken = trio.Event()
            await trio.sleep(0.01)  # whoever wakes it how often: it does not spin

    def trouble(self) -> str | None:
        """Return why the Worker is not asked now, None where it answers."""
        return self._contact.trouble

    def _heard(self, change: Change) -> None:
        if change.subject not in (Subject.JOB, Subject.POST):
            self._look_at = 0.0
        self._woken.set()

    def _deployed(self, change: Change) -> None:
        if change.state == DEPLOYED:
            self.look_at_once()

    def _pause_after(self, tries: int) -> timedelta:
        pause = min(FIRST_PAUSE_S * 2 ** min(tries, 10), LONGEST_PAUSE_S)
        return self._clock.paced(timedelta(seconds=pause))

    def _failed(self, error: WorkerUnreachable) -> float:
        self._failures += 1
        if self._contact.trouble is None:
            logger.warning("the Worker is not reached reason=%s", error)
        self._contact.trouble = str(error)
        pause: float = min(FIRST_PAUSE_S * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE_S)
        self._quiet_until = trio.current_time() + pause * self._pace
        return pause * self._pace

    def _answered(self) -> None:
        if self._contact.trouble is not None:
            logger.info("the Worker answers again")
        self._failures, self._contact.trouble = 0, None

    async def _step(self) -> float:
        """Do what is to be done now; returns in how many seconds there is more."""
        if self._contact.is_closing or not await self._store.glance(fitness.is_configured):
            return _SLICE_S * self._pace
        quiet_s: float = self._quiet_until - trio.current_time()
        if quiet_s > 0:
            return quiet_s
        place = self.courier.desk.place
        if await self._store.glance(is_strange, place):
            await self._store.write(look_around, place, self._clock.now())
        if trio.current_time() >= self._look_at:
            self._look_at = trio.current_time() + _SLICE_S * self._pace
            await self._store.write(self._recalls.mend)
            # What is decided about a mention is judged where that can be noted.
            if await self._store.read(self._may_be_unwanted):
                await self._store.write(self._take_unwanted)
        waiting = await self._store.read(handovers.unconfirmed, self._clock.now(), _AT_ONCE)
        for row in waiting:
            await self._confirm(row)
        lanes = await self._store.read(_lanes)
        await self._go_through(lanes)
        await self._look_up()
        handed = await self._hand_over()
        if len(waiting) == _AT_ONCE or handed:
            return 0.0
        return min([_SLICE_S * self._pace, *self._turns.until([lane for lane, _ in lanes])])

    async def _go_through(self, lanes: Sequence[tuple[CloudLane, datetime | None]]) -> None:
        """Tell and hear what there is of each account.

        What one is not answered for may be of it alone, as a row that cannot be read is: it rests,
        and the others come first next time. Raises `WorkerUnreachable` where it is not.
        """
        for lane, due in self._turns.in_order(lanes):
            try:
                await self._tell(lane, due)
                await self._hear(lane, due)
            except Unreadable as error:
                self._turns.heard(lane, False, due)
                logger.error("the queue at the Worker waits account=%s %s", lane.account_id, error)
            except WorkerUnreachable as error:
                if self._turns.failed(lane) > 1 or len(lanes) == 1:
                    raise
                logger.warning("no answer about account=%s reason=%s", lane.account_id, error)

    def _may_be_unwanted(self, db: Database) -> bool:
        if handovers.away_reposts(db):
            return True
        return any(self._stays(db, row, fitness.stays_because) for row in handovers.last_due(db))

    def _stays(self, db: Database, row: Handover, judge: Judge) -> bool:
        try:
            return judge(db, posts.get(db, row.post_id), self._clock.now()) is not None
        except Unreadable:
            return False  # of its account alone, and nobody can tell

    def _unwanted(self, db: Database) -> list[Handover]:
        """Return what the cloud may own and may not go out as things are now.

        What was fit for the cloud is so until something changes of its account, and that shows at
        the post that is due last: the token has to live until then. So one of each account is
        looked at, however many there are; and each repost, which has rails of its own.
        """

        def stays(row: Handover) -> bool:
            return self._stays(db, row, self.courier.home.stays_because)

        of_accounts = [
            row
            for last in handovers.last_due(db)
            if stays(last)
            for row in handovers.away_of(db, [last.account_id])
        ]
        found = {row.post_id: row for row in [*of_accounts, *handovers.away_reposts(db)]}
        return [row for row in found.values() if row.owner is not Owner.TAKING and stays(row)]

    def _take_unwanted(self, db: Database) -> None:
        for row in self._unwanted(db):
            ownership.take(db, row, None, self._clock.now())

    async def _confirm(self, row: Handover) -> None:
        lock = self._recalls.lock(row.post_id)
        if lock.locked():
            return  # a person's request is at it
        async with lock:
            try:
                await self.courier.confirm(row)
            except (WorkerUnreachable, Unreadable) as error:
                # The others come first next time: it may be this one alone.
                until = self._clock.now() + self._pause_after(row.tries)
                await self._store.write(handovers.pause, row.post_id, until, str(error))
                if isinstance(error, WorkerUnreachable):
                    raise
                logger.error("not confirmed post=%s %s", row.post_id, error)
        self._answered()

    async def _tell(self, lane: CloudLane, due: datetime | None) -> None:
        """Tell what has changed of an account whose posts the cloud may own."""
        if due is None:
            return
        account = await self._store.read(accounts.find, lane.account_id)
        if account is not None:
            await self.courier.tell(account)

    async def _look_up(self) -> None:
        """Ask for what has been due for long and is not heard of: it may not be there any more."""
        now = self._clock.now()
        wait = max(self._clock.paced(_UNHEARD_FOR), timedelta(seconds=2))
        since = now - wait
        for row in await self._store.read(handovers.overdue, since, now, _AT_ONCE):
            try:
                await self.courier.look_up(row)
            except Unreadable as error:
                logger.error("not looked up post=%s %s", row.post_id, error)
            await self._store.write(_look_up_later, row, now + wait)

    async def _hear(self, lane: CloudLane, due: datetime | None) -> None:
        if not self._turns.has_come(lane, due):
            return
        heard = await self.courier.hear(lane)
        self._answered()
        left = await self._store.read(handovers.next_due, lane.lane)
        self._turns.heard(lane, heard.seq > lane.seq, left)

    async def _hand_over(self) -> bool:
        now = self._clock.now()
        found = await self._store.read(handovers.candidates, now, now + self._soonest, _AT_ONCE)
        for post in found:
            try:
                if await self._hand_over_next(post, now):
                    self._answered()
            except Unreadable as error:
                logger.error("not handed over post=%s %s", post.id, error)
                until = now + SOONEST_AGAIN
                await self._store.write(handovers.pause, post.id, until, str(error))
        return len(found) == _AT_ONCE

    async def _hand_over_next(self, post: Post, now: datetime) -> bool:
        row = await self._store.read(handovers.find, post.id)
        is_near = post.scheduled_for is not None and post.scheduled_for < now + self._soonest_again
        if row is not None and row.tries and is_near:
            again_at = now + SOONEST_AGAIN
            await self._store.write(handovers.pause, post.id, again_at, "it is due too soon")
            return False
        try:
            return await self._hand_over_alone(post.id)
        except WorkerUnreachable as error:
            # The others come first next time: it may be this one alone.
            until = now + self._pause_after(row.tries if row is not None else 0)
            await self._store.write(handovers.pause, post.id, until, str(error))
            raise

    async def _hand_over_alone(self, post_id: str) -> bool:
        async with self._handing.setdefault(post_id, trio.Lock()):
            return await self.courier.hand_over(post_id)

    # What operations have done at once

    async def hand_over_at_once(self, post_id: str) -> bool:
        """Try to have the cloud send a post that was just scheduled; says whether it may own it."""
        if self._contact.is_closing or not await self._store.glance(fitness.is_configured):
            return False
        post = await self._store.read(posts.find, post_id)
        soonest = self._clock.now() + self._soonest
        if post is None or post.scheduled_for is None or post.scheduled_for <= soonest:
            return False
        if trio.current_time() >= self._quiet_until:
            with trio.move_on_after(AT_ONCE_S):
                try:
                    await self._hand_over_alone(post_id)
                except WorkerUnreachable as error:
                    self._failed(error)
                except Refusal:
                    pass  # it was removed this moment
        return await self._store.glance(handovers.find_away, post_id) is not None

    async def forget_account(self, account_id: str) -> None:
        """Have the Worker forget an account's token, as far as it answers."""
        lane = await self._store.read(handovers.find_lane, account_id)
        if lane is None or lane.told is None:
            return
        with trio.move_on_after(AT_ONCE_S):
            try:
                await self.courier.forget(lane)
            except (WorkerUnreachable, Refusal) as error:
                logger.warning("the Worker keeps a token account=%s reason=%s", account_id, error)

    async def leave(
        self, api_token: str | None, steps: Steps, *, empties_bucket: bool
    ) -> list[str]:
        """Remove the Worker when it owns nothing any more; returns what is left at Cloudflare.

        Raises `Refusal` where it does, or does not answer: then it goes on as before.
        """
        await self.courier.desk.removable(api_token)
        self._contact.is_closing = True
        try:
            left = await self._recalls.bring_home(handovers.away)
            if any(row.owner is not Owner.CLOUD for row in left):
                raise unconfirmed("it did not answer for every post")
            if left:
                raise Refusal(ErrorCode.INVALID_STATUS, "A post is going out in the cloud now")
            return await self.courier.desk.remove(api_token, steps, empties_bucket=empties_bucket)
        finally:
            self._contact.is_closing = False
            self.look_at_once()

    async def stop(self, api_token: str | None, steps: Steps, *, empties_bucket: bool) -> list[str]:
        """Remove the Worker at once; what may have gone out of it is in doubt then."""
        self._contact.is_closing = True
        try:
            return await self.courier.desk.stop(
                api_token, steps, self._abandon, empties_bucket=empties_bucket
            )
        finally:
            self._contact.is_closing = False
            self.look_at_once()

    def _abandon(self, db: Database, now: datetime) -> None:
        for row in handovers.away(db):
            ownership.abandoned(db, row, now, self.courier.home)

    def look_at_once(self) -> None:
        """Look without regard to what failed: the Worker was brought there, or has gone."""
        self._failures, self._quiet_until, self._contact.trouble = 0, 0.0, None
        self._woken.set()


def _look_up_later(db: Database, row: Handover, until: datetime) -> None:
    found = handovers.find_away(db, row.post_id)
    if found is not None and found.owner is Owner.CLOUD:
        handovers.keep(db, found, next_at=until)


def _lanes(db: Database) -> list[tuple[CloudLane, datetime | None]]:
    return [(lane, handovers.next_due(db, lane.lane)) for lane in handovers.lanes(db)]
