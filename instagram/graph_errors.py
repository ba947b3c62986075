"""Meta's error envelopes as our errors: the table of the publishing API, row by row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from instagram import errors
from instagram.errors import InstagramError

_RECONNECT = "reconnect the account"
_Make = Callable[[str], InstagramError]


def _refused(code: str) -> _Make:
    return lambda message: errors.Refused(message, code)


def _restricted(message: str) -> InstagramError:
    return errors.ChallengeRequired(
        f"Instagram restricts the account ({message}): open the Instagram app", kind="app"
    )


def _not_ready(message: str) -> InstagramError:
    return errors.NotReady(f"Instagram is still processing the media ({message})")


# What may not be told apart by its code alone: the subcode decides before the code does.
_BY_SUBCODE: Mapping[int, _Make] = {
    2207051: lambda m: errors.ActionBlocked(f"Instagram blocks this account as spam ({m})"),
    2207042: lambda m: errors.PublishingLimit(
        f"Instagram's daily publishing limit is reached ({m})"
    ),
    2207001: lambda m: errors.Unavailable(f"Instagram has trouble of its own ({m})"),
    2207032: errors.ContainerLost,
    2207053: errors.ContainerLost,
    2207003: errors.ContainerLost,
    2207020: errors.ContainerLost,
    2207006: errors.ContainerLost,
    2207008: _not_ready,
    2207027: _not_ready,
    2207050: _restricted,
    2207052: lambda m: errors.MediaUnreachable(f"Meta could not fetch the media ({m})"),
    2207026: _refused("VIDEO_PROCESSING_FAILED"),
    2207004: _refused("MEDIA_INVALID"),
    2207005: _refused("MEDIA_INVALID"),
    2207009: _refused("MEDIA_INVALID"),
    2207010: _refused("VALIDATION_ERROR"),
    2207028: _refused("INVALID_CAROUSEL"),
    2207040: _refused("INVALID_TAGS"),
    2207023: _refused("PROCESSING_FAILED"),
    2207057: _refused("PROCESSING_FAILED"),
}
_TOKEN = (102, 104, 190)
_RATES = (4, 17, 32, 613)
_TRANSIENT = (-1, 1, 2)
_DOES_NOT_EXIST = (100, 33)


def translate_subcode(subcode: int, message: str) -> InstagramError:
    """Return our error for the subcode that a container's `status` names."""
    make = _BY_SUBCODE.get(subcode)
    return make(message) if make else errors.ContainerLost(message)


def translate_answer(answer: httpx.Response, *, writes: bool) -> InstagramError:
    """Return our error for an answer that is none of success.

    `writes` marks a request with an effect outside: where the answer does not say whether it
    had its effect, the result has `maybe_applied` set.
    """
    error = _envelope(answer)
    if error is None:
        if 400 <= answer.status_code < 500 and answer.status_code not in (408, 429):
            return errors.Refused(f"Instagram refused the request ({answer.status_code})")
        if answer.status_code == 429:
            return errors.RateLimited("Instagram answers 429", _retry_after(answer))
        return errors.Unavailable(f"Instagram answers {answer.status_code}", maybe_applied=writes)
    code, subcode = _number(error, "code"), _number(error, "error_subcode")
    message = _message(error)
    if subcode in _BY_SUBCODE:
        found = _BY_SUBCODE[subcode](message)
        if isinstance(found, errors.Unavailable):
            found.maybe_applied = writes
        return found
    return _by_code(code, subcode, message, answer, error, writes=writes)


def _by_code(
    code: int,
    subcode: int,
    message: str,
    answer: httpx.Response,
    error: Mapping[str, Any],
    *,
    writes: bool,
) -> InstagramError:
    if code in _TOKEN:
        return errors.TokenExpired(f"The Graph token is not valid any more: {_RECONNECT}")
    if code in _RATES:
        return errors.RateLimited(f"Meta's rate limit is reached ({message})", _retry_after(answer))
    if (code, subcode) == _DOES_NOT_EXIST:
        return errors.NotFound(f"Instagram does not know it ({message})")
    if code == 10 or 200 <= code <= 299:
        return errors.Refused(f"The token lacks a permission ({message}): {_RECONNECT}")
    if error.get("is_transient") or code in _TRANSIENT or answer.status_code >= 500:
        return errors.Unavailable(
            f"Instagram has trouble of its own ({message})", maybe_applied=writes
        )
    return errors.Refused(f"Instagram refused the request ({message})")


def _envelope(answer: httpx.Response) -> Mapping[str, Any] | None:
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return None
    return error if isinstance(error, dict) else None


def _number(error: Mapping[str, Any], name: str) -> int:
    value = error.get(name)
    return value if isinstance(value, int) else 0


def _message(error: Mapping[str, Any]) -> str:
    # Meta's words for people where there are some; never a whole body.
    words = error.get("error_user_msg") or error.get("message") or "no reason given"
    return str(words)[:200].rstrip(". ")


def _retry_after(answer: httpx.Response) -> float | None:
    """Return the seconds after which calls are let through, as far as the headers tell."""
    stated = answer.headers.get("retry-after", "")
    if stated.isdigit():
        return float(stated)
    try:
        usage = json.loads(answer.headers.get("x-business-use-case-usage", "{}"))
        minutes = [
            float(entry.get("estimated_time_to_regain_access") or 0)
            for entries in usage.values()
            for entry in entries
        ]
    except (ValueError, TypeError, AttributeError):
        return None
    return max(minutes, default=0.0) * 60 or None
