"""aiograpi's exceptions as ours: one place, because the same trouble has many names there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pydantic
from aiograpi import exceptions as ig
from curl_cffi import CurlECode, CurlError

from instagram import errors
from instagram.hour import told_by
from instagram.private.client import ANSWER, AnswersWithoutEnd
from instagram.private.held import HELD_WORDS, held_against

# What a call into aiograpi can raise besides its own tree: it validates with pydantic and
# asserts, indexes raw JSON, and lets httpx errors of uploads and key fetches through.
RAISED: tuple[type[Exception], ...] = (
    ig.ClientError,
    httpx.HTTPError,
    httpx.InvalidURL,
    pydantic.ValidationError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
)

_CURL_BEFORE_SENDING = (
    CurlECode.COULDNT_RESOLVE_PROXY,
    CurlECode.COULDNT_RESOLVE_HOST,
    CurlECode.COULDNT_CONNECT,
    CurlECode.SSL_CONNECT_ERROR,
    CurlECode.PEER_FAILED_VERIFICATION,
    CurlECode.PROXY,
)
_OPEN_THE_APP = "Open the Instagram app, confirm what it asks, then log in here again"

_TROUBLES: tuple[tuple[tuple[type[Exception], ...], type[errors.AccountTrouble], str], ...] = (
    (
        (ig.AccountSuspended,),
        errors.AccountSuspended,
        "Instagram has suspended this account. Open the Instagram app to see why",
    ),
    (
        (ig.FeedbackRequired, ig.SentryBlock),
        errors.ActionBlocked,
        "Instagram blocked this action for the account (feedback_required)",
    ),
    (
        (ig.PleaseWaitFewMinutes, ig.RateLimitError),
        errors.ActionBlocked,
        "Instagram asks this account to wait (please wait a few minutes)",
    ),
)
# Where aiograpi has no class either, and keeps the answer as a text alone.
_FILE_FOR_A_CHAT = re.compile(
    r"messenger_\w+ \w+ \w+ failed: (?P<status>\d{3}) (?P<body>.*)", re.DOTALL
)
_CHALLENGES: tuple[tuple[type[Exception], str, str], ...] = (
    (ig.ConsentRequired, "consent", f"Instagram wants its terms accepted. {_OPEN_THE_APP}"),
    (ig.CheckpointRequired, "app", f"Instagram wants the account confirmed. {_OPEN_THE_APP}"),
    (ig.CaptchaChallengeRequired, "app", f"Instagram shows a captcha. {_OPEN_THE_APP}"),
    (ig.ChallengeError, "app", f"Instagram wants to know that it is you. {_OPEN_THE_APP}"),
)


def translate(exc: Exception, *, writes: bool = False) -> errors.InstagramError:
    """Return our error for one that a call into aiograpi raised.

    `writes` marks a call with an effect outside: unless it provably never left, the result has
    `maybe_applied` set, whatever was answered.
    """
    exc = _unhidden(exc)
    error = _ours(exc)
    error.maybe_applied = writes and not _never_left(exc)
    return error


def raised_of(error: BaseException) -> Exception | None:
    """Return what was raised by aiograpi where our error comes from one of its, or None."""
    cause = error.__cause__
    if not isinstance(cause, RAISED) or isinstance(cause, errors.InstagramError):
        return None
    return _unhidden(cause)


def _unhidden(exc: Exception) -> Exception:
    """Return what was answered, where aiograpi hides that in an error about media."""
    is_hidden = type(exc) is ig.MediaError and isinstance(exc.__context__, ig.ClientError)
    return exc.__context__ if is_hidden and isinstance(exc.__context__, Exception) else exc


def said_of(exc: Exception | None) -> dict[str, Any]:
    """Return what of an answer that asks for a challenge is needed to meet it."""
    said = {} if exc is None else _said(exc)
    kept = {key: said[key] for key in ("message", "error_type", "status") if key in said}
    challenge = said.get("challenge")
    if isinstance(challenge, dict) and isinstance(challenge.get("api_path"), str):
        kept["challenge"] = {"api_path": challenge["api_path"]}
    return kept


def _ours(exc: Exception) -> errors.InstagramError:
    for classes, ours, reason in _TROUBLES:
        if isinstance(exc, classes):
            return ours(reason)
    for cls, kind, reason in _CHALLENGES:
        if isinstance(exc, cls):
            return errors.ChallengeRequired(reason, kind=kind)
    told = {"message": getattr(exc, "message", ""), "status": "ok"}
    if (held := held_against(_said(exc)) or held_against(told)) is not None:
        return _ours(held())
    if (upload := _FILE_FOR_A_CHAT.match(str(exc))) is not None:
        return _of_file_for_a_chat(upload["status"], upload["body"])
    if isinstance(exc, ig.TwoFactorRequired):
        return errors.TwoFactorRequired("The login needs a two-factor code")
    if isinstance(exc, (ig.BadPassword, ig.BadCredentials)):
        return errors.LoginFailed("Instagram refused the password")
    if _says_login_required(exc):
        return errors.SessionExpired("Instagram ended the session; log in again")
    # Also a 429 whose body is none of Instagram's, which aiograpi calls by other names.
    if isinstance(exc, ig.ClientThrottledError) or _status(exc) == 429:
        return errors.RateLimited("Instagram answers 429: too many requests", _retry_after(exc))
    refusal = _login_refusal(exc)
    if refusal is not None:
        return refusal
    return _about_the_request(exc)


def _of_file_for_a_chat(status: str, body: str) -> errors.InstagramError:
    for words, held in HELD_WORDS.items():
        if words in body:
            return _ours(held())
    if status == "429":
        return errors.RateLimited("Instagram answers 429: too many requests")
    return errors.Unreachable(f"Instagram did not take the file ({status})")


def _login_refusal(exc: Exception) -> errors.InstagramError | None:
    """Return what only a login can be answered with, or None."""
    # aiograpi reads them of its own calls only, and not of uploads.
    said = _said(exc)
    told = getattr(exc, "error_type", "") or said.get("error_type") or ""
    kind = str(told).strip().casefold().replace(" ", "_")
    message = f"{getattr(exc, 'message', '')} {said.get('message')}".casefold()
    # aiograpi takes "The username you entered doesn't belong to an account" for a blocked proxy.
    if isinstance(exc, ig.ProxyAddressIsBlocked) or kind == "invalid_user":
        return errors.LoginFailed(
            "Instagram knows no account of that username, or distrusts this address: "
            "check the username, then log in again"
        )
    if kind in ("inactive_user", "user_disabled") or "has been disabled" in message:
        return errors.AccountSuspended(
            "Instagram has disabled this account. Open the Instagram app to see why"
        )
    if kind == "ip_block":
        return errors.LoginStopped(
            "Instagram blocks this address (ip_block). Give the account a proxy of its own"
        )
    if isinstance(exc, ig.ClientNeedsUpgradeError):
        return errors.Refused("Instagram wants a newer app; update Reprise")
    if isinstance(exc, ig.GeoBlockRequired):
        return errors.Refused("Instagram does not serve the country of this address")
    return None


def _about_the_request(exc: Exception) -> errors.InstagramError:
    if isinstance(exc, AnswersWithoutEnd):
        return errors.Unreachable("Instagram's pages had no end: the call was stopped")
    if isinstance(exc, httpx.InvalidURL):
        return errors.NotAsked("An argument makes no address; nothing was sent")
    if type(exc) is ig.UserError:
        return errors.Refused("Instagram has that for business accounts alone")
    if type(exc) is ig.MediaError:
        return errors.Gone("Instagram has no insights of this post for this account")
    if "Transcode not finished" in str(exc):
        return errors.NotReady("Instagram is still processing the video")
    if isinstance(exc, (ig.NotFoundError, ig.ClientNotFoundError, ig.MediaUnavailable)):
        if not _is_its_own(exc):  # a proxy's or an error page's 404 says nothing about it
            return errors.Illegible("No usable answer from Instagram (a page with 404)")
        return errors.Gone("It is gone from Instagram")
    if isinstance(exc, (ig.PrivateAccount, ig.InvalidTargetUser)):
        return errors.Gone("It belongs to a private account that this account does not follow")
    status = _status(exc)
    if status is not None and 400 <= status < 500 and status != 408:
        if _is_a_page(exc):  # nothing that is final is said so
            return errors.Illegible(f"No usable answer from Instagram (a page with {status})")
        return errors.Unexplained(f"Instagram refused the request ({status}{_message(exc)})")
    if isinstance(exc, (ig.UnknownError, ig.ClientStatusFail, ig.ClientErrorWithTitle)):
        said = _message(exc).lstrip(", ")
        return errors.Unexplained(f"Instagram refused the request ({said})")
    if _never_left(exc):
        return errors.Unanswered("Instagram or the proxy to it cannot be reached")
    if status is not None and status >= 500:
        return errors.Unreachable(f"Instagram answers {status}")
    if isinstance(exc, (ig.ClientError, httpx.HTTPError)):
        kind = errors.Unanswered if _was_lost(exc) else errors.Unreachable
        return kind(f"No usable answer from Instagram ({type(exc).__name__})")
    return errors.Unreachable(
        f"Instagram answered in a form that is not known ({type(exc).__name__})"
    )


def _says_login_required(exc: Exception) -> bool:
    if isinstance(exc, (ig.LoginRequired, ig.ClientLoginRequired, ig.PreLoginRequired)):
        return True
    response = _response(exc)
    sources = [str(getattr(exc, "message", "") or "")]
    if response is not None:
        sources += [response.text[:512], response.headers.get("location", "")]
    words = ("login_required", "user_has_logged_out", "/accounts/login")
    return any(word in source for source in sources for word in words)


def _response(exc: BaseException) -> httpx.Response | None:
    # Some of aiograpi's errors carry the answer, others only arose while it was handled.
    for link in _of_this_request(exc):
        if ANSWER in vars(link):
            response = vars(link)[ANSWER]
            return response if isinstance(response, httpx.Response) else None
        response = getattr(link, "response", None)
        if isinstance(response, httpx.Response):
            return response
    return None


def _of_this_request(exc: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it arose from, as far as that is about the same request.

    Behind an error of ours lies another request: a question after a lost answer, or a second
    attempt, must not be read by the answer to the first.
    """
    while exc is not None and not isinstance(exc, errors.InstagramError):
        yield exc
        exc = exc.__cause__ or exc.__context__


