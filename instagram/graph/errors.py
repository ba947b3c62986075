"""Meta's error envelopes as our errors: the table of the publishing API, row by row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ground.refusal import ErrorCode
from instagram import errors
from instagram.errors import InstagramError

if TYPE_CHECKING:
    import httpx

_RECONNECT = "reconnect the account"
_Make = Callable[[str], InstagramError]


def _as(kind: type[InstagramError], words: str) -> _Make:
    return lambda detail: kind(_behind(words, detail))


def _refused(code: ErrorCode, words: str) -> _Make:
    return lambda detail: errors.Refused(_behind(words, detail), code)


def _token(words: str) -> _Make:
    return lambda _detail: errors.TokenExpired(f"{words}: {_RECONNECT}")


def _restricted(detail: str) -> InstagramError:
    words = _behind("Instagram restricts the account", detail)
    return errors.ChallengeRequired(f"{words}: open the Instagram app", kind="app")


_trouble = _as(errors.Unreachable, "Instagram has trouble of its own")
_lost = _as(errors.ContainerLost, "Instagram lost what was prepared, and it has to be made anew")
_slow = _as(errors.ContainerLost, "Meta could not fetch the media in time")
_not_ready = _as(errors.NotReady, "Instagram is still processing the media")
_limit = _as(errors.PublishingLimit, "Instagram's daily publishing limit is reached")
_unfetched = _as(errors.FetchFailed, "Meta could not fetch the media from REPRISE_PUBLIC_URL")
_unprocessed = _as(
    errors.ProcessingFailed,
    "Instagram could not process the media: check its format, length and size, or try again later",
)
_not_taken_in = _as(
    errors.ProcessingFailed,
    "Instagram could not take the media in: check its format, length and size, or try again later",
)
_blocked = _as(errors.ActionBlocked, "Instagram blocks this account for now")
_video_format = _refused(
    ErrorCode.VIDEO_PROCESSING_FAILED, "Instagram does not take the format of this video"
)
_too_large = _refused(ErrorCode.MEDIA_INVALID, "The image is larger than 8 MiB")
_image_format = _refused(
    ErrorCode.MEDIA_INVALID, "Instagram does not take the format of this image"
)
_aspect = _refused(ErrorCode.MEDIA_INVALID, "The shape of the media is not between 4:5 and 1.91:1")
_caption = _refused(
    ErrorCode.VALIDATION_ERROR,
    "The caption has more than 2,200 characters, 30 hashtags or 20 mentions",
)

# What may not be told apart by its code alone: the subcode decides before the code does.
_BY_SUBCODE: Mapping[int, _Make] = {
    2207001: _trouble,
    2207003: _slow,
    2207004: _too_large,
    2207005: _image_format,
    2207006: _lost,
    2207008: _not_ready,
    2207009: _aspect,
    2207010: _caption,
    2207020: _lost,
    2207023: _refused(ErrorCode.PROCESSING_FAILED, "Instagram does not know this kind of media"),
    2207026: _video_format,
    2207027: _not_ready,
    2207028: _refused(ErrorCode.INVALID_CAROUSEL, "A carousel has 2 to 10 photos and videos"),
    2207032: _lost,
    2207035: _refused(ErrorCode.INVALID_TAGS, "Videos take no tags with a place"),
    2207036: _refused(ErrorCode.INVALID_TAGS, "Tags on photos need a place"),
    2207037: _refused(ErrorCode.INVALID_TAGS, "Instagram refused the tags"),
    2207040: _refused(ErrorCode.INVALID_TAGS, "At most 20 people can be tagged"),
    2207042: _limit,
    2207050: _restricted,
    2207051: _as(errors.ActionBlocked, "Instagram blocks this account as spam"),
    2207052: _unfetched,
    2207053: _lost,
    2207057: _refused(ErrorCode.PROCESSING_FAILED, "The cover's moment lies outside of the video"),
    2207076: _unprocessed,
    2207077: _not_taken_in,
    2207081: _refused(
        ErrorCode.VIDEO_PROCESSING_FAILED, "Instagram takes no trial Reels from this account"
    ),
    2207082: _not_taken_in,
    2207085: _unprocessed,
}
# A publishing error that is not in the table: passing, as most of them are, but not for ever.
_PUBLISHING = range(2207000, 2208000)
_TOKEN_SUBCODES: Mapping[int, _Make] = {
    458: _token("The account's owner removed the app from Meta"),
    459: _token("Meta wants something confirmed at facebook.com first"),
    460: _token("The password was changed, so the Graph token is not valid any more"),
    463: _token("The Graph token has expired"),
    464: _token("Meta wants the login confirmed at facebook.com first"),
    467: _token("The Graph token is not valid any more"),
    492: _token("The Page has no such role for this token any more"),
}
_NO_ROLE = (
    "The account has no role in the Meta app: accept the invitation as a tester in Instagram's "
    "settings under Apps and websites"
)
_NO_TOKEN = _token("The Graph token is not valid any more")
_rate = "Meta's rate limit is reached"
_BY_CODE: Mapping[int, _Make] = {
    -2: _slow,
    -1: _trouble,
    1: _trouble,
    2: _trouble,
    3: _refused(
        ErrorCode.PROCESSING_FAILED,
        "The Meta app or its token may not do this; check how it is set up",
    ),
    9: _limit,
    24: _lost,
    25: _restricted,
    102: _NO_TOKEN,
    104: _NO_TOKEN,
    190: _NO_TOKEN,
    352: _video_format,
    368: _blocked,
    506: _refused(
        ErrorCode.PROCESSING_FAILED, "Instagram says that the same post was just published"
    ),
    9004: _unfetched,
    9007: _not_ready,
    36000: _too_large,
    36001: _image_format,
    36003: _aspect,
    36004: _caption,
}
_RATES = (4, 17, 32, 341, 613, *range(80000, 80015))
_DOES_NOT_EXIST = (100, 33)
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_NUMBERS = re.compile(r"(?<!\d)\d{3,7}(?!\d)")
_SMALL = 9000  # below, a number in a text may be anything
_ANY_SUBCODE = re.compile(r"(?<!\d)2207\d{3}(?!\d)")
# What Meta says when it says nothing.
_EMPTY = re.compile(
    r"(error:?)?\s*(fatal|media upload has failed with error code \d+|\d*)", re.IGNORECASE
)


def translate_status(status: str) -> InstagramError:
    """Return our error for a container's `status`, whose text names the code if any."""
    for number in map(int, _NUMBERS.findall(status)):
        make = _BY_SUBCODE.get(number) or (_BY_CODE.get(number) if number > _SMALL else None)
        if make is not None:
            return make(_detail(status, number))
    found = _ANY_SUBCODE.search(status)
    return _unprocessed(_detail(status, int(found[0]) if found else 0))


