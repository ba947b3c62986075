"""What follows when Instagram holds something against an account. Pure; docs/account-safety.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never, cast

from instagram import errors
from storage.troubles import Trouble, TroubleKind

MEMORY = timedelta(days=30)
CHALLENGE_PAUSES = (timedelta(hours=24), timedelta(hours=72))
FIRST_BLOCK_PAUSE = timedelta(hours=24)
MOST_DOUBLINGS = 5  # 32 days, which is longer than any block that is known
RATE_PAUSE = timedelta(hours=1)
LONGEST_RATE_PAUSE = timedelta(days=7)
SHORTEST_RATE_PAUSE = timedelta(minutes=1)
RATE_MEMORY = timedelta(days=1)
LONGEST_GROWN_PAUSE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Consequence:
    """A pause until `until`, or until a person acts when that is None."""

    kind: TroubleKind
    reason: str
    until: datetime | None
    disables: bool


def consequence_of(
    error: errors.InstagramError, earlier: Sequence[Trouble], now: datetime
) -> Consequence:
    """Return what an account-level error means, given the troubles of the last 30 days."""

    def count(kind: TroubleKind) -> int:
        return sum(
            trouble.kind is kind and now - trouble.happened_at(now) < MEMORY for trouble in earlier
        )

    failed = cast(errors.AnyError, error)
    match failed:
        case errors.ChallengeRequired():
            before = count(TroubleKind.CHALLENGE)
            if before < len(CHALLENGE_PAUSES):
                until: datetime | None = now + CHALLENGE_PAUSES[before]
                return Consequence(TroubleKind.CHALLENGE, failed.reason, until, disables=False)
            reason = f"{failed.reason}. This is challenge {before + 1} within 30 days"
            return Consequence(TroubleKind.CHALLENGE, reason, None, disables=True)
        case errors.ActionBlocked():
            pause = FIRST_BLOCK_PAUSE * 2 ** min(count(TroubleKind.BLOCK), MOST_DOUBLINGS)
            return Consequence(TroubleKind.BLOCK, failed.reason, now + pause, disables=True)
        case errors.AccountSuspended():
            return Consequence(TroubleKind.BLOCK, failed.reason, None, disables=True)
        case errors.RateLimited():
            lately = sum(
                trouble.kind is TroubleKind.RATE and now - trouble.happened_at(now) < RATE_MEMORY
                for trouble in earlier
            )
            wait = _rate_pause(failed.retry_after_s or 0.0, lately)
            return Consequence(TroubleKind.RATE, failed.reason, now + wait, disables=False)
        case (
            errors.LoginFailed()
            | errors.SessionExpired()
            | errors.NotLoggedIn()
            | errors.WrongCode()
            | errors.AccountOnHold()
            | errors.Unreachable()
            | errors.Gone()
            | errors.Refused()
            | errors.NotReady()
            | errors.TokenExpired()
            | errors.ContainerLost()
            | errors.PublishingLimit()
            | errors.MediaUnreachable()
            | errors.FileGone()
            | errors.DownloadFailed()
        ):
            # Whatever else ends a login by itself: a person looks.
            reason = f"{failed.reason}; nothing is sent until you log in again"
            return Consequence(TroubleKind.LOGIN, reason, None, disables=False)
        case _:
            assert_never(failed)


def _rate_pause(stated_s: float, lately: int) -> timedelta:
    """Return how long to rest after a 429 that came after `lately` others: longer each time.

    What Instagram states, which is 0.0 for nothing, is kept to, but no shorter than is sensible.
    """
    first = SHORTEST_RATE_PAUSE if stated_s else RATE_PAUSE
    grown: timedelta = min(first * 2 ** min(lately, 10), LONGEST_GROWN_PAUSE)
    stated = timedelta(seconds=min(stated_s, LONGEST_RATE_PAUSE.total_seconds()))
    return max(stated, grown)
