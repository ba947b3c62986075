"""The second step of a login: a code from an authenticator, or one that came by mail."""

from __future__ import annotations

import base64
import binascii
import hmac
import time

from sandbox.private import bloks
from sandbox.private.login import OLD_TWO_FACTOR, PROFILE_ENTRY, TWO_FACTOR, old_door_opens
from sandbox.wire.call import Call
from sandbox.wire.message import Response
from sandbox.world.person import Person

_PROFILE_SCREEN = "profile code screen"
_PROFILE_SUBMIT = "profile code submit"
_OLD_METHODS = {"1": "sms", "2": "backup_codes", "3": "totp"}
_TOTP_STEP_S = 30
_TOTP_DRIFT = (-1, 0, 1)


async def two_factor_screen(call: Call) -> Response:
    """Any of the screens on the way to the code."""
    return bloks.screen() if _two_factor_person(call) else _lost()


async def choose_two_factor(call: Call) -> Response:
    """The choice of the method; a text message goes out for one of them."""
    person = _two_factor_person(call)
    if person is None:
        return _lost()
    if call.bloks("client_input_params", "selected_method") == "sms":
        if not person.sms_two_factor:
            return Response.fail(400, "This account has no two-factor messages")
        person.codes_sent.append("sms")
    return bloks.screen()


async def old_two_factor_login(call: Call) -> Response:
    """The second factor at the old login."""
    person = call.world.tickets.holder(OLD_TWO_FACTOR, call.form.get("two_factor_identifier"))
    if person is None:
        return _lost()
    method = _OLD_METHODS.get(str(call.form.get("verification_method")), "")
    if not _is_right(person, method, str(call.form.get("verification_code"))):
        text = "Please check the security code and try again."
        kind = "sms_code_validation_code_invalid"
        return Response.json(400, {"message": text, "error_type": kind, "status": "fail"})
    return old_door_opens(call, person)


async def verify_two_factor(call: Call) -> Response:
    """The code of the chosen method; the right one logs in."""
    person = _two_factor_person(call)
    if person is None:
        return _lost()
    code = str(call.bloks("client_input_params", "code"))
    is_right = _is_right(person, str(call.bloks("server_params", "challenge")), code)
    return _logged_in(call, person) if is_right else _wrong_code()


def _is_right(person: Person, method: str, code: str) -> bool:
    if method == "backup_codes":
        is_right = code in person.backup_codes
        person.backup_codes.discard(code)
        return is_right
    if method == "sms":
        return "sms" in person.codes_sent and code == person.security_code
    return person.totp_seed is not None and code in totp_codes(person.totp_seed)


async def open_profile_code(call: Call) -> Response:
    """The entrance to the code that came by mail."""
    return _next_profile_screen(call, PROFILE_ENTRY, bloks.PROFILE_CODE_SCREEN, _PROFILE_SCREEN)


async def profile_code_screen(call: Call) -> Response:
    """The screen that asks for the code."""
    return _next_profile_screen(call, _PROFILE_SCREEN, bloks.PROFILE_CODE_SUBMIT, _PROFILE_SUBMIT)


async def submit_profile_code(call: Call) -> Response:
    """The code itself; the right one logs in."""
    person = call.world.tickets.holder(_PROFILE_SUBMIT, call.bloks("server_params", "context_data"))
    if person is None:
        return _lost()
    is_right = str(call.bloks("client_input_params", "code")) == person.security_code
    return _logged_in(call, person) if is_right else _wrong_code()


def _next_profile_screen(call: Call, brought: str, app: str, issued: str) -> Response:
    person = call.world.tickets.holder(brought, call.bloks("server_params", "context_data"))
    if person is None:
        return _lost()
    return bloks.next_screen(app, "context_data", call.world.tickets.issue(issued, person))


def _two_factor_person(call: Call) -> Person | None:
    context = call.bloks("server_params", "two_step_verification_context")
    return call.world.tickets.holder(TWO_FACTOR, context)


def _logged_in(call: Call, person: Person) -> Response:
    call.entry.account = person.username
    return bloks.logged_in(call.world.sessions.open(person))


def _wrong_code() -> Response:
    return bloks.dialog("Check the code", "Please check the code we sent you and try again.")


def _lost() -> Response:
    return Response.fail(400, "The context of this login is not known")


def totp_codes(seed: str) -> set[str]:
    """The codes an authenticator may show now (RFC 6238), one step of clock drift included.

    They follow real time, as authenticators do, not the sandbox's clock.
    """
    compact = seed.replace(" ", "").upper()
    try:
        key = base64.b32decode(compact + "=" * (-len(compact) % 8))
    except binascii.Error:
        return set()
    step = int(time.time()) // _TOTP_STEP_S
    return {_hotp(key, step + drift) for drift in _TOTP_DRIFT}


def _hotp(key: bytes, counter: int) -> str:
    digest = hmac.digest(key, counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
