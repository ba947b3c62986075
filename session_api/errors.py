"""Failures in the guide's body: `detail`, `exc_type` and, where one helps, a `hint`."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never, cast

import orjson

from ground.refusal import ErrorCode, Refusal
from instagram import errors
from instagram.private.translation import raised_of, said_of
from operations.refusing import refusal_of
from serving.answer import Answer
from serving.body import TooLarge
from session_api.door import StillOnItsWay
from session_api.given import Malformed
from session_api.rails import Railed
from storage.troubles import TroubleKind

logger = logging.getLogger(__name__)
_TWO_FACTOR = "Send the same request again with `verification_code`"
_RESOLVE = "Call POST /auth/challenge/resolve with this `last_json` and the `security_code`"
_ELSEWHERE = "Confirm it in the Instagram app, then log in again or import a session that works"
_PAUSE = "Pause, ask less often, and check the account and its proxy before going on"
_USERNAME = "Check the username, then retry POST /auth/login"
_JOIN = (
    "It goes out by itself: the same request again waits for it, and POST /api/v1/posts/{post_id}"
    "/release takes it back"
)
_LOOK = "Look at what is there before asking again: the same again is likely to end the same"
_PERHAPS = "It may have been done nevertheless: look before asking for the same again"
_LOG_IN = "POST /auth/login, or import a session by PATCH /auth/settings"
# What our codes are on this face, where it is not 400.
_STATUS = {
    ErrorCode.AUTH_REQUIRED: 401,
    ErrorCode.AUTH_INVALID_KEY: 401,
    ErrorCode.TOKEN_INVALID: 401,
    ErrorCode.NO_ACTIVE_SESSION: 401,
    ErrorCode.LOGIN_FAILED: 401,
    ErrorCode.FORBIDDEN_ORIGIN: 403,
    ErrorCode.INSUFFICIENT_SCOPE: 403,
    ErrorCode.COOKIE_AUTH_REQUIRED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.INVALID_STATUS: 409,
    ErrorCode.IDEMPOTENCY_IN_FLIGHT: 409,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.LOGIN_RATE_LIMITED: 429,
    ErrorCode.INTERNAL_ERROR: 500,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
    ErrorCode.DELIVERY_UNKNOWN: 502,
}
_FORBIDDEN = {"PrivateAccount", "InvalidTargetUser", "GeoBlockRequired", "SentryBlock"}


class Absent(Exception):
    """What no client can do any more, or this release does not: the text says which and why."""


class NotDone(Exception):
    """An act that Instagram answered without a refusal and has not done."""

    def __init__(self) -> None:
        super().__init__("Instagram answered, and has not done it; it gave no reason")


class Challenged(Exception):
    """A login that waits for a person; `last_json` is what resolving it takes."""

    def __init__(self, reason: str, last_json: dict[str, Any], *, takes_code: bool) -> None:
        super().__init__(reason)
        self.last_json = last_json
        self.takes_code = takes_code


@dataclass(slots=True)
class _Told:
    status: int
    detail: Any
    exc_type: str = ""
    hint: str = ""
    until: datetime | None = None
    retry_after_s: float | None = None
    more: dict[str, Any] = field(default_factory=dict)


def answer_to(error: Exception, now: datetime, known_as: str) -> Answer:
    """Return the answer to a failure; a bug is logged under the request's id."""
    told = _told(error)
    if told is None:
        logger.error("request failed id=%s", known_as, exc_info=error)
        told = _Told(500, f"Something went wrong; the log has it under {known_as}", "InternalError")
    body: dict[str, Any] = {"detail": told.detail}
    if told.exc_type:
        body["exc_type"] = told.exc_type
    if told.hint:
        body["hint"] = told.hint
    if told.until is not None:
        body["until"] = told.until.isoformat()
    body.update(told.more)
    headers = {}
    wait_s = told.retry_after_s
    if told.until is not None:
        wait_s = max(1.0, (told.until - now).total_seconds())
    if wait_s is not None:
        headers["Retry-After"] = str(math.ceil(wait_s))
    return Answer(orjson.dumps(body), told.status, headers)


