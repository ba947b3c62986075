"""A user's pause: mentions are still found and downloaded, because they expire; nothing goes out.

Unlike switching off, it looks on, and it may end by itself.
"""

from __future__ import annotations

from datetime import datetime

from ground.hold import Hold
from ground.refusal import ErrorCode, Refusal
from repost import taking_back
from storage import holds, repost_configs
from storage.repost_configs import RepostConfig
from storage.store import Database


class NotInFuture(Refusal):
    """A pause until a time that has passed."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.VALIDATION_ERROR, message)


def pause(db: Database, account_id: str, until: datetime | None, now: datetime) -> RepostConfig:
    """Let nothing of an account's reposts out until `until`, or until `resume`.

    What was handed over and has not begun to go out is taken back. Raises `NotInFuture`, and
    `NotFound` without a configuration.
    """
    if until is not None and until <= now:
        raise NotInFuture("until: it has to be in the future")
    paused = repost_configs.change(db, account_id, now=now, paused_at=now, paused_until=until)
    taking_back.take_back(db, account_id, now)
    return paused


def resume(db: Database, account_id: str, now: datetime) -> RepostConfig:
    """End a pause; none is no error, and nothing changes by it.

    Raises `NotFound` without a configuration.
    """
    config = repost_configs.get(db, account_id)
    if config.paused_at is None:
        return config
    holds.release(db, account_id, now)
    return repost_configs.change(db, account_id, now=now, paused_at=None, paused_until=None)


def held(config: RepostConfig, now: datetime) -> Hold | None:
    """Return the pause that holds an account's reposts back, or None."""
    until = config.paused_until
    if config.paused_at is None or (until is not None and until <= now):
        return None
    return Hold("paused", "You paused the reposts of this account", until)
