"""What the user decides about a mention: let it go out, or never."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ground.refusal import ErrorCode, Refusal
from repost import guard, limits, taking_back
from storage import reposts
from storage.errors import NotFound
from storage.reposts import Repost, RepostStatus
from storage.store import Database

Decision = Callable[[Database, str, datetime], Repost]
_OPEN = (
    RepostStatus.DETECTED,
    RepostStatus.DOWNLOADED,
    RepostStatus.WAITING_APPROVAL,
    RepostStatus.QUEUED,
)


class TooLate(Refusal):
    """The mention is in a state where this cannot be decided, or not in this way."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.INVALID_STATUS, message)


@dataclass(slots=True)
class Decided:
    """What became of a decision about several: those it was taken for, and why not the others."""

    done: list[Repost] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def approve(db: Database, repost_id: str, now: datetime) -> Repost:
    """Let a mention that waits for approval go out; raises `NotFound` and `TooLate`."""
    repost = reposts.get(db, repost_id)
    if repost.status is RepostStatus.EXPIRED:
        raise TooLate(f"It has expired: {repost.reason}")
    if repost.status is not RepostStatus.WAITING_APPROVAL:
        raise TooLate(f"It does not wait for approval: it is {repost.status}")
    expired_at = repost.mentioned_at + guard.MAX_HELD
    if expired_at <= now:
        raise TooLate(f"It has expired: nobody approved it before {expired_at:%Y-%m-%d %H:%M} UTC")
    return reposts.change(db, repost_id, RepostStatus.QUEUED, now=now, approved_at=now)


def skip(db: Database, repost_id: str, now: datetime) -> Repost:
    """Never repost a mention; raises `NotFound`, and `TooLate` once it may be going out."""
    repost = reposts.get(db, repost_id)
    is_open = repost.status in _OPEN
    if not is_open or (repost.post_id is not None and not taking_back.withdraw(db, repost)):
        state = "going out right now" if is_open else repost.status
        raise TooLate(f"It can no longer be skipped: it is {state}")
    return reposts.change(
        db, repost_id, RepostStatus.SKIPPED, now=now, reason="You skipped it", post_id=None
    )


def approve_ordinary(db: Database, repost_id: str, now: datetime) -> Repost:
    """Approve a mention together with all others: not one that was meant for few.

    Raises `NotFound` and `TooLate`; who wants such a story out names it.
    """
    repost = reposts.get(db, repost_id)
    if limits.holding(repost):
        raise TooLate(f"{limits.warning(repost)}: approve it by its id if it is to go out")
    return approve(db, repost_id, now)


def decide_all(
    db: Database, repost_ids: Iterable[str], decision: Decision, now: datetime
) -> Decided:
    """Take one decision for several mentions; one that is too late does not stop the others."""
    decided = Decided()
    for repost_id in dict.fromkeys(repost_ids):
        try:
            decided.done.append(decision(db, repost_id, now))
        except (TooLate, NotFound) as error:
            decided.refused.append((repost_id, str(error)))
    return decided