def _told(error: Exception) -> _Told | None:
    if isinstance(error, Malformed):
        return _Told(422, error.detail)
    if isinstance(error, StillOnItsWay):
        later: dict[str, Any] = {"post_id": error.post_id}
        return _Told(504, str(error), "StillOnItsWay", _JOIN, error.until, more=later)
    if isinstance(error, Absent):
        return _Told(501, str(error), "NotServed")
    if isinstance(error, NotDone):
        return _Told(409, str(error), "NotDone", _LOOK)
    if isinstance(error, Challenged):
        hint = _RESOLVE if error.takes_code else _ELSEWHERE
        more: dict[str, Any] = {"last_json": error.last_json}
        return _Told(403, str(error), "ChallengeRequired", hint, more=more)
    if isinstance(error, Railed):
        hold = error.hold
        held: dict[str, Any] = {"rail": hold.rail}
        status = _STATUS_OF_HOLD.get(hold.rail, 429)
        hint = _HINT_OF_HOLD.get(hold.rail) or {401: _LOG_IN, 403: _RESOLVE}.get(status, _PAUSE)
        return _Told(status, hold.reason, "Railed", hint, hold.until, more=held)
    if isinstance(error, errors.InstagramError):
        told = _of_instagram(error)
        if error.hold is not None:  # so that the first who meets it hears for how long
            told.until = error.hold.until
            told.more["rail"] = error.hold.rail
        return told
    refused = refusal_of(error)
    return None if refused is None else _of_refusal(refused)


def _of_refusal(refused: Refusal) -> _Told:
    status = 413 if isinstance(refused, TooLarge) else _STATUS.get(refused.code, 422)
    hint = _LOG_IN if refused.code is ErrorCode.NO_ACTIVE_SESSION else ""
    until, wait_s = refused.until, refused.retry_after_s
    kind = "".join(word.title() for word in refused.code.split("_"))
    return _Told(status, refused.message, kind, hint, until, wait_s)


def _of_instagram(error: errors.InstagramError) -> _Told:
    raised = raised_of(error)
    kind = type(raised or error).__name__
    failed = cast(errors.AnyError, error)
    match failed:
        case errors.TwoFactorRequired():
            return _Told(401, failed.reason, "TwoFactorRequired", _TWO_FACTOR)
        case errors.LoginFailed():
            is_unknown = "username" in failed.reason
            return _Told(401, failed.reason, kind, _USERNAME if is_unknown else _LOG_IN)
        case errors.SessionExpired() | errors.NotLoggedIn():
            return _Told(401, failed.reason, kind, _LOG_IN)
        case errors.WrongCode():
            return _Told(401, failed.reason, kind, "Send another code")
        case errors.ChallengeRequired() | errors.AccountSuspended():
            said = said_of(raised)
            asked: dict[str, Any] = {"last_json": said} if said else {}
            hint = _RESOLVE if said.get("challenge") else _ELSEWHERE
            return _Told(403, failed.reason, kind, hint, more=asked)
        case errors.AccountOnHold(hold=hold):
            return _Told(_STATUS_OF_HOLD.get(hold.rail, 429), hold.reason, kind, _PAUSE)
        case errors.ActionBlocked():
            status = 403 if kind in _FORBIDDEN else 429
            return _Told(status, failed.reason, kind, _PAUSE)
        case errors.RateLimited():
            return _Told(429, failed.reason, kind, _PAUSE, retry_after_s=failed.retry_after_s)
        case errors.Gone():
            return _Told(403 if kind in _FORBIDDEN else 404, failed.reason, kind)
        case errors.NotAsked():
            return _Told(422, failed.reason, kind)
        case errors.Refused():
            return _Told(403 if kind in _FORBIDDEN else 422, failed.reason, kind)
        case errors.DownloadFailed():
            return _Told(422 if failed.permanent else 502, failed.reason, "DownloadFailed")
        case errors.PublishingLimit():
            return _Told(429, failed.reason, kind, _PAUSE)
        case (
            errors.Unreachable()
            | errors.NotReady()
            | errors.TokenExpired()
            | errors.ContainerLost()
            | errors.MediaUnreachable()
            | errors.FileGone()
        ):
            is_late = "did not answer within" in failed.reason
            hint = _PERHAPS if failed.maybe_applied else ""
            return _Told(504 if is_late else 502, failed.reason, kind, hint)
        case _:
            assert_never(failed)


_STATUS_OF_HOLD = {
    TroubleKind.LOGIN.value.lower(): 401,
    TroubleKind.CHALLENGE.value.lower(): 403,
    "session_confirmation": 403,
    "session_stranger": 403,
}
_HINT_OF_HOLD = {
    "session_confirmation": "Ask the person whose account it is, then send `confirm` too",
    "session_social": "Only who runs Reprise can allow it, in its settings",
    "session_queue": "Wait until the post before it is out",
}
