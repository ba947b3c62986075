"""The contract's error codes, and the one place that joins failures to them.

Statuses are those of the contract's readings; nothing below the API knows HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ground.refusal import ErrorCode
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
_TABLE = (
    # 400: the request
    Documented(ErrorCode.VALIDATION_ERROR, 400, "The request does not have the documented form", "Correct it; with REPRISE_ENV=development `details` says where"),
    Documented(ErrorCode.INVALID_PARAM, 400, "A path or query parameter cannot be used, or (416) a file has no such part", "Correct it"),
    Documented(ErrorCode.MISSING_PARAM, 400, "A required parameter is missing", "Send it"),
    Documented(ErrorCode.MISSING_ACCOUNT_ID, 400, "`accountId` is missing", "Send the account's id from GET /auth/me"),
    Documented(ErrorCode.INVALID_CODE, 400, "The code is not six digits (eight for a backup code), or Instagram refused it", "Send the current code"),
    Documented(ErrorCode.INVALID_STATUS, 400, "The resource is in a state that forbids this", "Read it again and decide anew"),
    Documented(ErrorCode.INVALID_SCHEDULE, 400, "The scheduled time is not in the future", "Choose a later time"),
    Documented(ErrorCode.INVALID_CAROUSEL, 400, "A carousel has 2 to 10 files in `mediaFileIds`, and only a carousel has", "Change the number of files or the media type"),
    Documented(ErrorCode.INVALID_TAGS, 400, "User tags: at most 20, on IMAGE and CAROUSEL only, x and y from 0 to 1", "Correct `userTags`"),
    Documented(ErrorCode.INVALID_MENTIONS, 400, "Story mentions: at most 5, on STORIES only, x and y from 0 to 1; or nobody of that name exists", "Correct `storyMentions`"),
    Documented(ErrorCode.INVALID_STICKERS, 400, "Story stickers: on STORIES only, one link, one location and ten hashtags at most, each complete; or Instagram refused the link", "Correct `storyStickers`"),
    Documented(ErrorCode.INVALID_COLLABORATORS, 400, "Collaborators: at most 3 usernames, not on STORIES", "Correct `collaborators`"),
    Documented(ErrorCode.INVALID_CROSS_POST, 400, "Cross-posting needs Facebook Login and is not for CAROUSEL", "Leave `crossPostToFacebook` out, or connect by Facebook Login"),
    Documented(ErrorCode.MEDIA_INVALID, 400, "Instagram would refuse this file, it is of no known kind, or it was deleted", "Use a file within the limit that the message names"),
    Documented(ErrorCode.UPLOAD_ERROR, 400, "The upload is malformed, empty, broke off, or (413) is too large", "Send one file in the field `file`, within MAX_FILE_SIZE_MB"),
    Documented(ErrorCode.NO_MEDIA_ID, 400, "Instagram's id of this post is not known", "Delete the post in the Instagram app"),
    Documented(ErrorCode.STORIES_CANNOT_DELETE, 400, "Stories cannot be deleted here", "They end after 24 h; or delete them in the app"),
    Documented(ErrorCode.PRIVATE_API_REQUIRED, 400, "The account has neither a Graph token nor a Private API login that could do this", "POST /settings/private-api-credentials, or connect a Graph token"),
    Documented(ErrorCode.CREDENTIALS_NOT_CONFIGURED, 400, "The account has no Private API login", "POST /settings/private-api-credentials"),
    Documented(ErrorCode.NO_ACTIVE_SESSION, 400, "No login of this account waits for a code, or not any more", "POST /settings/private-api-credentials again"),
    Documented(ErrorCode.CLOUDFLARE_NOT_CONFIGURED, 400, "Cloud scheduling is not configured", "Posts are scheduled locally without it"),
    # 401, 403: who calls
    Documented(ErrorCode.AUTH_REQUIRED, 401, "No key and no session cookie were sent", "Send `Authorization: Bearer vg_live_…`"),
    Documented(ErrorCode.AUTH_INVALID_KEY, 401, "The key is malformed, unknown, revoked or expired", "Create a new key; do not retry"),
    Documented(ErrorCode.TOKEN_INVALID, 401, "The session cookie or login link is invalid, used or ended", "Open a new login link: `reprise login-link`"),
    Documented(ErrorCode.TOKEN_EXPIRED, 401, "The account's Instagram token has expired; the API key is fine", "Reconnect the account"),
    Documented(ErrorCode.LOGIN_FAILED, 401, "Instagram did not accept the login, ended the session, or wants something confirmed", "Do what the message says, then log in again; nothing is retried by itself"),
    Documented(ErrorCode.TWO_FACTOR_REQUIRED, 401, "The login needs a two-factor code", "Send the same request with `code`, or only the code to `…/challenge`"),
    Documented(ErrorCode.COOKIE_AUTH_REQUIRED, 403, "Keys may not do this", "Use the browser session: `reprise login-link`"),
    Documented(ErrorCode.INSUFFICIENT_SCOPE, 403, "The key or session may not do this; `WWW-Authenticate` names the scope it lacks", "Use another key, or make one with that scope (docs/keys.md)"),
    Documented(ErrorCode.FORBIDDEN_ORIGIN, 403, "The Host or Origin header names another site, or the system endpoints are not for this address", "Call the daemon by its own address, from this machine; others: docs/outside.md"),
    # 404 to 429
    Documented(ErrorCode.NOT_FOUND, 404, "There is no such resource", "Check the id and the path"),
    Documented(ErrorCode.METHOD_NOT_ALLOWED, 405, "The path exists with other methods", "See the header `Allow`"),
    Documented(ErrorCode.IDEMPOTENCY_IN_FLIGHT, 409, "The first request with this Idempotency-Key is still being done", "Wait `retryAfter` seconds, then send the same again"),
    Documented(ErrorCode.UNSUPPORTED_MEDIA_TYPE, 415, "The body is not JSON, or an upload is not multipart", "Set the Content-Type"),
    Documented(ErrorCode.IDEMPOTENCY_MISMATCH, 422, "This Idempotency-Key was used for another request", "Use a new key for each thing that is to happen"),
    Documented(ErrorCode.PROCESSING_FAILED, 422, "The image cannot be decoded; on a post: Instagram refused it", "Export the image again; for a post, read its `errorMessage`"),
    Documented(ErrorCode.VIDEO_PROCESSING_FAILED, 422, "The video cannot be decoded, or Instagram refused its format", "Export it as MP4 (H.264, AAC)"),
    Documented(ErrorCode.RATE_LIMITED, 429, "The key has used up its minute or its hour, or too many wrong keys came from this address", "Wait `retryAfter` seconds, then try once"),
    Documented(ErrorCode.LOGIN_RATE_LIMITED, 429, "Instagram limits the account, or holds something against it", "Wait; the message says until when"),
    # 5xx
    Documented(ErrorCode.INTERNAL_ERROR, 500, "A bug; the log has it under the request id; on a post: a bug stopped it before anything went out", "Report it; such a post can be retried"),
    Documented(ErrorCode.WORKER_UNREACHABLE, 502, "The cloud worker does not answer", "Check the worker"),
    Documented(ErrorCode.SERVICE_UNAVAILABLE, 503, "The database, the disk (full or read-only), Instagram or the proxy cannot be used right now; on a post: given up after several attempts", "Try again a little later"),
    # Only ever on a post, as its `errorCode`
    Documented(ErrorCode.PUBLIC_URL_REQUIRED, 409, "Meta could not fetch the media: no public address is set, or it leads nowhere (only as a post's `errorCode`)", "Set REPRISE_PUBLIC_URL (docs/publishing.md), then retry"),
    Documented(ErrorCode.SCHEDULE_MISSED, 409, "The daemon was off when it was due, for longer than the grace period (only as a post's `errorCode`)", "Retry it to send it now, or reschedule it"),
    Documented(ErrorCode.DELIVERY_UNKNOWN, 409, "Instagram's answer was lost and nobody can tell whether the post is live (only as a post's `errorCode`)", "Look at the account, then retry or clear the post"),
)
# fmt: on
CODES = {entry.code: entry for entry in _TABLE}


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
