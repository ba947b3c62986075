"""The contract's error codes, and the one place that joins failures to them.

Statuses are those of the contract's readings; nothing below the API knows HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.logins import NoPendingLogin
from instagram import errors as instagram
from storage import errors as storage


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A stable code with its status, what it means and what a client can do."""

    code: str
    status: int
    meaning: str
    recovery: str


_TABLE = (
    ErrorCode(
        "VALIDATION_ERROR", 400, "The request does not have the documented form", "Correct it"
    ),
    ErrorCode("MISSING_ACCOUNT_ID", 400, "`accountId` is missing", "Send the account's id"),
    ErrorCode(
        "INVALID_CODE",
        400,
        "The code is not six digits (eight for a backup code), or Instagram refused it",
        "Ask for the current code and send it again",
    ),
    ErrorCode(
        "INVALID_STATUS", 400, "The resource is in a state that forbids this", "Read it again"
    ),
    ErrorCode(
        "CREDENTIALS_NOT_CONFIGURED",
        400,
        "The account has no Private API login",
        "POST /settings/private-api-credentials",
    ),
    ErrorCode(
        "NO_ACTIVE_SESSION",
        400,
        "No login of this account waits for a code",
        "POST /settings/private-api-credentials again",
    ),
    ErrorCode("AUTH_REQUIRED", 401, "No key and no session cookie were sent", "Send a key"),
    ErrorCode(
        "AUTH_INVALID_KEY", 401, "The key is unknown or revoked", "Create a new key; do not retry"
    ),
    ErrorCode(
        "TOKEN_INVALID", 401, "The session cookie is invalid or ended", "Open a new login link"
    ),
    ErrorCode(
        "LOGIN_FAILED",
        401,
        "Instagram did not accept the login, or ended the session",
        "Check username and password, then log in again; Reprise does not retry by itself",
    ),
    ErrorCode(
        "TWO_FACTOR_REQUIRED",
        401,
        "The login needs a two-factor code",
        "Send the same request with `code`",
    ),
    ErrorCode("COOKIE_AUTH_REQUIRED", 403, "Keys may not do this", "Use the browser session"),
    ErrorCode(
        "FORBIDDEN_ORIGIN",
        403,
        "The Host or Origin header names another site",
        "Call the daemon by its own address",
    ),
    ErrorCode("NOT_FOUND", 404, "There is no such resource", "Check the id"),
    ErrorCode("METHOD_NOT_ALLOWED", 405, "The path exists with other methods", "See `Allow`"),
    ErrorCode("UPLOAD_ERROR", 413, "The body is too large", "Send less"),
    ErrorCode("UNSUPPORTED_MEDIA_TYPE", 415, "The body is not JSON", "Send application/json"),
    ErrorCode(
        "LOGIN_RATE_LIMITED",
        429,
        "Instagram limits the account, or holds something against it",
        "Wait; the message says until when",
    ),
    ErrorCode("INTERNAL_ERROR", 500, "A bug; the log has it under the request id", "Report it"),
    ErrorCode(
        "SERVICE_UNAVAILABLE",
        503,
        "The database, Instagram or the proxy cannot be used right now",
        "Try again a little later",
    ),
)
CODES = {entry.code: entry for entry in _TABLE}


class ApiError(Exception):
    """A failure with its code; the message is shown to the client."""

    def __init__(self, code: str, message: str, *, details: object = None) -> None:
        super().__init__(message)
        self.code = CODES[code]
        self.message = message
        self.details = details


def envelope(error: ApiError, *, development: bool) -> dict[str, Any]:
    """Return the contract's `ErrorResponse`."""
    body: dict[str, Any] = {
        "error": error.message,
        "code": error.code.code,
        "status": error.code.status,
    }
    if development and error.details is not None:
        body["details"] = error.details
    return body


def api_error_of(error: Exception) -> ApiError | None:
    """Return what a client hears of a failure below the API, or None when it is a bug."""
    match error:
        case ApiError():
            return error
        case storage.NotFound():
            return ApiError("NOT_FOUND", str(error))
        case storage.AlreadyExists():
            return ApiError("VALIDATION_ERROR", str(error))
        case storage.Unavailable():
            return ApiError("SERVICE_UNAVAILABLE", str(error))
        case NoPendingLogin():
            return ApiError("NO_ACTIVE_SESSION", str(error))
        case instagram.InstagramError():
            return ApiError(_instagram_code(error), _instagram_message(error))
    return None


def _instagram_code(error: instagram.InstagramError) -> str:
    match error:
        case instagram.TwoFactorRequired():
            return "TWO_FACTOR_REQUIRED"
        case instagram.WrongCode():
            return "INVALID_CODE"
        case instagram.NotLoggedIn():
            return "CREDENTIALS_NOT_CONFIGURED"
        case instagram.LoginFailed() | instagram.SessionExpired() | instagram.AccountSuspended():
            return "LOGIN_FAILED"
        case instagram.ChallengeRequired():
            return "LOGIN_FAILED"
        case instagram.AccountOnHold() | instagram.ActionBlocked() | instagram.RateLimited():
            return "LOGIN_RATE_LIMITED"
    return "SERVICE_UNAVAILABLE"


def _instagram_message(error: instagram.InstagramError) -> str:
    if isinstance(error, instagram.AccountOnHold) and error.until is not None:
        return f"{error.reason}. Nothing is sent before {error.until:%Y-%m-%d %H:%M} UTC"
    return error.reason
