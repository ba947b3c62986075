"""The refusals Instagram is known for, as handlers send them and as faults put them in the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.wire.message import Data, Exchange, Fields, JsonObject, Response

if TYPE_CHECKING:
    from sandbox.world.person import Person

_HOST = "https://i.instagram.com"


@dataclass(frozen=True, slots=True)
class Status:
    """A fixed answer: JSON, or text of any type.

    As a fault it keeps the effect from happening, unless that is to happen first.
    """

    code: int
    json: object = None
    text: str | None = None
    content_type: str = "text/html; charset=utf-8"
    headers: Fields = ()
    after_effect: bool = False

    def response(self) -> Response:
        if self.text is None:
            return Response.json(self.code, self.json, self.headers)
        body = Data(self.text.encode())
        return Response(self.code, body, (("content-type", self.content_type), *self.headers))

    async def answer(self, exchange: Exchange) -> Response:
        if self.after_effect:
            await exchange.perform()
        return self.response()


def _failure(code: int, message: str, **more: object) -> Status:
    return Status(code, {"message": message, **more, "status": "fail"})


def login_required() -> Status:
    """The session is not, or no longer, valid."""
    return _failure(
        403,
        "login_required",
        error_title="You've Been Logged Out",
        error_body="Please log back in.",
        logout_reason=8,
    )


def challenge_required(person: Person, *, path: str | None = None) -> Status:
    """The account has to prove who it is; the sandbox plays the steps behind the path."""
    path = path or person.challenge.path
    challenge: JsonObject = {
        "url": f"{_HOST}{path}",
        "api_path": path,
        "hide_webview_header": True,
        "lock": True,
        "logout": False,
        "native_flow": False,
    }
    return _failure(400, "challenge_required", challenge=challenge)


def suspended(person: Person) -> Status:
    """The account is suspended: a challenge that leads nowhere."""
    return challenge_required(person, path=f"/accounts/suspended/{person.pk}/")


def checkpoint_required() -> Status:
    """The account has to be looked after on the web."""
    return _failure(
        400, "checkpoint_required", checkpoint_url=f"{_HOST}/challenge/checkpoint/", lock=False
    )


def consent_required() -> Status:
    """New terms have to be accepted in the app first."""
    return _failure(
        400,
        "consent_required",
        consent_data={
            "headline": "Updates to our terms",
            "content": "Please read our terms and accept them to continue.",
            "button_text": "Review",
        },
    )


def feedback_required() -> Status:
    """The action is blocked as spam."""
    return _failure(
        400,
        "feedback_required",
        spam=True,
        feedback_title="Try Again Later",
        feedback_message="We limit how often you can do certain things on Instagram.",
        feedback_url="repute/report_problem/instagram_story/",
        feedback_action="report_problem",
    )


def please_wait() -> Status:
    """Too many requests, in the wording that means a long pause."""
    return _failure(429, "Please wait a few minutes before you try again.", require_login=True)


def throttled(retry_after: int) -> Status:
    """Too many requests, with the seconds to wait in `Retry-After`."""
    fields = (("retry-after", str(retry_after)),)
    return Status(429, {"message": "Rate limited", "status": "fail"}, headers=fields)


def bad_password() -> Status:
    """The legacy login's answer to a wrong password."""
    return _failure(
        400,
        "The password you entered is incorrect. Please try again.",
        error_type="bad_password",
        error_title="Incorrect Password",
        invalid_credentials=True,
    )


def two_factor_required(info: JsonObject) -> Status:
    """The legacy login's question for the second factor."""
    return _failure(400, "", error_type="two_factor_required", two_factor_info=info)


def unknown_user() -> Status:
    """The login's answer to a username that nobody has."""
    return _failure(
        400,
        "The username you entered doesn't appear to belong to an account. "
        "Please check your username and try again.",
        error_type="invalid_user",
        invalid_credentials=True,
    )
