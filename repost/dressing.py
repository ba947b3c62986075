"""The card of one mention: a person chooses another for it, and approves the one that was seen."""

from __future__ import annotations

from datetime import datetime

from ground.refusal import ErrorCode, Refusal
from repost import approval, guard, taking_back
from repost.approval import TooLate
from repost.layout import Template
from repost.terms import look_of
from storage import repost_configs, reposts
from storage.reposts import Repost, RepostStatus
from storage.store import Database

_CHOSEN = "; you chose the card "
_LOOK_LENGTH = 16


def look(db: Database, repost: Repost) -> str | None:
    """Return the same text for the same look of a mention's card; None without settings."""
    config = repost_configs.find(db, repost.account_id)
    return None if config is None else look_of(config, repost)[:_LOOK_LENGTH]


def choose(db: Database, repost_id: str, template: Template | None, now: datetime) -> Repost:
    """Let a mention's card be of that template, None of the account's; raises `TooLate`.

    An approval was of the card that was seen: where the new one looks otherwise, it is asked for
    again, and nothing of it goes out before.
    """
    repost = reposts.get(db, repost_id)
    if repost.status not in approval.OPEN:
        raise TooLate(f"Its card can no longer be another: it is {repost.status}")
    before = look(db, repost)
    changed = reposts.edit(db, repost_id, template=template)
    if look(db, changed) == before:
        return changed
    if repost.post_id is not None and not taking_back.withdraw(db, repost):
        raise TooLate("Its card can no longer be another: it is going out right now")
    state, reason, until = repost.status, repost.reason, repost.held_until
    if repost.approved_at is not None:
        state, reason = RepostStatus.WAITING_APPROVAL, "It waits for your approval again"
        until = repost.mentioned_at + guard.MAX_HELD
    chosen = f"{_CHOSEN}{template}" if template else ""
    reason = f"{(reason or 'Its turn comes').partition(_CHOSEN)[0]}{chosen}"
    return reposts.change(
        db,
        repost_id,
        state,
        now=now,
        reason=reason,
        held_until=until,
        approved_at=None,
        post_id=None,
    )


def approve_seen(db: Database, repost_id: str, seen: str | None, now: datetime) -> Repost:
    """Approve a mention with the card that was seen, where that is said; raises `Refusal`."""
    if seen is not None and seen != look(db, reposts.get(db, repost_id)):
        message = "Its card looks otherwise by now than the one you saw; nothing was approved"
        raise Refusal(ErrorCode.STALE_EDIT, message)
    return approval.approve(db, repost_id, now)
