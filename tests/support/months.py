"""Simulated months of one account: what happens to it, and who does what, from a seed.

The real engine, the real client and the real publish engine, against the sandbox; only the clock
is stepped, from one due time to the next.
"""

from __future__ import annotations

import heapq
import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import trio

from instagram.errors import InstagramError
from repost import approval
from repost.configuring import enable
from sandbox import MentionShape, Sandbox
from sandbox.wire.faults import Fault, Kind, Reset, Status, feedback_required, throttled
from sandbox.world.story import Story
from storage import jobs, repost_configs, repost_lists, troubles
from storage.reposts import RepostStatus
from storage.troubles import TroubleKind
from tests.support.clock import SteppedClock
from tests.support.studio import Studio, open_studio

# The clocks go forward on 29 March.
START = datetime(2026, 2, 10, 9, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# What happens, and every how many days on average.
HAPPENINGS = {
    "mention": 1 / 6,
    "trouble on the line": 2.5,
    "lost answer": 6.0,
    "session expires": 11.0,
    "challenge": 24.0,
    "block": 40.0,
    "429": 20.0,
    "restart": 2.5,
    "crash": 4.0,
    "off": 15.0,
    "scan by hand": 7.0,
}


@dataclass(kw_only=True)
class Life:
    """The course of things, and what the checks need to know of it."""

    sandbox: Sandbox
    clock: SteppedClock
    directory: Path
    seed: int
    days: int
    often: float = 1.0  # how much more often than that trouble comes
    mentions: list[tuple[datetime, Story]] = field(default_factory=list)
    by_hand: list[tuple[int, int]] = field(default_factory=list)
    scans_by_hand: list[datetime] = field(default_factory=list)
    logins_by_hand: list[datetime] = field(default_factory=list)
    challenged: list[tuple[datetime, datetime]] = field(default_factory=list)
    off: list[tuple[datetime, datetime]] = field(default_factory=list)
    restarts: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self._agenda: list[tuple[datetime, int, str]] = []
        self._crash_after: int | None = None
        for what, every in HAPPENINGS.items():
            every = every if what == "mention" else every / self.often
            at = START
            while (at := at + self.chance.expovariate(1 / every) * DAY) < self.end:
                self._plan(at, what)
        for day in range(self.days):
            for hour in (10, 19):
                minutes = self.chance.randrange(50)
                local = datetime.combine((START + day * DAY).date(), datetime.min.time(), ZONE)
                self._plan(local.replace(hour=hour, minute=minutes), "owner looks")
        for share, what in ((0.5, "every 20 h"), (0.66, "approval"), (0.8, "no approval")):
            self._plan(START + share * self.days * DAY, what)

    @property
    def end(self) -> datetime:
        return START + self.days * DAY

    async def live(self) -> None:
        """Let everything happen; the daemon is started as often as it takes."""
        first = True
        while self.clock.now() < self.end:
            async with open_studio(
                self.sandbox,
                self.clock,
                self.directory,
                pace=0.0,
                rails_pace=1.0,
                logged_in=False,
            ) as studio:
                if first:
                    await self._move_in(studio)
                    first = False
                await self._run(studio)
            self.restarts.append(self.clock.now())

    async def _move_in(self, studio: Studio) -> None:
        self.friends = [studio.friend(f"friend{number}") for number in range(24)]
        self.friends += [studio.friend("private", private=True, followed=False)]
        await self._log_in(studio)
        await studio.configure(sleep_window_start=23, sleep_window_end=7, timezone="Europe/Berlin")

    async def _run(self, studio: Studio) -> None:
        """Run the daemon until it ends, or the time is over."""
        await studio.core.store.write(jobs.release_claimed, self.clock.now())
        studio.folder.clear_incoming()
        await studio.engine.take_up()
        while self.clock.now() < self.end:
            if await self._work(studio):
                return
            if self._agenda and self._agenda[0][0] <= self.clock.now():
                _, _, what = heapq.heappop(self._agenda)
                if await self._happen(studio, what):
                    return
                continue
            await self._step(studio)

    async def _step(self, studio: Studio) -> None:
        now = self.clock.now()
        claim = await studio.core.store.read(jobs.next_claim_at, now)
        moments = [self.end, claim, studio.engine.next_due()]
        if self._agenda:
            moments.append(self._agenda[0][0])
        later = min(moment for moment in moments if moment is not None)
        self.clock.advance(max(later - now, timedelta(seconds=1)))

    async def _work(self, studio: Studio) -> bool:
        """Do all that is due; says whether the daemon was killed while it did."""
        ledger = self.sandbox.ledger
        with trio.CancelScope() as life:
            async with trio.open_nursery() as nursery:
                if self._crash_after is not None:
                    nursery.start_soon(self._kill, life, ledger.mark() + self._crash_after)
                await self._work_due(studio)
                nursery.cancel_scope.cancel()
        if life.cancelled_caught:
            self._crash_after = None
        return life.cancelled_caught

    async def _kill(self, life: trio.CancelScope, mark: int) -> None:
        ledger = self.sandbox.ledger
        await ledger.wait_until(lambda: ledger.mark() >= mark, timeout=3600)
        life.cancel()

    async def _work_due(self, studio: Studio) -> None:
        store, engine = studio.core.store, studio.engine
        while True:
            due = engine.claim_due()
            for account_id in due:
                await engine.turn(account_id)
            claimed = await store.write(jobs.claim_due, self.clock.now())
            for job in claimed:
                await studio.deliverer.deliver(job)
                engine.wake(studio.account.id)
            if not due and not claimed:
                return

    async def _happen(self, studio: Studio, what: str) -> bool:
        """Let one thing happen; says whether it ends the daemon."""
        now, person, faults = self.clock.now(), studio.person, self.sandbox.faults
        match what:
            case "mention":
                self._mention(studio)
            case "trouble on the line":
                path = self.chance.choice(["inbox", "story", "rupload", ".jpg", "news"])
                kinds: list[Kind] = [Status(500), Reset(), Status(502, text="bad")]
                kind = self.chance.choice(kinds)
                faults.add(Fault(path=path, kind=kind, times=self.chance.randint(1, 4)))
            case "lost answer":
                faults.add(Fault(path="configure_to_story", kind=Reset(after_effect=True)))
            case "session expires":
                self.sandbox.world.expire_sessions(person)
            case "challenge":
                person.challenge.pending = True
                if not self.challenged or self.challenged[-1][1] <= now:
                    self.challenged.append((now, self.end))
            case "429":
                faults.add(Fault(path="inbox", kind=throttled(self.chance.choice([600, 7200]))))
            case "block":
                path = self.chance.choice(["configure_to_story", "direct_v2/inbox"])
                faults.add(Fault(path=path, kind=feedback_required()))
            case "restart":
                return True
            case "crash":
                self._crash_after = self.chance.randint(1, 12)
            case "off":
                self.clock.advance(self.chance.uniform(2, 20) * HOUR)
                self.off.append((now, self.clock.now()))
                return True
            case "scan by hand":
                await self._scan(studio)
            case "owner looks":
                await self._look_after(studio)
            case "every 20 h":
                await self._set(studio, poll_interval_hours=20)
            case "approval":
                await self._set(studio, approval_required=True)
            case "no approval":
                await self._set(studio, approval_required=False, poll_interval_hours=6)
        return False

    def _mention(self, studio: Studio) -> None:
        friend = self.chance.choice(self.friends)
        shape = self.chance.choice(list(MentionShape))
        pending = self.chance.random() < 0.1 or friend.private
        story = studio.mention(friend, shape=shape, pending=pending)
        self.mentions.append((self.clock.now(), story))

    async def _set(self, studio: Studio, **settings: object) -> None:
        await studio.core.store.write(
            repost_configs.change, studio.account.id, now=self.clock.now(), **settings
        )
        studio.engine.wake(studio.account.id)

    async def _scan(self, studio: Studio) -> None:
        """Look by hand, in the night if need be; the downloads belong to it."""
        store, now = studio.core.store, self.clock.now()
        if await store.read(troubles.active, studio.account.id, now) is not None:
            return
        mark = self.sandbox.ledger.mark()
        self.scans_by_hand.append(now)
        with suppress(InstagramError):  # whatever Instagram says, the person reads it
            await studio.scan()
        await self._work(studio)
        self.by_hand.append((mark, self.sandbox.ledger.mark()))

    async def _look_after(self, studio: Studio) -> None:
        """The owner: resolves what waits for a person, decides approvals, switches on again."""
        store, now, account_id = studio.core.store, self.clock.now(), studio.account.id
        for repost in await store.read(repost_lists.open_of, account_id):
            if repost.status is RepostStatus.WAITING_APPROVAL:
                decide = approval.approve if self.chance.random() < 0.8 else approval.skip
                with suppress(approval.TooLate):  # it has waited for more than 72 h
                    await store.write(decide, repost.id, now)
        studio.engine.wake(account_id)
        trouble = await store.read(troubles.active, account_id, now)
        config = await studio.config()
        if self.chance.random() < 0.4:  # not every day
            return
        if trouble is not None and trouble.kind in (TroubleKind.CHALLENGE, TroubleKind.LOGIN):
            studio.person.challenge.pending = False
            if self.challenged and self.challenged[-1][1] == self.end:
                self.challenged[-1] = (self.challenged[-1][0], now)
            await self._log_in(studio)
        if not config.is_enabled and (trouble is None or trouble.kind is not TroubleKind.BLOCK):
            await store.write(enable, account_id, now)
            studio.engine.wake(account_id)

    async def _log_in(self, studio: Studio) -> None:
        mark = self.sandbox.ledger.mark()
        await studio.log_in()
        self.by_hand.append((mark, self.sandbox.ledger.mark()))
        self.logins_by_hand.append(self.clock.now())
        studio.engine.wake(studio.account.id)

    def _plan(self, at: datetime, what: str) -> None:
        heapq.heappush(self._agenda, (at, len(self._agenda), what))
