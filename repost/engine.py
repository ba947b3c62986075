"""The story-repost engine: scans inboxes when it is time, and moves mentions on.

One service for all accounts. It sleeps until the next account is due or somebody wakes it.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

import trio

from ground import shortage
from ground.changes import Change, Subject
from ground.clock import Clock
from ground.hold import Hold
from instagram import errors
from instagram.private.gateway import PrivateGateway
from repost import polls, rails
from repost.deciding import expire_anew
from repost.detector import Reading, Scan
from repost.journey import Journey
from repost.recording import CLOCK_TOLERANCE
from repost.redating import redate_all
from storage import (
    account_sessions,
    credentials,
    repost_configs,
    repost_lists,
    reposts,
    troubles,
    trusted_time,
)
from storage.errors import NotFound, StorageError, is_passing
from storage.repost_configs import RepostConfig
from storage.reposts import RepostStatus
from storage.store import Database, Store

logger = logging.getLogger(__name__)

SLICE_S = 30.0
AFTER_A_BUG = timedelta(minutes=15)
AFTER_SHORTAGE = timedelta(minutes=1)
LONGEST_AFTER_SHORTAGE = timedelta(minutes=30)
AFTER_A_FAILURE = timedelta(minutes=5)
LONGEST_AFTER_A_FAILURE = timedelta(hours=6)
ACCOUNTS_AT_ONCE = 8
# How many looks within an hour are had by whoever asks for one: each is several requests.
MOST_BY_HAND, _BY_HAND_WITHIN = 12, timedelta(hours=1)
_BY_HAND = "scan by hand"
_OFTEN = 3  # failed turns in a row that are worth telling
_UNDER_WAY = ("PROCESSING", "PUBLISHING")


# The account whose turn the task that is running gives: what others change meanwhile is news to it.
_whose_turn: ContextVar[str | None] = ContextVar("_whose_turn", default=None)


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan on request found: new mentions, and how many wait to go out."""

    account_id: str
    scan: Scan


