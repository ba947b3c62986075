"""Changing an account's configuration, with what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ground.changes import Subject
from ground.refusal import ErrorCode, Refusal
from repost import own_feed, taking_back
from repost.hours import day_began
from storage import authors, events, holds, repost_configs, repost_lists, reposts, troubles
from storage.authors import Verdict
from storage.repost_configs import PublishRoute, RepostConfig
from storage.reposts import RepostStatus
from storage.store import Database

REMOVED = "The story repost of its account was removed"


class Contradiction(Refusal):
    """Settings that exclude each other; the message begins with the field's name."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.VALIDATION_ERROR, message)


def configure(
    db: Database,
    /,
    *,
    user_id: str,
    account_id: str,
    now: datetime,
    allowed_authors: Sequence[str] | None = None,
    denied_authors: Sequence[str] | None = None,
    always_authors: Sequence[str] | None = None,
    **settings: object,
) -> RepostConfig:
    """Create or change an account's configuration; lists that are given replace the old ones.

    What was handed over and has not begun to go out is decided about anew. Raises
    `Contradiction`.
    """
    before = repost_configs.find(db, account_id)
    if before is not None and settings.get("timezone", before.timezone) != before.timezone:
        settings["counted_since"] = day_began(before, now)
    config = repost_configs.save(db, user_id=user_id, account_id=account_id, now=now, **settings)
    if config.auto_repost_enabled and config.publish_route is PublishRoute.OFFICIAL:
        raise Contradiction(
            "autoRepostEnabled: only the Private API can share a post to a story, "
            "which publishRoute `official` rules out"
        )
    lists = {
        Verdict.ALLOW: allowed_authors,
        Verdict.DENY: denied_authors,
        Verdict.ALWAYS: always_authors,
    }
    for verdict, names in lists.items():
        if names is not None:
            authors.replace_rules(db, account_id, verdict, names)
    was_on = before is not None and before.auto_repost_enabled
    changes = own_feed.switched(db, config, was_on=was_on, now=now)
    if changes:
        config = repost_configs.change(db, account_id, now=now, **changes)
    taking_back.take_back(db, account_id, now)
    return config


def enable(db: Database, account_id: str, now: datetime) -> RepostConfig:
    """Switch the engine on for an account; closes the circuit breaker, also after a block.

    Where it is on nothing changes: what has failed and rests is tried no sooner, and is counted.
    """
    config = repost_configs.get(db, account_id)
    if not troubles.clear_disabling(db, account_id, now) and config.is_enabled:
        return config
    holds.release(db, account_id, now)
    return repost_configs.change(
        db,
        account_id,
        now=now,
        is_enabled=True,
        consecutive_failures=0,
        auto_disabled_at=None,
        auto_disable_reason=None,
    )


def remove(db: Database, account_id: str, now: datetime) -> None:
    """Delete an account's configuration, and end what waits for it; none is no error.

    What is being sent at this moment is asked about once more before it goes out.
    """
    taking_back.take_back(db, account_id, now)
    for repost in repost_lists.open_of(db, account_id):
        if repost.post_id is None:
            reposts.change(db, repost.id, RepostStatus.SKIPPED, now=now, reason=REMOVED)
    repost_configs.remove(db, account_id)
    events.record_of_account(db, Subject.CONFIG, account_id, "REMOVED", now=now)
