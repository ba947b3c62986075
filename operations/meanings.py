"""What each code means, and what whoever meets it can do: for every face alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ground.refusal import ErrorCode


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means, and what a client can do."""

    meaning: str
    recovery: str


# fmt: off
MEANINGS: Mapping[ErrorCode, Meaning] = MappingProxyType({
    ErrorCode.VALIDATION_ERROR: Meaning("The request does not have the documented form", "Correct it; with REPRISE_ENV=development `details` says where"),
    ErrorCode.INVALID_PARAM: Meaning("A path or query parameter cannot be used, or (416) a file has no such part", "Correct it"),
    ErrorCode.MISSING_PARAM: Meaning("A required parameter is missing", "Send it"),
    ErrorCode.MISSING_ACCOUNT_ID: Meaning("`accountId` is missing", "Send the account's id from GET /auth/me"),
    ErrorCode.INVALID_CODE: Meaning("The code is not six digits (eight for a backup code), or Instagram refused it", "Send the current code"),
    ErrorCode.INVALID_STATUS: Meaning("The resource is in a state that forbids this", "Read it again and decide anew"),
    ErrorCode.INVALID_SCHEDULE: Meaning("The scheduled time is not in the future", "Choose a later time"),
    ErrorCode.INVALID_CAROUSEL: Meaning("A carousel has 2 to 10 files in `mediaFileIds`, and only a carousel has", "Change the number of files or the media type"),
    ErrorCode.INVALID_TAGS: Meaning("User tags: at most 20, on IMAGE and CAROUSEL only, x and y from 0 to 1", "Correct `userTags`"),
    ErrorCode.INVALID_MENTIONS: Meaning("Story mentions: at most 5, on STORIES only, x and y from 0 to 1; or nobody of that name exists", "Correct `storyMentions`"),
    ErrorCode.INVALID_STICKERS: Meaning("Story stickers: on STORIES only, one link, one location and ten hashtags at most, each complete; or Instagram refused the link", "Correct `storyStickers`"),
    ErrorCode.INVALID_COLLABORATORS: Meaning("Collaborators: at most 3 usernames, not on STORIES", "Correct `collaborators`"),
    ErrorCode.INVALID_CROSS_POST: Meaning("Cross-posting needs Facebook Login and is not for CAROUSEL", "Leave `crossPostToFacebook` out, or connect by Facebook Login"),
    ErrorCode.MEDIA_INVALID: Meaning("Instagram would refuse this file, it is of no known kind, or it was deleted", "Use a file within the limit that the message names"),
    ErrorCode.UPLOAD_ERROR: Meaning("The upload is malformed, empty, broke off, or (413) is too large", "Send one file in the field `file`, within MAX_FILE_SIZE_MB"),
    ErrorCode.NO_MEDIA_ID: Meaning("Instagram's id of this post is not known", "Delete the post in the Instagram app"),
    ErrorCode.STORIES_CANNOT_DELETE: Meaning("Stories cannot be deleted here", "They end after 24 h; or delete them in the app"),
    ErrorCode.PRIVATE_API_REQUIRED: Meaning("The account has neither a Graph token nor a Private API login that could do this", "POST /settings/private-api-credentials, or connect a Graph token"),
    ErrorCode.CREDENTIALS_NOT_CONFIGURED: Meaning("The account has no Private API login", "POST /settings/private-api-credentials"),
    ErrorCode.NO_ACTIVE_SESSION: Meaning("No login of this account waits for a code, or not any more", "POST /settings/private-api-credentials again"),
    ErrorCode.CLOUDFLARE_NOT_CONFIGURED: Meaning("Cloud scheduling is not configured", "Posts are scheduled locally without it"),
    ErrorCode.AUTH_REQUIRED: Meaning("No key and no session cookie were sent", "Send `Authorization: Bearer vg_live_…`"),
    ErrorCode.AUTH_INVALID_KEY: Meaning("The key is malformed, unknown, revoked or expired", "Create a new key; do not retry"),
    ErrorCode.TOKEN_INVALID: Meaning("The session cookie or login link is invalid, used or ended", "Open a new login link: `reprise login-link`"),
    ErrorCode.TOKEN_EXPIRED: Meaning("The account's Instagram token has expired; the API key is fine", "Reconnect the account"),
    ErrorCode.LOGIN_FAILED: Meaning("Instagram did not accept the login, ended the session, or wants something confirmed", "Do what the message says, then log in again; nothing is retried by itself"),
    ErrorCode.TWO_FACTOR_REQUIRED: Meaning("The login needs a two-factor code", "Send the same request with `code`, or only the code to `…/challenge`"),
    ErrorCode.COOKIE_AUTH_REQUIRED: Meaning("Keys may not do this", "Use the browser session: `reprise login-link`"),
    ErrorCode.INSUFFICIENT_SCOPE: Meaning("The key or session may not do this; `WWW-Authenticate` names the scope it lacks", "Use another key, or make one with that scope (docs/keys.md)"),
    ErrorCode.FORBIDDEN_ORIGIN: Meaning("The Host or Origin header names another site, or the system endpoints are not for this address", "Call the daemon by its own address, from this machine; others: docs/outside.md"),
    ErrorCode.NOT_FOUND: Meaning("There is no such resource", "Check the id and the path"),
    ErrorCode.METHOD_NOT_ALLOWED: Meaning("The path exists with other methods", "See the header `Allow`"),
    ErrorCode.IDEMPOTENCY_IN_FLIGHT: Meaning("The first request with this Idempotency-Key is still being done", "Wait `retryAfter` seconds, then send the same again"),
    ErrorCode.STALE_EDIT: Meaning("The post or the settings were changed, or the data was restored, since the `version` that was sent was read; nothing was changed now", "Read it again, decide which words stand, and send its new `version`"),
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: Meaning("The body is not JSON, or an upload is not multipart", "Set the Content-Type"),
    ErrorCode.IDEMPOTENCY_MISMATCH: Meaning("This Idempotency-Key was used for another request", "Use a new key for each thing that is to happen"),
    ErrorCode.PROCESSING_FAILED: Meaning("The image cannot be decoded; on a post: Instagram refused it", "Export the image again; for a post, read its `errorMessage`"),
    ErrorCode.VIDEO_PROCESSING_FAILED: Meaning("The video cannot be decoded, or Instagram refused its format", "Export it as MP4 (H.264, AAC)"),
    ErrorCode.RATE_LIMITED: Meaning("The key has used up its minute or its hour, or too many wrong keys came from this address", "Wait `retryAfter` seconds, then try once"),
    ErrorCode.LOGIN_RATE_LIMITED: Meaning("Instagram limits the account, or holds something against it", "Wait; the message says until when"),
    ErrorCode.INTERNAL_ERROR: Meaning("A bug; the log has it under the request id; on a post: a bug stopped it before anything went out", "Report it; such a post can be retried"),
    ErrorCode.WORKER_UNREACHABLE: Meaning("The cloud worker does not answer", "Check the worker"),
    ErrorCode.SERVICE_UNAVAILABLE: Meaning("The database, the disk (full or read-only), Instagram or the proxy cannot be used right now; on a post: given up after several attempts", "Try again a little later"),
    ErrorCode.PUBLIC_URL_REQUIRED: Meaning("Meta could not fetch the media: no public address is set, or it leads nowhere (only as a post's `errorCode`)", "Set REPRISE_PUBLIC_URL (docs/publishing.md), then retry"),
    ErrorCode.SCHEDULE_MISSED: Meaning("The daemon was off when it was due, for longer than the grace period (only as a post's `errorCode`)", "Retry it to send it now, or reschedule it"),
    ErrorCode.DELIVERY_UNKNOWN: Meaning("Instagram's answer was lost and nobody can tell whether the post is live (only as a post's `errorCode`)", "Look at the account, then retry or clear the post"),
})
# fmt: on
