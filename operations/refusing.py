"""What a person hears of a failure below the operations: one place for every face."""

from __future__ import annotations

from accounts.client_options import BadOption
from accounts.logins import NoPendingLogin
from ground import shortage
from ground.refusal import ErrorCode, Refusal
from instagram import errors as instagram
from publish.rules import RuleBroken
from storage import errors as storage


def refusal_of(error: Exception) -> Refusal | None:
    """Return how a failure is told, or None when it is a bug."""
    match error:
        case Refusal():
            return error
        case storage.NotFound():
            return Refusal(ErrorCode.NOT_FOUND, str(error))
        case storage.AlreadyExists():
            return Refusal(ErrorCode.INVALID_STATUS, str(error))
        case storage.Unavailable():
            return Refusal(ErrorCode.SERVICE_UNAVAILABLE, str(error))
        case _ if shortage.is_shortage(error):
            return Refusal(ErrorCode.SERVICE_UNAVAILABLE, shortage.told(error))
        case RuleBroken():
            return Refusal(ErrorCode(error.code), str(error))
        case BadOption():
            return Refusal(ErrorCode.VALIDATION_ERROR, str(error))
        case NoPendingLogin():
            return Refusal(ErrorCode.NO_ACTIVE_SESSION, str(error))
        case instagram.InstagramError():
            return Refusal(_instagram_code(error), _instagram_message(error))
    return None


def _instagram_code(error: instagram.InstagramError) -> ErrorCode:
    match error:
        case instagram.TwoFactorRequired():
            return ErrorCode.TWO_FACTOR_REQUIRED
        case instagram.WrongCode():
            return ErrorCode.INVALID_CODE
        case instagram.TokenExpired():
            return ErrorCode.TOKEN_EXPIRED
        case instagram.NotLoggedIn():
            return ErrorCode.CREDENTIALS_NOT_CONFIGURED
        case instagram.LoginFailed() | instagram.SessionExpired() | instagram.AccountSuspended():
            return ErrorCode.LOGIN_FAILED
        case instagram.ChallengeRequired():
            return ErrorCode.LOGIN_FAILED
        case instagram.AccountOnHold() | instagram.ActionBlocked() | instagram.RateLimited():
            return ErrorCode.LOGIN_RATE_LIMITED
    return ErrorCode.SERVICE_UNAVAILABLE


def _instagram_message(error: instagram.InstagramError) -> str:
    if isinstance(error, instagram.AccountOnHold) and error.hold.until is not None:
        return f"{error.reason}. Nothing is sent before {error.hold.until:%Y-%m-%d %H:%M} UTC"
    return error.reason
