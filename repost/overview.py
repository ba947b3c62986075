"""Every rail of an account at once, those that are open too: what a person sees of the guard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ground.hold import Hold
from repost import guard, pause, rails
from repost.hours import WIND_DOWN, sleeping_until
from storage import credentials, holds, repost_slots, users
from storage.repost_configs import RepostConfig
from storage.store import Database


@dataclass(frozen=True, slots=True)
class RailState:
    """One rail: what it says now, and until when it holds; open where it does not."""

    name: str
    says: str
    holds: bool
    until: datetime | None = None


def every_rail(db: Database, config: RepostConfig, now: datetime, pace: float) -> list[RailState]:
    """Return what each rail says of a repost now, in the order in which they are asked."""
    login = credentials.find(db, config.account_id)
    started_at = login.session_started_at if login else None
    stopped = rails.STOPPED if users.is_stopped(db, config.user_id) else None
    off = None if config.is_enabled else Hold("", config.auto_disable_reason or rails.OFF, None)
    sent = repost_slots.sent_since(db, config.account_id, now - timedelta(days=2))
    wake = sleeping_until(config, now, WIND_DOWN)
    asleep = None if wake is None else Hold("", guard.ASLEEP, wake)
    return [
        _rail("stopped", stopped, "Nothing is stopped"),
        _rail("instagram", holds.active(db, config.account_id, now), "No challenge and no block"),
        _rail("switch", off, "Reposts are switched on"),
        _rail("paused", pause.held(config, now), "Not paused"),
        _warmth(started_at, now, pace),
        _rail("sleep", asleep, _hours(config)),
        _cap(config, started_at, sent, now, pace),
        _spacing(config, sent, now, pace),
    ]


def warm_up(
    db: Database, config: RepostConfig, now: datetime, pace: float
) -> list[tuple[datetime, int]]:
    """Return the steps of a login's burn-in with their dates, while it goes on."""
    login = credentials.find(db, config.account_id)
    started_at = login.session_started_at if login else None
    if started_at is None or guard.warm_up_complete(started_at, now, pace):
        return []
    return guard.stair(config, started_at)


def _rail(name: str, held: Hold | None, otherwise: str) -> RailState:
    if held is None:
        return RailState(name, otherwise, holds=False)
    return RailState(name, held.reason, holds=True, until=held.until)


def _warmth(started_at: datetime | None, now: datetime, pace: float) -> RailState:
    phase = guard.session_phase(started_at, now, pace)
    if started_at is None:
        return RailState("login", "The account has no Private API login", holds=True)
    if phase < 3:
        until = started_at + guard.PHASE_2
        return RailState("login", "The login is new: nothing is published yet", True, until)
    days = (now - started_at).days
    age = "from today" if days < 1 else f"{days} day{'s' if days > 1 else ''} old"
    return RailState("login", f"The login is {age}", holds=False)


def _hours(config: RepostConfig) -> str:
    begin, end = config.sleep_window_start, config.sleep_window_end
    return "No night is set" if begin == end else f"Asleep from {begin:02d} to {end:02d} o'clock"


def _cap(
    config: RepostConfig,
    started_at: datetime | None,
    sent: list[datetime],
    now: datetime,
    pace: float,
) -> RailState:
    cap = guard.daily_cap(config, started_at, now, pace)
    today = guard.count_of_day(config, sent, now)
    held = guard.may_repost(config, started_at, sent, now, pace)
    until = held.until if held is not None and held.rail == "cap" else None
    return RailState("cap", f"{today} of {cap} today", today >= cap, until)


def _spacing(config: RepostConfig, sent: list[datetime], now: datetime, pace: float) -> RailState:
    past = [at for at in sent if at <= now + guard.CLOCK_ERROR]
    if not past or not pace:
        return RailState("spacing", "Nothing went out just now", holds=False)
    free_at = guard.free_after(config, max(past), pace)
    if free_at <= now:
        return RailState("spacing", "The last one went out long enough ago", holds=False)
    return RailState("spacing", "Reposts keep a distance of some 20 minutes", True, free_at)
