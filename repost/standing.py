"""Where an account stands: what holds looking and reposting, until when, and what is coming."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ground.hold import Hold
from repost import guard, rails
from repost.hours import day_began
from storage import (
    accounts,
    credentials,
    repost_configs,
    repost_lists,
    repost_slots,
    secrets,
    troubles,
)
from storage.accounts import Account
from storage.repost_configs import RepostConfig
from storage.reposts import RepostStatus
from storage.secrets import AccountSecret
from storage.store import Database
from storage.troubles import TroubleKind

_ENABLE = "Switch story reposts on again (`POST /story-repost/enable`)"
_LOG_IN = "Open the Instagram app and confirm what it asks, log in again, then switch reposts on"


@dataclass(frozen=True, slots=True)
class Breaker:
    """Story reposts were switched off by the engine itself."""

    since: datetime
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One account now. What is None does not hold, is not open, or will not come by itself."""

    account: Account
    config: RepostConfig | None
    phase: int
    phase_until: datetime | None
    polling: Hold | None = None
    publishing: Hold | None = None
    next_poll_at: datetime | None = None
    reposts_today: int = 0
    daily_cap: int = 0
    waiting: Mapping[RepostStatus, int]
    breaker: Breaker | None = None
    has_token: bool
    warnings: list[str]


def standing_of(db: Database, account_id: str, now: datetime, pace: float) -> Standing:
    """Return where an account stands; raises `NotFound`."""
    account = accounts.get(db, account_id)
    config = repost_configs.find(db, account_id)
    login = credentials.find(db, account_id)
    started_at = login.session_started_at if login else None
    standing = Standing(
        account=account,
        config=config,
        phase=guard.session_phase(started_at, now, pace),
        phase_until=guard.phase_until(started_at, now, pace),
        waiting=repost_lists.counts(db, account_id),
        has_token=secrets.exists(db, account_id, AccountSecret.ACCESS_TOKEN),
        warnings=guard.warnings_of(config) if config else [],
    )
    if config is None:
        return standing
    polling = rails.polling_held(db, config, now, pace)
    return replace(
        standing,
        polling=polling,
        publishing=rails.reposting_held(db, config, now, pace),
        next_poll_at=_next_poll_at(config, polling, now, pace),
        reposts_today=reposts_today(db, config, now),
        daily_cap=guard.daily_cap(config, started_at, now, pace),
        breaker=_breaker(db, config, now),
    )


def reposts_today(db: Database, config: RepostConfig, now: datetime) -> int:
    """Return how many of the day's reposts have gone out, are on their way, or have their time."""
    sent = repost_slots.sent_since(db, config.account_id, day_began(config, now))
    return guard.count_of_day(config, sent, now)


def _next_poll_at(
    config: RepostConfig, held: Hold | None, now: datetime, pace: float
) -> datetime | None:
    if held is None:
        return now
    if held.until is None:
        return None
    return max(guard.next_poll_at(config, held.until, pace), held.until)


def _breaker(db: Database, config: RepostConfig, now: datetime) -> Breaker | None:
    if config.is_enabled or config.auto_disabled_at is None:
        return None
    trouble = troubles.active(db, config.account_id, now)
    needs_login = trouble is not None and trouble.kind in (
        TroubleKind.CHALLENGE,
        TroubleKind.LOGIN,
    )
    return Breaker(
        config.auto_disabled_at,
        config.auto_disable_reason or rails.OFF,
        _LOG_IN if needs_login else _ENABLE,
    )
