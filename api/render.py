"""Stored records as the contract's shapes; what can be derived is derived here."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from accounts.trouble import MEMORY
from api import schemas
from repost import guard
from storage import accounts, credentials, posts, reposts, troubles
from storage.accounts import Account
from storage.repost_configs import RepostConfig
from storage.reposts import Repost
from storage.store import Database
from storage.troubles import TroubleKind


def account(record: Account) -> schemas.InstagramAccount:
    """Return an account without anything secret."""
    return schemas.InstagramAccount.model_validate(asdict(record))


def story_repost_config(
    db: Database, config: RepostConfig, now: datetime, pace: float
) -> schemas.StoryRepostConfig:
    """Return an account's configuration with its rails' present state."""
    login = credentials.find(db, config.account_id)
    challenges = troubles.since(db, config.account_id, now - MEMORY, TroubleKind.CHALLENGE)
    paused = [t.until for t in challenges if t.cleared_at is None and t.until and t.until > now]
    midnight = guard.local_midnight(config, now)
    started_at = login.session_started_at if login else None
    derived = {
        "instagram_account_id": config.account_id,
        "ig_username": login.ig_username if login else accounts.get(db, config.account_id).username,
        "challenge_count_30d": len(challenges),
        "last_challenge_at": challenges[0].at if challenges else None,
        "challenge_pause_until": max(paused, default=None),
        "warm_up_complete": guard.warm_up_complete(started_at, now, pace),
        "reposts_today": len(reposts.sent_since(db, config.account_id, midnight)),
        "reposts_today_reset_at": midnight,
    }
    return schemas.StoryRepostConfig.model_validate({**asdict(config), **derived})


def holding(
    db: Database, config: RepostConfig, now: datetime, pace: float
) -> schemas.Holding | None:
    """Return what keeps the engine from reposting now, the gravest first, or None."""
    if (trouble := troubles.active(db, config.account_id, now)) is not None:
        rail = trouble.kind.value.lower()
        return schemas.Holding(rail=rail, reason=trouble.reason, until=trouble.until)
    if not config.is_enabled:
        reason = config.auto_disable_reason or "Story repost is switched off for this account"
        return schemas.Holding(rail="disabled", reason=reason, until=None)
    login = credentials.find(db, config.account_id)
    if login is None:
        reason = "The account has no Private API login"
        return schemas.Holding(rail="login", reason=reason, until=None)
    sent = reposts.sent_since(db, config.account_id, now - timedelta(days=2))
    held = guard.may_repost(config, login.session_started_at, sent, now, pace)
    return schemas.Holding.model_validate(asdict(held)) if held else None


def repost(db: Database, record: Repost) -> schemas.RepostItem:
    """Return a mention's state with the permalink of its repost."""
    permalink = posts.permalink(db, record.post_id) if record.post_id else None
    return schemas.RepostItem.model_validate(
        {**asdict(record), "original_username": record.author_username, "permalink": permalink}
    )
