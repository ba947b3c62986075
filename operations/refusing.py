"""What a person hears of a failure below the operations: one place for every face."""

from __future__ import annotations

from typing import assert_never, cast

from ground import shortage
from ground.refusal import ErrorCode, Refusal
from instagram import errors as instagram
from storage.errors import Unusable


def refusal_of(error: Exception) -> Refusal | None:
    """Return how a failure is told, or None when it is a bug."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, instagram.InstagramError):
        return Refusal(_instagram_code(error), _instagram_message(error))
    if isinstance(error, Unusable):  # a sealed secret that was changed or moved
        return Refusal(ErrorCode.CREDENTIALS_NOT_CONFIGURED, str(error))
    if shortage.is_shortage(error):
        return Refusal(ErrorCode.SERVICE_UNAVAILABLE, shortage.told(error))
    return None


def _instagram_code(error: instagram.InstagramError) -> ErrorCode:
    failed = cast(instagram.AnyError, error)
    match failed:
        case instagram.TwoFactorRequired():
            return ErrorCode.TWO_FACTOR_REQUIRED
        case instagram.WrongCode():
            return ErrorCode.INVALID_CODE
        case instagram.TokenExpired():
            return ErrorCode.TOKEN_EXPIRED
        case instagram.NotLoggedIn():
            return ErrorCode.CREDENTIALS_NOT_CONFIGURED
        case (
            instagram.LoginFailed()
            | instagram.SessionExpired()
            | instagram.AccountSuspended()
            | instagram.ChallengeRequired()
        ):
            return ErrorCode.LOGIN_FAILED
        case instagram.AccountOnHold() | instagram.ActionBlocked() | instagram.RateLimited():
            return ErrorCode.LOGIN_RATE_LIMITED
        case (
            instagram.Unreachable()
            | instagram.Gone()
            | instagram.Refused()
            | instagram.NotReady()
            | instagram.ContainerLost()
            | instagram.PublishingLimit()
            | instagram.MediaUnreachable()
            | instagram.FileGone()
            | instagram.DownloadFailed()
        ):
            return ErrorCode.SERVICE_UNAVAILABLE
        case _:
            assert_never(failed)


def _instagram_message(error: instagram.InstagramError) -> str:
    if isinstance(error, instagram.AccountOnHold) and error.hold.until is not None:
        return f"{error.reason}. Nothing is sent before {error.hold.until:%Y-%m-%d %H:%M} UTC"
    return error.reason
