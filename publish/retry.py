"""What follows an error on the way to Instagram: later, or never. Pure but for the jitter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tenacity import RetryCallState, wait_exponential_jitter

from instagram import errors
from storage.jobs import Job

_BACKOFF = wait_exponential_jitter(multiplier=30, max=900, jitter=15)
_HELD_RECHECK = timedelta(hours=6)
_TROUBLE_RECHECK = timedelta(seconds=5)
_QUOTA_RECHECK = timedelta(hours=1)
# What may pass by itself, or with a new container.
_PASSING = (errors.Unavailable, errors.NotReady, errors.ContainerLost)


@dataclass(frozen=True, slots=True)
class Later:
    """Try again at `run_at`; a wait that is nobody's failure is not `counted` as an attempt."""

    run_at: datetime
    reason: str
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """Never by itself again; `code` is one of docs/errors.md."""

    code: str
    reason: str


def after(
    error: errors.InstagramError,
    job: Job,
    now: datetime,
    *,
    in_doubt: bool,
    quota_frees_at: datetime | None,
    has_video: bool = False,
) -> Later | Failure:
    """Return what to do with a job whose attempt ended in `error`.

    `quota_frees_at`: when the oldest of our posts leaves the daily limit, as far as we know.
    A post that is `in_doubt` may be live: it is never given up, only asked about again.
    """
    match error:
        case errors.AccountOnHold():
            return Later(error.hold.until or now + _HELD_RECHECK, error.reason, counted=False)
        case (
            errors.AccountTrouble()
            | errors.RateLimited()
            | errors.SessionExpired()
            | errors.LoginFailed()
        ):
            # The account is on hold now; the next attempt hears until when.
            return Later(now + _TROUBLE_RECHECK, error.reason, counted=False)
        case errors.PublishingLimit():
            until = quota_frees_at or now + _QUOTA_RECHECK
            reason = f"{error.reason}; it waits until {until:%Y-%m-%d %H:%M} UTC"
            return Later(until, reason, counted=False)
        case _ if in_doubt:
            return Later(now + backoff(job.attempts), error.reason)
        case errors.NotLoggedIn():
            return Failure("CREDENTIALS_NOT_CONFIGURED", error.reason)
        case errors.TokenExpired():
            return Failure("TOKEN_EXPIRED", error.reason)
        case errors.MediaUnreachable():
            return Failure("PUBLIC_URL_REQUIRED", error.reason)
        case errors.FileGone():
            return Failure("MEDIA_INVALID", error.reason)
        case errors.Refused() | errors.NoSuchPerson():
            return Failure(error.code, error.reason)
        case _ if isinstance(error, _PASSING) and job.attempts < job.max_attempts:
            return Later(now + backoff(job.attempts), error.reason)
        case _ if isinstance(error, _PASSING):
            reason = f"Given up after {job.attempts} attempts: {error.reason}"
            return Failure(_given_up(error, has_video=has_video), reason)
        case _:
            return Failure("PROCESSING_FAILED", error.reason)


def _given_up(error: errors.InstagramError, *, has_video: bool) -> str:
    match error:
        case errors.Unavailable():
            return "SERVICE_UNAVAILABLE"
        case errors.FetchFailed():
            return "PUBLIC_URL_REQUIRED"
    return "VIDEO_PROCESSING_FAILED" if has_video else "PROCESSING_FAILED"


def backoff(attempts: int) -> timedelta:
    """Return the wait after that many attempts: exponential, with jitter, 15 minutes at most."""
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
    state.attempt_number = max(1, attempts)
    return timedelta(seconds=_BACKOFF(state))
