"""The errors of the Graph API by name, as handlers answer them and as faults put them in the way.

The rows are those of Meta's error table, with codes and subcodes as they come over the wire.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from sandbox.private.failures import Status
from sandbox.wire.message import Fields


@dataclass(frozen=True, slots=True)
class GraphError:
    """One row: what stands in the envelope, and under which HTTP status it is sent."""

    code: int
    subcode: int | None
    message: str
    title: str = ""
    advice: str = ""
    is_transient: bool = False
    status: int = 400
    type: str = "OAuthException"


def _tried(
    code: int, subcode: int, title: str, advice: str, *, transient: bool = False
) -> GraphError:
    """A row of the publishing errors, which speak to people."""
    message = "Fatal" if code < 0 else f"(#{code}) {title}"
    return GraphError(code, subcode, message, title, advice, transient)


GRAPH_ERRORS: dict[str, GraphError] = {
    # Tokens and permissions
    "token_missing": GraphError(
        104, None, "An access token is required to request this resource."
    ),
    "token_invalid": GraphError(
        190, None, "Invalid OAuth access token - Cannot parse access token"
    ),
    "token_expired": GraphError(
        190, 463, "Error validating access token: Session has expired."
    ),
    "token_revoked": GraphError(
        190,
        460,
        "Error validating access token: The session has been invalidated because the user "
        "changed their password or Facebook has changed the session for security reasons.",
    ),
    "token_too_young": GraphError(
        100, None, "(#100) A token can be refreshed once it is 24 hours old"
    ),
    "session_invalid": GraphError(102, None, "Session key invalid or no longer valid"),
    "permission_missing": GraphError(
        10, None, "(#10) Application does not have permission for this action", status=403
    ),
    "permission_denied": GraphError(200, None, "(#200) Permissions error", status=403),
    "permission_declined": GraphError(299, None, "(#299) Permissions error", status=403),
    "app_unknown": GraphError(
        101, None, "Error validating application. Cannot get application info."
    ),
    "app_secret_wrong": GraphError(1, None, "Error validating client secret."),
    # Rates
    "rate_limited": GraphError(
        4, None, "(#4) Application request limit reached", is_transient=True, status=403
    ),
    "user_rate_limited": GraphError(17, None, "(#17) User request limit reached"),
    "page_rate_limited": GraphError(32, None, "(#32) Page request limit reached"),
    "custom_rate_limited": GraphError(
        613, None, "(#613) Calls to this api have exceeded the rate limit."
    ),
    "spam_block": _tried(
        4,
        2207051,
        "Action is blocked",
        "We restrict certain activity to protect our community.",
    ),
    "publishing_limit": _tried(
        9,
        2207042,
        "Reached maximum number of posts that is allowed to be published by Content Publishing API",
        "The account has published as many posts as it may within 24 hours.",
    ),
    # Trouble on Meta's side
    "unknown": GraphError(
        1, None, "An unknown error has occurred.", is_transient=True, status=500
    ),
    "service_unavailable": GraphError(
        2, None, "Service temporarily unavailable", is_transient=True, status=503
    ),
    "server_error": _tried(
        -1, 2207001, "Instagram server error", "Please try again.", transient=True
    ),
    "container_failed": _tried(
        -1, 2207032, "Create media fail", "Failed to create a media. Please try again."
    ),
    "upload_failed": _tried(
        -1, 2207053, "Unknown upload error", "Generate a new container and try again."
    ),
    # Containers
    "download_timeout": _tried(
        -2, 2207003, "Timeout", "It took too long to download the media."
    ),
    "container_expired": _tried(
        -2, 2207020, "Media expired", "The media you are trying to access has expired."
    ),
    "not_yet_publishable": _tried(
        24, 2207008, "Media builder not found", "The container does not exist or has expired."
    ),
    "media_not_found": _tried(
        24, 2207006, "Media not found", "The media you are trying to publish cannot be found."
    ),
    "account_restricted": _tried(
        25, 2207050, "Account restricted", "The account is inactive, checkpointed or restricted."
    ),
    "not_ready": _tried(
        9007, 2207027, "Media is not available", "The media is not ready for publishing."
    ),
    # What was sent
    "not_fetchable": _tried(
        9004, 2207052, "Media download has failed", "The media could not be fetched from this URI."
    ),
    "video_format": _tried(
        352, 2207026, "Unsupported video format", "The video format is not supported."
    ),
    "image_too_large": _tried(
        36000, 2207004, "Image size is too large", "The image is larger than 8 MiB."
    ),
    "image_format": _tried(
        36001, 2207005, "Unsupported image format", "Supported formats: JPEG."
    ),
    "aspect_ratio": _tried(
        36003,
        2207009,
        "The aspect ratio is not supported",
        "The aspect ratio of a feed post has to be within 4:5 and 1.91:1.",
    ),
    "caption_too_long": _tried(
        36004,
        2207010,
        "The caption was too long",
        "A caption has 2,200 characters, 30 hashtags and 20 mentions at most.",
    ),
    "carousel_children": _tried(
        100, 2207028, "Carousel validation failed", "A carousel has 2 to 10 photos and videos."
    ),
    "too_many_tags": _tried(
        100, 2207040, "Too many tags", "At most 20 people can be tagged."
    ),
    "unknown_media_type": _tried(
        100, 2207023, "Unknown media type", "The media_type is not known."
    ),
    "thumb_offset": _tried(
        1, 2207057, "Thumbnail offset is invalid", "It lies outside of the video."
    ),
    # Requests
    "invalid_parameter": GraphError(100, None, "Invalid parameter"),
    "page_image": GraphError(324, None, "(#324) Missing or invalid image file"),
    "page_video": GraphError(389, None, "(#389) Unable to fetch video file from URL."),
    "does_not_exist": GraphError(
        100,
        33,
        "Unsupported request. Object does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation.",
        type="GraphMethodException",
    ),
    "unknown_path": GraphError(2500, None, "Unknown path components"),
}  # fmt: skip


class GraphRefusal(Exception):
    """A request is refused with one of the errors, in other words if a message is given."""

    def __init__(self, name: str, message: str | None = None) -> None:
        super().__init__(message or GRAPH_ERRORS[name].message)
        self.name = name
        self.error = GRAPH_ERRORS[name]

    def status(self) -> Status:
        return graph_error(self.name, message=str(self))


def graph_error(
    name: str,
    *,
    message: str | None = None,
    retry_minutes: int | None = None,
    after_effect: bool = False,
) -> Status:
    """The error as an answer, and as a fault.

    `retry_minutes` adds the usage header that tells when calls are let through again. With
    `after_effect` the fault lies: what was asked for is done first.

    Raises:
        ValueError: there is no error of that name.
    """
    row = GRAPH_ERRORS.get(name)
    if row is None:
        raise ValueError(f"name has to be one of {', '.join(GRAPH_ERRORS)}")
    error: dict[str, object] = {
        "message": message or row.message,
        "type": row.type,
        "code": row.code,
    }
    if row.subcode is not None:
        error["error_subcode"] = row.subcode
    if row.is_transient or row.title:
        error["is_transient"] = row.is_transient
    if row.title:
        error |= {"error_user_title": row.title, "error_user_msg": row.advice}
    error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    headers = () if retry_minutes is None else usage_headers("0", 100, retry_minutes)
    return Status(row.status, {"error": error}, headers=headers, after_effect=after_effect)


def usage_headers(ig_user_id: str, percent: int, regain_minutes: int = 0) -> Fields:
    """The two headers that tell how full the rate limits are."""
    usage = {"call_count": percent, "total_cputime": percent, "total_time": percent}
    business = {"type": "instagram", **usage, "estimated_time_to_regain_access": regain_minutes}
    return (
        ("x-app-usage", json.dumps(usage)),
        ("x-business-use-case-usage", json.dumps({ig_user_id: [business]})),
    )
