"""The contract's error codes, and the one place that joins failures to them.

Statuses are those of the contract's readings; nothing below the API knows HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ground.refusal import ErrorCode
from operations.meanings import MEANINGS
from operations.refusing import refusal_of
from operations.scopes import InsufficientScope
from serving.body import TooLarge


@dataclass(frozen=True, slots=True)
class Documented:
    """A code as clients know it: its status, what it means and what they can do."""

    code: ErrorCode
    status: int
    meaning: str
    recovery: str


# fmt: off
_STATUS: Mapping[ErrorCode, int] = {
    # 400: the request
    ErrorCode.VALIDATION_ERROR: 400,
    ErrorCode.INVALID_PARAM: 400,
    ErrorCode.MISSING_PARAM: 400,
    ErrorCode.MISSING_ACCOUNT_ID: 400,
    ErrorCode.INVALID_CODE: 400,
    ErrorCode.INVALID_STATUS: 400,
    ErrorCode.INVALID_SCHEDULE: 400,
    ErrorCode.INVALID_CAROUSEL: 400,
    ErrorCode.INVALID_TAGS: 400,
    ErrorCode.INVALID_MENTIONS: 400,
    ErrorCode.INVALID_STICKERS: 400,
    ErrorCode.INVALID_COLLABORATORS: 400,
    ErrorCode.INVALID_CROSS_POST: 400,
    ErrorCode.MEDIA_INVALID: 400,
    ErrorCode.UPLOAD_ERROR: 400,
    ErrorCode.NO_MEDIA_ID: 400,
    ErrorCode.STORIES_CANNOT_DELETE: 400,
    ErrorCode.PRIVATE_API_REQUIRED: 400,
    ErrorCode.CREDENTIALS_NOT_CONFIGURED: 400,
    ErrorCode.NO_ACTIVE_SESSION: 400,
    ErrorCode.CLOUDFLARE_NOT_CONFIGURED: 400,
    # 401, 403: who calls
    ErrorCode.AUTH_REQUIRED: 401,
    ErrorCode.AUTH_INVALID_KEY: 401,
    ErrorCode.TOKEN_INVALID: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.LOGIN_FAILED: 401,
    ErrorCode.TWO_FACTOR_REQUIRED: 401,
    ErrorCode.COOKIE_AUTH_REQUIRED: 403,
    ErrorCode.INSUFFICIENT_SCOPE: 403,
    ErrorCode.FORBIDDEN_ORIGIN: 403,
    # 404 to 429
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.IDEMPOTENCY_IN_FLIGHT: 409,
    ErrorCode.STALE_EDIT: 409,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.IDEMPOTENCY_MISMATCH: 422,
    ErrorCode.PROCESSING_FAILED: 422,
    ErrorCode.VIDEO_PROCESSING_FAILED: 422,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.LOGIN_RATE_LIMITED: 429,
    # 5xx
    ErrorCode.INTERNAL_ERROR: 500,
    ErrorCode.WORKER_UNREACHABLE: 502,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
    # Only ever on a post, as its `errorCode`
    ErrorCode.PUBLIC_URL_REQUIRED: 409,
    ErrorCode.SCHEDULE_MISSED: 409,
    ErrorCode.DELIVERY_UNKNOWN: 409,
}
# fmt: on
CODES: Mapping[str, Documented] = {
    code: Documented(code, status, MEANINGS[code].meaning, MEANINGS[code].recovery)
    for code, status in _STATUS.items()
}


class ApiError(Exception):
    """A failure with its code; the message is shown to the client."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        status: int | None = None,
        retry_after: int | None = None,
        details: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status or CODES[code].status
        self.message = message
        self.retry_after = retry_after
        self.details = details
        self.headers = dict(headers or {})


def envelope(error: ApiError, *, development: bool) -> dict[str, Any]:
    """Return the contract's `ErrorResponse`."""
    body: dict[str, Any] = {
        "error": error.message,
        "code": error.code,
        "status": error.status,
    }
    if error.retry_after is not None:
        body["retryAfter"] = error.retry_after
    if development and error.details is not None:
        body["details"] = error.details
    return body


def api_error_of(error: Exception) -> ApiError | None:
    """Return what a client hears of a failure below the API, or None when it is a bug."""
    if isinstance(error, ApiError):
        return error
    refused = refusal_of(error)
    if refused is None:
        return None
    headers = {}
    if isinstance(refused, InsufficientScope):
        lacks = f'Bearer error="insufficient_scope", scope="{refused.scope}"'
        headers["WWW-Authenticate"] = lacks
    if refused.code is ErrorCode.IDEMPOTENCY_IN_FLIGHT:
        headers["Retry-After"] = str(refused.retry_after_s)
    return ApiError(
        refused.code,
        refused.message,
        status=413 if isinstance(refused, TooLarge) else None,
        retry_after=refused.retry_after_s,
        details=refused.details,
        headers=headers,
    )
