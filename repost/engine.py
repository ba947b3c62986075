"""The story-repost engine: looks into inboxes when it is time, and moves mentions on.

One service for all accounts. It sleeps until the next account is due or somebody wakes it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import trio

from instagram import errors
from instagram.gateway import PrivateGateway
from repost import guard
from repost.detector import Scan, scan_inboxes
from repost.journey import Journey
from storage import credentials, repost_configs, troubles
from storage.errors import NotFound, Unavailable, is_disk_trouble
from storage.repost_configs import PollStatus, RepostConfig
from storage.store import Database, Store

logger = logging.getLogger(__name__)

SLICE_S = 30.0
FAILURES_TO_BREAK = 8
AFTER_A_BUG = timedelta(minutes=15)
AFTER_DISK_TROUBLE = timedelta(minutes=1)
AFTER_A_FAILURE = timedelta(minutes=5)
ACCOUNTS_AT_ONCE = 8


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
        now: Callable[[], datetime],
        *,
        pace: float,
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_idle` hears that no account is due any more."""
        self._store = store
        self._gateway = gateway
        self._journey = journey
        self._now = now
        self._pace = pace
        self._on_idle = on_idle
        self._due: dict[str, datetime] = {}
        self._turns: defaultdict[str, trio.Lock] = defaultdict(trio.Lock)
        self._scans: defaultdict[str, trio.Lock] = defaultdict(trio.Lock)
        self._at_once = trio.CapacityLimiter(ACCOUNTS_AT_ONCE)
        self._woken = trio.Event()
        self._went_round = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Give every configured account its turns. Runs until cancelled."""
        # Disabled ones too: what a crash interrupted is still downloaded and settled.
        for config in await self._store.read(repost_configs.every):
            self._due[config.account_id] = self._now()
        task_status.started()
        async with trio.open_nursery() as nursery:
            while True:
                now = self._now()
                for account_id in [id_ for id_, due in self._due.items() if due <= now]:
                    del self._due[account_id]
                    nursery.start_soon(self._turn, account_id, name=f"repost {account_id}")
                self._went_round.set()
                self._went_round = trio.Event()
                self._on_idle()
                await self._sleep()

    def wake(self, account_id: str) -> None:
        """Give an account its turn now: its configuration, approvals or posts changed."""
        self._due[account_id] = self._now()
        self._woken.set()

    async def proof(self) -> None:
        """Return when it has looked whose turn it is once more: it is not stuck."""
        went_round = self._went_round
        self._woken.set()
        await went_round.wait()

    async def scan(self, account_id: str) -> ScanReport:
        """Look for mentions now because a person asked; the poll interval does not count.

        Raises `storage.errors.NotFound` without a configuration, and `InstagramError`s.
        """
        found = await self._scan(await self._store.read(repost_configs.get, account_id))
        self.wake(account_id)
        return ScanReport(account_id, found)

    async def _sleep(self) -> None:
        # At most a slice, because a suspended machine or a changed clock wakes nobody.
        next_due = min(self._due.values(), default=None)
        seconds = SLICE_S
        if next_due is not None:
            seconds = min(SLICE_S, max(0.0, (next_due - self._now()).total_seconds()))
        with trio.move_on_after(seconds):
            await self._woken.wait()
        self._woken = trio.Event()

    async def _turn(self, account_id: str) -> None:
        try:
            # Not behind the account's running turn, which may be composing a long video.
            await self._journey.settle(account_id)
            async with self._turns[account_id], self._at_once:
                again = await self._take_turn(account_id)
        except NotFound as gone:
            # The user deleted the configuration, or disconnected the account, meanwhile.
            logger.info("repost turn ended account=%s reason=%s", account_id, gone)
            again = None
        except Exception as error:
            if isinstance(error, Unavailable) or is_disk_trouble(error):
                logger.warning("repost turn waits account=%s reason=%s", account_id, error)
                again = self._now() + AFTER_DISK_TROUBLE
            elif await self._is_gone(account_id):
                return  # disconnected in the middle of its turn, which had to break
            else:
                # One account's bug must not stop the others' reposts.
                logger.exception("repost turn failed account=%s", account_id)
                again = self._now() + AFTER_A_BUG
        if again is not None:
            self._due[account_id] = min(again, self._due.get(account_id, again))
            self._woken.set()

    async def _is_gone(self, account_id: str) -> bool:
        return await self._store.read(repost_configs.find, account_id) is None

    async def _take_turn(self, account_id: str) -> datetime | None:
        """Do what an account needs now; returns when it needs something again by itself."""
        config = await self._store.read(repost_configs.find, account_id)
        login = await self._store.read(credentials.find, account_id)
        if config is None or login is None:
            return None
        again: list[datetime] = []
        try:
            started_at = login.session_started_at
            if config.is_enabled and (
                guard.may_poll(config, started_at, self._now(), self._pace) is None
            ):
                await self._scan(config)
                config = await self._store.read(repost_configs.get, account_id)
            moves_at = await self._journey.advance(self._gateway.account(account_id), config)
            if moves_at is not None:
                again.append(moves_at)
        except errors.AccountOnHold as held:
            return held.until if config.is_enabled else None
        except errors.InstagramError as error:
            logger.warning("repost turn stopped account=%s reason=%s", account_id, error.reason)
            again.append(self._now() + AFTER_A_FAILURE)
        config = await self._store.read(repost_configs.get, account_id)
        if config.is_enabled:
            rail = guard.may_poll(config, login.session_started_at, self._now(), self._pace)
            again.append(rail.until if rail and rail.until else self._now() + AFTER_A_FAILURE)
        return min(again, default=None)

    async def _scan(self, config: RepostConfig) -> Scan:
        login = await self._store.read(credentials.find, config.account_id)
        if login is None:
            raise errors.NotLoggedIn("This account has no Private API login yet")
        api = self._gateway.account(config.account_id)
        try:
            async with self._scans[config.account_id]:
                scan = await scan_inboxes(
                    api, config, login.private_pk, store=self._store, now=self._now
                )
        except errors.AccountOnHold:
            raise  # nothing was sent, so nothing failed
        except errors.InstagramError as error:
            await self._store.write(_poll_failed, config.account_id, error, self._now())
            raise
        await self._store.write(_poll_done, config.account_id, scan, self._now())
        logger.info(
            "scan account=%s found=%d requests=%d",
            config.account_id,
            len(scan.found),
            scan.requests,
        )
        return scan


def enable(db: Database, account_id: str, now: datetime) -> RepostConfig:
    """Switch the engine on for an account; closes the circuit breaker, also after a block."""
    troubles.clear_disabling(db, account_id, now)
    return repost_configs.change(
        db,
        account_id,
        now=now,
        is_enabled=True,
        consecutive_failures=0,
        auto_disabled_at=None,
        auto_disable_reason=None,
    )


def _poll_done(db: Database, account_id: str, scan: Scan, now: datetime) -> None:
    changes: dict[str, object] = {}
    if scan.seen_until is not None:
        changes["seen_until"] = scan.seen_until
    repost_configs.change(
        db,
        account_id,
        now=now,
        last_poll_at=now,
        last_poll_status=PollStatus.SUCCESS if scan.found else PollStatus.NO_MENTIONS,
        last_poll_error=None,
        consecutive_failures=0,
        **changes,
    )


def _poll_failed(
    db: Database, account_id: str, error: errors.InstagramError, now: datetime
) -> None:
    config = repost_configs.find(db, account_id)
    if config is None:
        return
    failures = config.consecutive_failures + 1
    changes: dict[str, object] = {}
    if failures >= FAILURES_TO_BREAK and config.is_enabled:
        changes = {
            "is_enabled": False,
            "auto_disabled_at": now,
            "auto_disable_reason": f"{failures} looks in a row failed. Last: {error.reason}",
        }
        logger.warning("story repost switched off account=%s failures=%d", account_id, failures)
    repost_configs.change(
        db,
        account_id,
        now=now,
        last_poll_at=now,
        last_poll_status=PollStatus.FAILED,
        last_poll_error=error.reason,
        consecutive_failures=failures,
        **changes,
    )