class RepostEngine:
    """Runs the accounts' turns. `wake` and `scan` are for others to call."""

    def __init__(
        self,
        store: Store,
        gateway: PrivateGateway,
        journey: Journey,
        clock: Clock,
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._journey = journey
        self._clock = clock
        self._due: dict[str, datetime] = {}
        self._turns: defaultdict[str, trio.Lock] = defaultdict(trio.Lock)
        self._scans: defaultdict[str, trio.Lock] = defaultdict(trio.Lock)
        self._at_once = trio.CapacityLimiter(ACCOUNTS_AT_ONCE)
        self._failures: Counter[str] = Counter()  # turns in a row that failed
        self._shortages: Counter[str] = Counter()  # and those that this machine had no room for
        self._woken = trio.Event()
        self._went_round = trio.Event()
        store.changes.subscribe(
            self._heard, Subject.CONFIG, Subject.LOGIN, Subject.POST, Subject.REPOST
        )

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Give every configured account its turns. Runs until cancelled."""
        await self.take_up()
        task_status.started()
        async with trio.open_nursery() as nursery:
            while True:
                for account_id in self.claim_due():
                    nursery.start_soon(self.turn, account_id, name=f"repost {account_id}")
                self._went_round.set()
                self._went_round = trio.Event()
                await self._sleep()

    async def take_up(self) -> None:
        """Make every account due, as at a start."""
        # Disabled ones too: what a crash interrupted is still downloaded and settled.
        for config in await self._store.read(repost_configs.every):
            self._due[config.account_id] = self._clock.now()

    def claim_due(self) -> list[str]:
        """Return the accounts whose turn it is; the caller gives them their `turn`."""
        now = self._clock.now()
        due = [account_id for account_id, at in self._due.items() if at <= now]
        for account_id in due:
            del self._due[account_id]
        return due

    def next_due(self) -> datetime | None:
        """Return when the next account is due, as far as that is known."""
        return min(self._due.values(), default=None)

    def _heard(self, change: Change) -> None:
        # What a turn changes itself is known to it; and what is being sent is nothing to act on.
        is_own = change.subject is Subject.REPOST and change.account_id == _whose_turn.get()
        if change.account_id is not None and not is_own and change.state not in _UNDER_WAY:
            self.wake(change.account_id)

    def wake(self, account_id: str) -> None:
        """Give an account its turn now."""
        self._due[account_id] = self._clock.now()
        self._woken.set()

    async def proof(self) -> None:
        """Return when it has looked whose turn it is once more: it is not stuck."""
        went_round = self._went_round
        self._woken.set()
        await went_round.wait()

    def trouble(self) -> str | None:
        """Return how many accounts' turns have failed again and again, None when none have."""
        failing = sum(count >= _OFTEN for count in self._failures.values())
        return f"accounts whose turns fail again and again: {failing}" if failing else None

    async def scan(self, account_id: str) -> ScanReport:
        """Look for mentions now because somebody asked; the poll interval does not count.

        Raises `storage.errors.NotFound` without a configuration, and `InstagramError`s; nothing
        is sent while the circuit breaker is open, nor more often than a person would ask.
        """
        config = await self._store.read(repost_configs.get, account_id)
        if config.auto_disabled_at is not None and not config.is_enabled:
            reason = config.auto_disable_reason or rails.OFF
            raise errors.AccountOnHold(
                Hold("disabled", f"{reason}. Switch story reposts on again first", None)
            )
        await self._store.write(_claim_by_hand, account_id, self._clock)
        try:
            return ScanReport(account_id, await self._scan(config))
        finally:
            # Also when it broke off: what it had found by then is downloaded now.
            self.wake(account_id)

    async def _sleep(self) -> None:
        # At most a slice, because a suspended machine or a changed clock wakes nobody.
        next_due = self.next_due()
        seconds = SLICE_S
        if next_due is not None:
            seconds = min(SLICE_S, max(0.0, (next_due - self._clock.now()).total_seconds()))
        asleep_at, measured_at = self._clock.now(), self._clock.monotonic()
        with trio.move_on_after(seconds):
            await self._woken.wait()
        self._woken = trio.Event()
        passed = timedelta(seconds=self._clock.monotonic() - measured_at)
        if asleep_at + passed - self._clock.now() > CLOCK_TOLERANCE:
            # Set back: what is due by the old time would wait for that time to come again.
            logger.warning("this machine's clock was set back: every account is looked at anew")
            self._due = dict.fromkeys(self._due, self._clock.now())

    async def turn(self, account_id: str) -> None:
        """Do what an account needs now, and note when it needs something again."""
        before = _whose_turn.set(account_id)
        try:
            await self._turn(account_id)
        finally:
            _whose_turn.reset(before)

    async def _turn(self, account_id: str) -> None:
        try:
            # Not behind the account's running turn, which may be composing a long video.
            await self._journey.settle(account_id)
            await self._store.write(_take_over, account_id, self._clock.now())
            async with self._turns[account_id], self._at_once:
                again = await self._take_turn(account_id)
            self._shortages[account_id] = 0
        except NotFound as gone:
            logger.info("repost turn ended account=%s reason=%s", account_id, gone)
            again = await self._unless_gone(account_id, AFTER_A_FAILURE)
        except Exception as error:
            if is_passing(error):
                logger.warning("repost turn waits account=%s reason=%r", account_id, error)
                # What was asked for could not be kept, and is asked for again: not each minute.
                count = min(self._shortages[account_id], 10)
                self._shortages[account_id] = count + 1
                again = self._clock.now() + min(AFTER_SHORTAGE * 2**count, LONGEST_AFTER_SHORTAGE)
            else:
                # One account's bug must not stop the others' reposts.
                self._failures[account_id] += 1
                rest = self._after_failures(account_id, AFTER_A_BUG)
                again = await self._unless_gone(account_id, rest)
                if again is not None:
                    logger.exception("repost turn failed account=%s", account_id)
        if again is not None:
            self._due[account_id] = min(again, self._due.get(account_id, again))
            self._woken.set()

    async def _unless_gone(self, account_id: str, pause: timedelta) -> datetime | None:
        """Return when an account whose turn broke off is due again: never, where it is gone.

        The user may have deleted its configuration, or disconnected it, in the middle of it.
        """
        try:
            if await self._store.read(repost_configs.find, account_id) is None:
                return None
        except (StorageError, OSError) as error:
            logger.warning("repost turn waits account=%s reason=%s", account_id, error)
        return self._clock.now() + pause

    async def _take_turn(self, account_id: str) -> datetime | None:
        """Do what an account needs now; returns when it needs something again by itself."""
        config = await self._store.read(repost_configs.find, account_id)
        if config is None or await self._store.read(credentials.find, account_id) is None:
            return None
        now = self._clock.now()
        is_told = config.seen_until is not None and config.seen_until <= now
        if is_told and not await self._store.read(trusted_time.is_behind, now):
            # By Instagram's own time this clock is not behind.
            await self._store.write(credentials.begin_phases_by_now, account_id, now)
        failed, moves_at = False, None
        try:
            polling = await self._store.read(
                rails.polling_held, config, self._clock.now(), self._clock.pace
            )
            if polling is None:
                failed = not await self._looked(config)
                config = await self._store.read(repost_configs.get, account_id)
            moves_at = await self._journey.advance(self._gateway.account(account_id), config)
        except errors.AccountOnHold as refused:
            # Nothing was sent; what waits for it says so.
            await self._store.write(self._note_hold, account_id, refused.hold)
        except errors.InstagramError as error:
            logger.warning("repost turn stopped account=%s reason=%s", account_id, error.reason)
            failed = True
        self._failures[account_id] = self._failures[account_id] + 1 if failed else 0
        again = await self._store.read(self._again, account_id)
        if moves_at is None or moves_at <= self._clock.now():
            return again
        return min(moves_at, again or moves_at)

    async def _looked(self, config: RepostConfig) -> bool:
        """Look for mentions; False when that broke off, and what was found is still to be saved."""
        try:
            await self._scan(config)
        except errors.Unreachable as broken_off:
            logger.warning(
                "scan broke off account=%s reason=%s", config.account_id, broken_off.reason
            )
            return False
        return True

    def _after_failures(self, account_id: str, first: timedelta) -> timedelta:
        """Return how long an account rests whose turns fail: longer each time in a row."""
        count = min(max(self._failures[account_id] - 1, 0), 10)
        rest: timedelta = min(first * 2**count, LONGEST_AFTER_A_FAILURE)
        return rest

    def _again(self, db: Database, account_id: str) -> datetime | None:
        """Return when an account is due again: a scan, or what a mention waits for."""
        now = self._clock.now()
        again = [repost_lists.next_move_at(db, account_id, now)]
        rest = self._after_failures(account_id, AFTER_A_FAILURE)
        if self._failures[account_id]:
            again.append(now + rest)
        config = repost_configs.find(db, account_id)
        if config is not None and config.is_enabled:
            held = rails.polling_held(db, config, now, self._clock.pace)
            again.append(held.until if held is not None else now + rest)
        return min((moment for moment in again if moment is not None), default=None)

    def _note_hold(self, db: Database, account_id: str, held: Hold) -> None:
        now = self._clock.now()
        config = repost_configs.get(db, account_id)
        reposts.hold(db, account_id, RepostStatus.DETECTED, held, now)
        sending = rails.reposting_held(db, config, now, self._clock.pace)
        if sending is not None:
            reposts.hold(db, account_id, RepostStatus.QUEUED, sending, now)

    async def _scan(self, config: RepostConfig) -> Scan:
        account_id = config.account_id
        login = await self._store.read(credentials.find, account_id)
        if login is None:
            raise errors.NotLoggedIn("This account has no Private API login yet")
        api = self._gateway.account(account_id)
        async with self._scans[account_id]:
            # Read again: another scan may have ended meanwhile.
            config = await self._store.read(repost_configs.get, account_id)
            reading = Reading(
                api,
                config,
                login.private_pk,
                self._store,
                self._clock,
                lambda: self._gateway.their_time,
            )
            try:
                await reading.read_all()
            except errors.AccountOnHold:
                raise  # nothing was sent, so nothing failed
            except errors.InstagramError as error:
                if isinstance(error, errors.Unreachable):
                    shortage.check()  # what this machine lacks is no failure of the scan
                await self._store.write(
                    polls.record_failed, account_id, reading.scan, error, self._clock.now()
                )
                raise
            await self._store.write(polls.record_done, account_id, reading.scan, self._clock.now())
        found, requests = len(reading.scan.found), reading.scan.requests
        logger.info("scan account=%s found=%d requests=%d", account_id, found, requests)
        return reading.scan


def _take_over(db: Database, account_id: str, now: datetime) -> None:
    reposts.take_over_waits(db, account_id, now)
    redate_all(db, account_id, now)
    expire_anew(db, account_id, now)
    troubles.note_wrong_clock(db, account_id, now)


def _claim_by_hand(db: Database, account_id: str, clock: Clock) -> None:
    """Count a look that somebody asks for now; raises `AccountOnHold` after too many of them."""
    now, within = clock.now(), clock.paced(_BY_HAND_WITHIN)
    looks, first = account_sessions.uses_within(db, account_id, _BY_HAND, within, now)
    if looks >= MOST_BY_HAND:
        until = (first or now) + within
        reason = f"It was looked {looks} times within an hour: again from {until:%H:%M} UTC on"
        raise errors.AccountOnHold(Hold("scans", reason, until))
    account_sessions.count(db, account_id, _BY_HAND, now)
