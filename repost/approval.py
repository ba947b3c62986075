"""What the user decides about a mention: let it go out, or never."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ground.hold import Hold
from ground.refusal import ErrorCode, Refusal
from repost import guard, limits, taking_back
from storage import reposts
from storage.errors import NotFound
from storage.reposts import Repost, RepostStatus
from storage.store import Database

# How long an approval can be taken back before anything begins, at the ordinary pace.
GRACE = timedelta(seconds=10)
# What is decided about a mention when the cloud has given it back.
SKIP = {"act": "skip"}
RECONSIDER = {"act": "reconsider"}
Decision = Callable[[Database, str, datetime], Repost]
OPEN = (
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


def still_open(repost: Repost, now: datetime, pace: float) -> Hold | None:
    """Return what lets an approval rest for a moment, so that it can be taken back; or None.

    One of the future was made by a clock that was wrong, and rests no longer.
    """
    if repost.approved_at is None or repost.approved_at > now:
        return None
    until = repost.approved_at + GRACE * pace
    return Hold("undo", "You have just approved it", until) if now < until else None


def skip(db: Database, repost_id: str, now: datetime) -> Repost:
    """Never repost a mention; raises `NotFound`, and `TooLate` once it may be going out.

    One that the cloud owns is skipped when it is back from there.
    """
    repost = reposts.get(db, repost_id)
    if repost.status is RepostStatus.QUEUED and taking_back.ask_back(db, repost, SKIP, now):
        return reposts.get(db, repost_id)
    is_open = repost.status in OPEN
    if not is_open or (repost.post_id is not None and not taking_back.withdraw(db, repost)):
        state = "going out right now" if is_open else repost.status
        raise TooLate(f"It can no longer be skipped: it is {state}")
    return reposts.change(
        db,
        repost_id,
        RepostStatus.SKIPPED,
        now=now,
        reason="You skipped it",
        post_id=None,
        skipped_at=now,
    )


def reconsider(db: Database, repost_id: str, now: datetime) -> Repost:
    """Take a person's decision about a mention back: it waits for one again.

    One that the cloud owns waits again when it is back from there. Raises `NotFound`, and
    `TooLate` where there is none, or it may be going out already.
    """
    repost = reposts.get(db, repost_id)
    was_skipped = repost.status is RepostStatus.SKIPPED and repost.skipped_at is not None
    was_approved = repost.status is RepostStatus.QUEUED and repost.approved_at is not None
    if not was_skipped and not was_approved:
        raise TooLate(f"There is no decision of yours to take back: it is {repost.status}")
    if was_approved and taking_back.ask_back(db, repost, RECONSIDER, now):
        return reposts.get(db, repost_id)
    if repost.post_id is not None and not taking_back.withdraw(db, repost):
        raise TooLate("It can no longer be taken back: it is going out right now")
    stale_at = repost.mentioned_at + guard.MAX_HELD
    if stale_at <= now:
        raise TooLate("It is too old: mentions go out within 72 h")
    is_here = repost.media_path is not None
    return reposts.change(
        db,
        repost_id,
        RepostStatus.WAITING_APPROVAL if is_here else RepostStatus.DETECTED,
        now=now,
        reason="You took your decision back" if is_here else None,
        held_until=stale_at if is_here else None,
        approved_at=None,
        skipped_at=None,
        post_id=None,
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