def translate_answer(answer: httpx.Response, *, writes: bool) -> InstagramError:
    """Return our error for an answer that is none of success.

    `writes` marks a request with an effect outside: where the answer does not say whether it
    had its effect, the result has `maybe_applied` set.
    """
    error = _envelope(answer)
    if error is None:
        if answer.status_code == 429:
            return errors.RateLimited("Instagram answers 429", _retry_after(answer))
        # Not in Meta's own words, so nothing that is final.
        return errors.Illegible(f"Instagram answers {answer.status_code}", maybe_applied=writes)
    found = _told(error, answer.status_code, _retry_after(answer))
    if isinstance(found, errors.Unreachable):
        found.maybe_applied = writes
    return found


def translate_told(code: int, subcode: int, message: str) -> InstagramError:
    """Return our error for what Meta has told somebody else in our name."""
    error = {"code": code, "error_subcode": subcode, "message": message}
    return _told(error, 400, None)


def _told(error: Mapping[str, Any], status: int, retry_after: float | None) -> InstagramError:
    code, subcode = _number(error, "code"), _number(error, "error_subcode")
    message = _message(error)
    if not subcode and (named := _ANY_SUBCODE.search(str(error.get("message")))):
        subcode = int(named[0])
    detail = _detail(message, subcode or code)
    if subcode in _BY_SUBCODE:
        return _BY_SUBCODE[subcode](detail)
    if code == 190 and subcode in _TOKEN_SUBCODES:
        return _TOKEN_SUBCODES[subcode](detail)
    if code in _RATES:
        return errors.RateLimited(_behind(_rate, detail), retry_after)
    if (code, subcode) == _DOES_NOT_EXIST:
        return errors.Gone(f"Instagram does not know it ({message})")
    if code == 10 or 200 <= code <= 299:
        return errors.Refused(f"The token lacks a permission ({message}): {_RECONNECT}")
    if code == 100 and error.get("type") == "IGApiException":
        return errors.Refused(_behind(_NO_ROLE, detail))
    if subcode in _PUBLISHING:
        return _unprocessed(detail)
    if code in _BY_CODE:
        return _BY_CODE[code](detail)
    if error.get("is_transient") or status >= 500:
        return _trouble(detail)
    return errors.Unexplained(f"Instagram refused the request ({message})")


def _envelope(answer: httpx.Response) -> Mapping[str, Any] | None:
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return None
    return error if isinstance(error, dict) else None


def _number(error: Mapping[str, Any], name: str) -> int:
    value = error.get(name)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)  # some of Meta's gateways write numbers as text
    return value if isinstance(value, int) else 0


def _behind(words: str, detail: str) -> str:
    return f"{words} ({detail})" if detail else words


def _detail(message: str, number: int) -> str:
    """Return Meta's words, or the number alone where they say no more than that."""
    said = message.strip().rstrip(". ")
    if _EMPTY.fullmatch(said):
        return str(number) if number else ""
    return said


def _message(error: Mapping[str, Any]) -> str:
    # Meta's words for people where there are some; never a whole body.
    words = error.get("error_user_msg") or error.get("message") or "no reason given"
    return str(words)[:200].rstrip(". ")


def _retry_after(answer: httpx.Response) -> float | None:
    """Return the seconds after which calls are let through, as far as the headers tell."""
    stated = answer.headers.get("retry-after", "")
    if stated.isascii() and stated.isdigit():
        return float(stated)
    try:
        usage = json.loads(answer.headers.get("x-business-use-case-usage", "{}"))
        minutes = [
            float(entry.get("estimated_time_to_regain_access") or 0)
            for entries in usage.values()
            for entry in entries
        ]
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return max(minutes, default=0.0) * 60 or None
