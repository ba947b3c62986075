"""What the rails say about an account now, read from the store: for engine, API and commands."""

from __future__ import annotations

from datetime import datetime, timedelta

from ground.hold import Hold
from repost import guard, pause
from repost.hours import WIND_DOWN, sleeping_until
from storage import (
    credentials,
    deliveries,
    holds,
    repost_configs,
    repost_slots,
    secrets,
    users,
)
from storage.deliveries import Step
from storage.posts import Post, SourceType
from storage.repost_configs import RepostConfig
from storage.secrets import AccountSecret
from storage.store import Database
from storage.troubles import TroubleKind
from storage.wrong_clock import SLACK

STOPPED = Hold("stopped", "You stopped everything", None)
OFF = "Story repost is switched off for this account"
# A post lasts seconds. After this long without an end, the next repost looks again.
_LOOK_AGAIN = timedelta(minutes=20)
# And this long the others go on alone after a trouble that came of one of them.
_OTHERS_FIRST = timedelta(minutes=45)
_SENDING = (SourceType.STORY_REPOST, SourceType.AUTO_REPOST)
# What holds the official API too; a Private API login that waits for a person does not.
_HOLDS_TOKENS = (TroubleKind.CHALLENGE, TroubleKind.BLOCK, TroubleKind.RATE)


def polling_held(db: Database, config: RepostConfig, now: datetime, pace: float) -> Hold | None:
    """Return what keeps the engine from looking into the account's inbox now, the gravest first."""
    held = _account_held(db, config, now, tuple(TroubleKind))
    if held is not None:
        return held
    login = credentials.find(db, config.account_id)
    return guard.may_poll(config, login.session_started_at if login else None, now, pace)


def reposting_held(
    db: Database, config: RepostConfig, now: datetime, pace: float, *, but: str | None = None
) -> Hold | None:
    """Return what keeps a repost of the account from going out now, the gravest first.

    `but` is the post that asks, when it has been handed over already.
    """
    if (held := account_held(db, config, now)) is not None:
        return held
    login = credentials.find(db, config.account_id)
    if login is None:
        return Hold("login", "The account has no Private API login", None)
    sent = repost_slots.sent_since(db, config.account_id, now - timedelta(days=2), but=but)
    held = guard.may_repost(config, login.session_started_at, sent, now, pace)
    if held is None and pace:
        held = _one_on_its_way(db, config, now, but) or _after_a_failure(db, config, now, pace)
    return held


def account_held(db: Database, config: RepostConfig, now: datetime) -> Hold | None:
    """Return what holds all reposts of an account back now, whatever the hour: the gravest."""
    if users.is_stopped(db, config.user_id):
        return STOPPED
    has_token = secrets.exists(db, config.account_id, AccountSecret.ACCESS_TOKEN)
    kinds = _HOLDS_TOKENS if has_token else tuple(TroubleKind)
    return _account_held(db, config, now, kinds) or pause.held(config, now)


def others_go_first_until(db: Database, account_id: str, now: datetime) -> datetime:
    """Return until when a mention rests with which the account has just met trouble.

    Asked about first when the trouble is over, it would bring the next, and nothing else goes on.
    """
    hold = holds.active(db, account_id, now)
    return max(now, hold.until if hold and hold.until else now) + _OTHERS_FIRST


def hours_held(
    db: Database, config: RepostConfig, at: datetime, pace: float, *, but: str | None = None
) -> Hold | None:
    """Return which of the rails that are hours and numbers holds a repost back at a time to come.

    What holds an account now, and may be over by then, is not among them.
    """
    login = credentials.find(db, config.account_id)
    sent = repost_slots.sent_since(db, config.account_id, at - timedelta(days=2), but=but)
    started_at = login.session_started_at if login else None
    held = guard.may_repost(config, started_at, sent, at, pace)
    return held or (_after_a_failure(db, config, at, pace) if pace else None)


def asleep_until(db: Database, account_id: str, now: datetime) -> datetime | None:
    """Return when an account's sleep window ends, or None when it is awake."""
    config = repost_configs.find(db, account_id)
    return None if config is None or not config.is_enabled else sleeping_until(config, now)


def is_asleep(db: Database, account_id: str, now: datetime) -> bool:
    """Say whether an account is in its sleep window, in which nothing is sent by itself."""
    return asleep_until(db, account_id, now) is not None


def post_held(db: Database, post: Post, now: datetime, pace: float) -> Hold | None:
    """Return what a post that was handed over must wait for after all, or None.

    Time has passed since: it may be night now, or another day whose limit is reached. A post
    that may be live already is only asked about, which nothing but the night delays.
    """
    delivery = deliveries.find_open(db, post.id)
    is_visible = delivery is not None and delivery.step in (Step.PUBLISHING, Step.PUBLISHED)
    if not is_visible and users.is_stopped(db, post.user_id):
        return STOPPED
    if post.source_type not in _SENDING or post.account_id is None:
        return None
    config = repost_configs.find(db, post.account_id)
    if config is None:
        return None
    if is_visible:
        wake = sleeping_until(config, now)
        return None if wake is None else Hold("sleep", guard.ASLEEP, wake)
    return reposting_held(db, config, now, pace, but=post.id)


def asleep_there(db: Database, post: Post, now: datetime, theirs: datetime | None) -> Hold | None:
    """Return the sleep window that a repost would fall into by Instagram's own time, or None.

    Only where this clock, `now`, is wrong: by it the night seems to be at another time.
    """
    if theirs is None or abs(now - theirs) <= SLACK:
        return None
    if post.source_type not in _SENDING or post.account_id is None:
        return None
    config = repost_configs.find(db, post.account_id)
    wake = None if config is None else sleeping_until(config, theirs, WIND_DOWN)
    if wake is None:
        return None
    reason = f"{guard.ASLEEP}, by Instagram's time; this machine's clock is wrong: set it right"
    return Hold("sleep", reason, now + (wake - theirs))


def _one_on_its_way(
    db: Database, config: RepostConfig, now: datetime, but: str | None
) -> Hold | None:
    if repost_slots.is_on_its_way(db, config.account_id, now, but=but):
        return Hold("queue", "The repost before it is still on its way", now + _LOOK_AGAIN)
    return None


def _after_a_failure(db: Database, config: RepostConfig, now: datetime, pace: float) -> Hold | None:
    failed_at = repost_slots.last_failed_at(db, config.account_id)
    if failed_at is not None and failed_at <= now:
        free_at = guard.free_after(config, failed_at, pace)
        if free_at > now:
            reason = "The repost before it failed, and the next one keeps its distance"
            return Hold("spacing", reason, free_at)
    return None


def _account_held(
    db: Database, config: RepostConfig, now: datetime, kinds: tuple[TroubleKind, ...]
) -> Hold | None:
    hold = holds.active(db, config.account_id, now, kinds)
    if hold is not None and config.is_enabled:
        return hold
    if hold is not None:
        # Time alone ends the pause, but does not switch reposts on again.
        return Hold(hold.rail, f"{hold.reason}; {OFF}", None)
    if not config.is_enabled:
        return Hold("disabled", config.auto_disable_reason or OFF, None)
    return None
