"""Logging in: the device's registration, the CAA screens, and the old login they may lead to."""

from __future__ import annotations

import secrets

from sandbox.private import bloks, failures
from sandbox.private.form import json_object
from sandbox.private.password import KEY_ID
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Request, Response
from sandbox.world.ledger import CAA_LOGIN, LEGACY_LOGIN
from sandbox.world.person import LoginBehaviour, Person

_USDID = "IGUSDIDRegistrationMutation"
AAC = "aac"
_NONCE = "attestation nonce"
TWO_FACTOR = "two factor"
OLD_TWO_FACTOR = "two factor at the old login"
PROFILE_ENTRY = "profile code entry"


def submitted_username(request: Request, form: JsonObject) -> str | None:
    """The username with which a password comes in, None for requests that carry none."""
    username: object = None
    if request.path == CAA_LOGIN:
        params = form.get("params")
        inputs = params.get("client_input_params") if isinstance(params, dict) else None
        username = inputs.get("contact_point") if isinstance(inputs, dict) else None
    elif request.path == LEGACY_LOGIN:
        username = form.get("username")
    return username if isinstance(username, str) else None


async def register_device(call: Call) -> Response:
    """The one GraphQL mutation of the login; any other is unknown."""
    if call.form.get("fb_api_req_friendly_name") != _USDID:
        call.ledger.refuse(call.entry)
        return Response.fail(404, "unknown mutation")
    return Response.json(200, {"data": {"1$usdid_registration": {"success": True}}})


async def open_login_page(call: Call) -> Response:
    """The login's first screen, which hands out the account access context."""
    answer = bloks.named_data("CAA_ACCOUNT_ACCESS_CONTEXT:aac", call.world.tickets.issue(AAC))
    mid = secrets.token_urlsafe(20)
    return Response(answer.status, answer.body, (*answer.headers, ("ig-set-x-mid", mid)))


async def attest(call: Call) -> Response:
    """The nonce that the login has to bring back."""
    nonce = call.world.tickets.issue(_NONCE)
    return Response.ok({"challenge_nonce": nonce, "key_nonce": ""})


async def fetch_token(call: Call) -> Response:
    return Response.ok()


async def sync(call: Call) -> Response:
    """The key for encrypting passwords, in headers; experiments we have none."""
    headers = (
        ("ig-set-password-encryption-key-id", str(KEY_ID)),
        ("ig-set-password-encryption-pub-key", call.password_key.public_header),
    )
    return Response.ok({"experiments": []}, headers)


async def launcher_sync(call: Call) -> Response:
    return Response.ok({"configs": {}})


async def caa_login(call: Call) -> Response:
    """The password, with everything the screens before it handed out."""
    if not call.world.tickets.knows(AAC, call.bloks("client_input_params", "aac")):
        return Response.fail(400, "The login was not prepared")
    if not call.world.tickets.knows(_NONCE, _attested_nonce(call.request)):
        return Response.fail(400, "The device was not attested")
    name = call.bloks("client_input_params", "contact_point")
    person = call.world.people.find_login(str(name))
    if person is None:
        return _wrong_password()
    if person.old_door:
        return bloks.fallback()
    match person.login:
        case LoginBehaviour.UNKNOWN_USER:
            return failures.unknown_user().response()
        case LoginBehaviour.RATE_LIMITED:
            return failures.please_wait().response()
        case LoginBehaviour.FALLBACK_LEGACY | LoginBehaviour.FALLBACK_BAD_PASSWORD:
            return bloks.fallback()
        case LoginBehaviour.BAD_PASSWORD_DIALOG:
            return _wrong_password()
    if not _is_password_of(call, person, call.bloks("client_input_params", "password")):
        return _wrong_password()
    return _with_right_password(call, person)


def _with_right_password(call: Call, person: Person) -> Response:
    match person.login:
        case LoginBehaviour.TWO_FACTOR:
            context = call.world.tickets.issue(TWO_FACTOR, person)
            return bloks.next_screen(
                bloks.TWO_FACTOR_SCREEN,
                "two_step_verification_context",
                context,
                beside={"two_factor_info": _two_factor_methods(person)},
            )
        case LoginBehaviour.PROFILE_CODE:
            context = call.world.tickets.issue(PROFILE_ENTRY, person)
            return bloks.next_screen(bloks.PROFILE_CODE_ENTRY, "context_data", context)
    return _stopped(person) or bloks.logged_in(call.world.sessions.open(person))


def _two_factor_methods(person: Person) -> JsonObject:
    return {
        "sms_two_factor_on": person.sms_two_factor,
        "totp_two_factor_on": person.totp_seed is not None,
        "obfuscated_phone_number": "+1 *** ***-**09" if person.sms_two_factor else "",
    }


def _stopped(person: Person) -> Response | None:
    """What stops a login at either door although the password is right."""
    match person.login:
        case LoginBehaviour.CHALLENGE:
            return failures.challenge_required(person).response()
        case LoginBehaviour.CHECKPOINT:
            return failures.checkpoint_required().response()
        case LoginBehaviour.CONSENT:
            return failures.consent_required().response()
        case LoginBehaviour.SUSPENDED:
            return failures.suspended(person).response()
    return None


async def web_page(call: Call) -> Response:
    """The login page for browsers, to which redirects lead."""
    page = "<!DOCTYPE html><title>Login • Instagram</title>"
    return failures.Status(200, text=page).response()


async def legacy_login(call: Call) -> Response:
    """The old login, open only to those whom the CAA screens sent here."""
    person = call.world.people.find_login(str(call.form.get("username")))
    if person is None:
        return failures.unknown_user().response()
    right = _is_password_of(call, person, call.form.get("enc_password"))
    sent_here = person.old_door or person.login is LoginBehaviour.FALLBACK_LEGACY
    if not (sent_here and right):
        return failures.bad_password().response()
    if person.login is LoginBehaviour.RATE_LIMITED:
        return failures.please_wait().response()
    if person.login is LoginBehaviour.TWO_FACTOR:
        if person.totp_seed is None:
            person.codes_sent.append("sms")
        identifier = call.world.tickets.issue(OLD_TWO_FACTOR, person)
        return failures.two_factor_required(
            {**_two_factor_methods(person), "two_factor_identifier": identifier}
        ).response()
    return _stopped(person) or old_door_opens(call, person)


def old_door_opens(call: Call, person: Person) -> Response:
    """The old login's answer to everything that was right."""
    session = call.world.sessions.open(person)
    user = {"pk": person.pk, "username": person.username, "full_name": person.full_name}
    return Response.ok({"logged_in_user": user}, (("ig-set-authorization", session.bearer),))


def _is_password_of(call: Call, person: Person, envelope: object) -> bool:
    try:
        password = call.password_key.open_envelope(str(envelope))
    except ValueError:
        return False
    return person.password is not None and secrets.compare_digest(
        password.encode(), person.password.encode()
    )


def _attested_nonce(request: Request) -> object:
    found = json_object(request.headers.get("x-ig-attest-params", "")) or {}
    entries = found.get("attestation")
    first = entries[0] if isinstance(entries, list) and entries else None
    return first.get("challenge_nonce") if isinstance(first, dict) else None


def _wrong_password() -> Response:
    # A wrong password and an unknown name look the same: a dialog, and no session.
    return bloks.dialog(
        "Incorrect password", "The password you entered is incorrect. Please try again."
    )
