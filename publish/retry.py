"""What follows an error on the way to Instagram: later, or never. Pure but for the jitter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never, cast

from tenacity import RetryCallState, wait_exponential_jitter

from ground.refusal import ErrorCode
from instagram import errors
from storage.jobs import Job

# Half a day in all, for as many attempts as a job has: 30 s, 1, 2, 4 … 32 min, then hourly.
_BACKOFF = wait_exponential_jitter(multiplier=30, max=3600, jitter=15)
# What may be live is asked about more often than it would be sent.
_LONGEST_DOUBT = timedelta(minutes=15)
# How often what is sent may be to blame for an attempt's end, before that is believed.
MOST_SETBACKS = 5
# Words that nobody knows may be of a block: the waits begin where others are after so many.
_WARY = 3
# When a repost that cannot go out by the official API takes the other route, if it has one.
SWITCH_AFTER = 5
_HELD_RECHECK = timedelta(hours=6)
_TROUBLE_RECHECK = timedelta(seconds=5)
_QUOTA_RECHECK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Later:
    """Try again at `run_at`; a wait that is nobody's failure is not `counted` as an attempt.

    `is_setback`: what was sent, or where we are, may be to blame, and not only the moment.
    """

    run_at: datetime
    reason: str
    counted: bool = True
    is_setback: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Never by itself again; `code` is one of docs/errors.md."""

    code: ErrorCode
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
    A post that is `in_doubt` may be live: it is never given up, only asked about again. Trouble
    that passes by itself is waited out for half a day; what may be our own has fewer tries.
    """
    failed = cast(errors.AnyError, error)
    match failed:
        case errors.AccountOnHold():
            return Later(failed.hold.until or now + _HELD_RECHECK, failed.reason, counted=False)
        case (
            errors.ChallengeRequired()
            | errors.ActionBlocked()
            | errors.AccountSuspended()
            | errors.RateLimited()
            | errors.SessionExpired()
            | errors.LoginFailed()
            | errors.WrongCode()
        ):
            # The account is on hold now; the next attempt hears until when.
            return Later(now + _TROUBLE_RECHECK, failed.reason, counted=False)
        case errors.PublishingLimit():
            until = quota_frees_at or now + _QUOTA_RECHECK
            reason = f"{failed.reason}; it waits until {until:%Y-%m-%d %H:%M} UTC"
            return Later(until, reason, counted=False)
        case _ if in_doubt:
            return Later(now + min(backoff(job.attempts), _LONGEST_DOUBT), failed.reason)
        case errors.NoSuchPerson():
            return Failure(failed.code, failed.reason)
        case (
            errors.Unreachable()
            | errors.NotReady()
            | errors.ContainerLost()
            | errors.AddressUnreached()
            | errors.Unexplained()
            | errors.Gone()
        ):
            return _again(failed, job, now, has_video=has_video)
        case _:
            return Failure(_code_of(failed), failed.reason)


_Passing = (
    errors.Unreachable
    | errors.NotReady
    | errors.ContainerLost
    | errors.AddressUnreached
    | errors.Unexplained
    | errors.Gone
)
_Final = (
    errors.NotLoggedIn
    | errors.TokenExpired
    | errors.MediaUnreachable
    | errors.FileGone
    | errors.Refused
    | errors.NoSuchPerson
    | errors.WrongCode
    | errors.DownloadFailed
)


def _again(failed: _Passing, job: Job, now: datetime, *, has_video: bool) -> Later | Failure:
    by_itself = isinstance(failed, (errors.Unreachable, errors.NotReady, errors.FetchFailed))
    tries = job.attempts if by_itself else job.setbacks + 1
    if job.attempts < job.max_attempts and (by_itself or tries < MOST_SETBACKS):
        wary = _WARY if isinstance(failed, errors.Unexplained) else 0
        wait = backoff(job.attempts if by_itself else tries + wary)
        return Later(now + wait, failed.reason, is_setback=not by_itself)
    reason = f"Given up after {tries} attempts: {failed.reason}"
    return Failure(_given_up(failed, has_video=has_video), reason)


def for_good(error: errors.InstagramError, *, has_video: bool) -> Failure:
    """Return the failure that an error is where nobody tries again."""
    if isinstance(error, _Passing) and not isinstance(error, errors.NoSuchPerson):
        return Failure(_given_up(error, has_video=has_video), error.reason)
    if isinstance(error, _Final):
        return Failure(_code_of(error), error.reason)
    # The account is held, or its day's posts are used up.
    return Failure(ErrorCode.PROCESSING_FAILED, error.reason)


def _code_of(failed: _Final) -> ErrorCode:
    match failed:
        case errors.NotLoggedIn():
            return ErrorCode.CREDENTIALS_NOT_CONFIGURED
        case errors.TokenExpired():
            return ErrorCode.TOKEN_EXPIRED
        case errors.MediaUnreachable():
            return ErrorCode.PUBLIC_URL_REQUIRED
        case errors.FileGone():
            return ErrorCode.MEDIA_INVALID
        case errors.Refused() | errors.NoSuchPerson():
            return failed.code
        case errors.WrongCode() | errors.DownloadFailed():
            return ErrorCode.PROCESSING_FAILED
        case _:
            assert_never(failed)


def _given_up(failed: _Passing, *, has_video: bool) -> ErrorCode:
    match failed:
        case errors.Unreachable():
            return ErrorCode.SERVICE_UNAVAILABLE
        case errors.Unexplained() | errors.Gone():
            return ErrorCode.PROCESSING_FAILED
        case errors.FetchFailed() | errors.AddressUnreached():
            return ErrorCode.PUBLIC_URL_REQUIRED
        case errors.NotReady() | errors.ContainerLost():
            return ErrorCode.VIDEO_PROCESSING_FAILED if has_video else ErrorCode.PROCESSING_FAILED
        case _:
            assert_never(failed)


def backoff(attempts: int) -> timedelta:
    """Return the wait after that many attempts: exponential, with jitter, an hour at most."""
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
    state.attempt_number = max(1, attempts)
    return timedelta(seconds=_BACKOFF(state))
