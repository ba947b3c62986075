"""How an act is refused: a stable code, and a sentence that a person can act on."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class ErrorCode(StrEnum):
    """Every code that a client can meet (contract, Errors reference); its meaning for people and
    its HTTP status stand in `api/errors.py`."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    INVALID_PARAM = "INVALID_PARAM"
    MISSING_PARAM = "MISSING_PARAM"
    MISSING_ACCOUNT_ID = "MISSING_ACCOUNT_ID"
    INVALID_CODE = "INVALID_CODE"
    INVALID_STATUS = "INVALID_STATUS"
    INVALID_SCHEDULE = "INVALID_SCHEDULE"
    INVALID_CAROUSEL = "INVALID_CAROUSEL"
    INVALID_TAGS = "INVALID_TAGS"
    INVALID_MENTIONS = "INVALID_MENTIONS"
    INVALID_STICKERS = "INVALID_STICKERS"
    INVALID_COLLABORATORS = "INVALID_COLLABORATORS"
    INVALID_CROSS_POST = "INVALID_CROSS_POST"
    MEDIA_INVALID = "MEDIA_INVALID"
    UPLOAD_ERROR = "UPLOAD_ERROR"
    NO_MEDIA_ID = "NO_MEDIA_ID"
    STORIES_CANNOT_DELETE = "STORIES_CANNOT_DELETE"
    PRIVATE_API_REQUIRED = "PRIVATE_API_REQUIRED"
    CREDENTIALS_NOT_CONFIGURED = "CREDENTIALS_NOT_CONFIGURED"
    NO_ACTIVE_SESSION = "NO_ACTIVE_SESSION"
    CLOUDFLARE_NOT_CONFIGURED = "CLOUDFLARE_NOT_CONFIGURED"
    AUTH_REQUIRED = "AUTH_REQUIRED"
    AUTH_INVALID_KEY = "AUTH_INVALID_KEY"
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105 - a code
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a code
    LOGIN_FAILED = "LOGIN_FAILED"
    TWO_FACTOR_REQUIRED = "TWO_FACTOR_REQUIRED"
    COOKIE_AUTH_REQUIRED = "COOKIE_AUTH_REQUIRED"
    INSUFFICIENT_SCOPE = "INSUFFICIENT_SCOPE"
    FORBIDDEN_ORIGIN = "FORBIDDEN_ORIGIN"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    IDEMPOTENCY_IN_FLIGHT = "IDEMPOTENCY_IN_FLIGHT"
    STALE_EDIT = "STALE_EDIT"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    PROCESSING_FAILED = "PROCESSING_FAILED"
    VIDEO_PROCESSING_FAILED = "VIDEO_PROCESSING_FAILED"
    RATE_LIMITED = "RATE_LIMITED"
    LOGIN_RATE_LIMITED = "LOGIN_RATE_LIMITED"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    WORKER_UNREACHABLE = "WORKER_UNREACHABLE"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    PUBLIC_URL_REQUIRED = "PUBLIC_URL_REQUIRED"
    SCHEDULE_MISSED = "SCHEDULE_MISSED"
    DELIVERY_UNKNOWN = "DELIVERY_UNKNOWN"


class Refusal(Exception):
    """An act that is not done, and why: the one shape of "no" below every face.

    `until` says when asking again may help, `retry_after_s` in how many seconds; `details` holds
    what a developer wants to see of malformed input. The message is shown to whoever asked.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        until: datetime | None = None,
        retry_after_s: int | None = None,
        details: object = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.until = until
        self.retry_after_s = retry_after_s
        self.details = details