def _said(exc: Exception) -> Mapping[str, Any]:
    """Return the answer's own words, where it is an object."""
    response = _response(exc)
    try:
        said = None if response is None else response.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _status(exc: Exception) -> int | None:
    response = _response(exc)
    return None if response is None else response.status_code


def _is_a_page(exc: Exception) -> bool:
    """Say whether the answer is none of Instagram's own words, which are JSON."""
    response = _response(exc)
    return response is not None and not response.content.lstrip().startswith(b"{")


def _is_its_own(exc: Exception) -> bool:
    """Say whether an answer is one of Instagram's, which say in JSON how they went."""
    return _response(exc) is None or isinstance(_said(exc).get("status"), str)


def _message(exc: Exception) -> str:
    # Only Instagram's own short message, never a body: bodies can carry tokens.
    message = getattr(exc, "message", "")
    if not isinstance(message, str) or not message or len(message) > 200 or "{" in message:
        return ""
    return f", {message}"


def _retry_after(exc: Exception) -> float | None:
    """Return how many seconds an answer asks to wait: a number, or until a time by its clock."""
    response = _response(exc)
    if response is None:
        return None
    value = response.headers.get("retry-after", "")
    if value.isascii() and value.isdigit():
        return float(value)
    until, at = told_by(value), told_by(response.headers.get("date"))
    return None if until is None or at is None else (until - at).total_seconds()


def _was_lost(exc: BaseException) -> bool:
    """Say whether the connection broke, or nothing came, before there was any answer."""
    is_of_network = any(
        isinstance(link, (CurlError, httpx.TransportError)) for link in _of_this_request(exc)
    )
    return is_of_network and _response(exc) is None


def _never_left(exc: BaseException) -> bool:
    # aiograpi calls every failure of curl ConnectProxyError; curl's own code says whether there
    # was a connection at all. A reset or a timeout afterwards says nothing about the effect.
    for link in _of_this_request(exc):
        if isinstance(link, (ig.PreLoginRequired, httpx.InvalidURL)):
            return True
        if isinstance(link, CurlError):
            return link.code in _CURL_BEFORE_SENDING
        if isinstance(vars(link).get(ANSWER), httpx.Response):
            return False
    return False
