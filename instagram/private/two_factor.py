"""The second factor of a login: a code from the app, from an SMS, or from the backup list.

Instagram asks by either of its two login doors; the password is not needed again at either.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Any
from uuid import uuid4

from aiograpi import exceptions as ig
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from instagram import errors
from instagram.private.client import PrivateClient
from instagram.private.outcome import PendingLogin

_REFUSALS = (ig.UnknownError, ig.ClientBadRequestError, ig.ClientStatusFail, ig.TwoFactorRequired)
_BACKUP_CODE = re.compile(r"\d{8}")
# The older door's numbers for the same methods.
_LEGACY_METHODS = {"sms": "1", "backup_codes": "2", "totp": "3"}
LAPSED = "Instagram does not wait for this login any more; log in again"
WRONG = "Instagram did not accept the code; check it, or take the next one"


def totp_code(seed: str, at: float) -> str:
    """Return the code an authenticator app shows at that moment (seconds since 1970).

    aiograpi has the same, but it goes by local time, which an autumn night has twice.
    """
    key = base64.b32decode(seed + "=" * (-len(seed) % 8))
    return TOTP(key, 6, SHA1(), 30, enforce_key_length=False).generate(int(at)).decode()  # noqa: S303


async def begin(client: PrivateClient, required: ig.TwoFactorRequired) -> PendingLogin:
    """Return the login that waits for the second factor; has an SMS sent where that is the way."""
    last = client.last_json if isinstance(client.last_json, dict) else {}
    answer = {"raised": vars(required), "last": last}
    context = client._extract_two_step_verification_context(answer)
    identifier = client._find_login_response_value(answer, "two_factor_identifier")
    method = client._infer_bloks_two_factor_challenge(answer)
    if context:
        state = {"flow": "two_factor", "context": context, "method": method}
        if method == "sms":
            await _open(client, context, method)
    elif isinstance(identifier, str):
        # The older door sends its SMS by itself.
        state = {"flow": "legacy_two_factor", "identifier": identifier, "method": method}
    else:
        raise required
    phone = client._find_login_response_value(answer, "obfuscated_phone_number")
    return _pending(client, state, str(phone) if phone and method == "sms" else None)


async def submit(client: PrivateClient, pending: PendingLogin, code: str) -> None:
    """Give the code; the client has a session afterwards.

    Raises `WrongCode`, after which another code may be tried, and `LoginLapsed`.
    """
    is_backup = _BACKUP_CODE.fullmatch(code) is not None
    method = "backup_codes" if is_backup else pending.state["method"]
    try:
        if pending.state["flow"] == "legacy_two_factor":
            await _submit_legacy(client, pending, method, code)
            return
        context = pending.state["context"]
        if method != "sms":  # an SMS was sent when its screen was opened
            await _open(client, context, method)
        answer = await client.bloks_two_step_verification_verify_code(
            context, code, challenge=method
        )
    except ig.ClientNotFoundError as gone:
        raise errors.LoginLapsed(LAPSED) from gone
    except _REFUSALS as refused:
        raise errors.WrongCode(WRONG) from refused
    if not client.bloks_apply_login_response(answer):
        raise errors.WrongCode(WRONG)


async def send_again(client: PrivateClient, pending: PendingLogin, way: str) -> PendingLogin:
    """Have an SMS sent, again or instead of the app's code; without `way` as it was."""
    if pending.state["flow"] == "legacy_two_factor" or "sms" not in (way, pending.state["method"]):
        return pending
    await _open(client, pending.state["context"], "sms")
    return replace(
        _pending(client, {**pending.state, "method": "sms"}, pending.contact_point),
        username=pending.username,
    )


async def _open(client: PrivateClient, context: str, method: str) -> None:
    await client.bloks_two_step_verification_entrypoint(context)
    await client.bloks_two_step_verification_method_picker(context)
    await client.bloks_two_step_verification_select_method(context, selected_method=method)
    if method == "backup_codes":
        await client.bloks_two_step_verification_enter_backup_code(context)


async def _submit_legacy(
    client: PrivateClient, pending: PendingLogin, method: str, code: str
) -> None:
    data: dict[str, Any] = {
        "verification_code": code,
        "phone_id": client.phone_id,
        "_csrftoken": client.token,
        "two_factor_identifier": pending.state["identifier"],
        "username": pending.username,
        "trust_this_device": "0",
        "guid": client.uuid,
        "device_id": client.android_device_id,
        "waterfall_id": str(uuid4()),
        "verification_method": _LEGACY_METHODS[method],
    }
    await client.private_request("accounts/two_factor_login/", data, login=True)
    if not client.has_session:
        raise errors.WrongCode(WRONG)


def _pending(client: PrivateClient, state: dict[str, str], contact: str | None) -> PendingLogin:
    if state["method"] == "sms":
        reason = f"Instagram has sent a two-factor code by SMS to {contact or 'your phone'}"
    else:
        reason = "The login needs a two-factor code from your authenticator app, or a backup code"
    return PendingLogin(
        username=client.username,
        kind="two_factor",
        reason=reason,
        contact_point=contact,
        state=state,
        session=client.portable_session(),
    )
