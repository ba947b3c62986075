"""Logging in: one submission of the password, and the codes Instagram may ask for after it.

These functions run in the Instagram loop and raise aiograpi's errors; `instagram.gateway`
calls and translates them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiograpi import exceptions as ig
from aiograpi.mixins.bloks import CAA_API_DOMAIN

from instagram.client import CodeNeeded, PrivateClient
from instagram.translation import RAISED

_CODE_STEPS = ("verify_email", "verify_phone", "verify_sms")


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A login that succeeded; `session` is a secret."""

    username: str
    private_pk: str
    session: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"LoggedIn({self.username!r}, …)"


@dataclass(frozen=True, slots=True)
class PendingCode:
    """A login that waits for a code; `state` and `session` are secrets and plain JSON."""

    username: str
    kind: str
    contact_point: str | None
    state: Mapping[str, str]
    session: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"PendingCode({self.username!r}, {self.kind!r}, …)"


async def log_in(
    client: PrivateClient, username: str, password: str, code: str
) -> LoggedIn | PendingCode:
    """Submit the password once and return the session, or what Instagram waits for."""
    try:
        await client.login(username, password, verification_code=code)
    except CodeNeeded as needed:
        state = {"flow": "profile", "context": needed.context, "aac": client.caa_aac}
        return _pending(client, "email", None, state)
    except ig.ChallengeRequired as required:
        challenge = getattr(required, "challenge", None)
        if not isinstance(challenge, Mapping):
            raise
        return await _ask_for_code(client, challenge)
    except RAISED:
        # The session may be there although a request after the login failed.
        if not client.authorization_data.get("sessionid"):
            raise
    return _logged_in(client)


async def submit_code(
    client: PrivateClient, pending: PendingCode, password: str, code: str
) -> LoggedIn:
    """Give Instagram the code of a pending login; the client is built from its session."""
    client.username = pending.username
    state = pending.state
    if state["flow"] == "profile":
        client.caa_aac = state["aac"]
        answer = await client.bloks_ap_two_step_verification_submit_code(
            state["context"], code, domain=CAA_API_DOMAIN
        )
        if not client.bloks_apply_login_response(answer):
            raise ig.UnknownError("code not accepted")
    else:
        await client._send_private_request(state["path"], {"security_code": code}, login=True)
        if client.last_json.get("action") != "close":
            raise ig.UnknownError("code not accepted")
        if not client.authorization_data.get("sessionid"):
            # The challenge came before the login was judged; a person has just asked for it.
            await client.login(pending.username, password)
            return _logged_in(client)
    client.last_login = time.time()
    return _logged_in(client)


async def _ask_for_code(client: PrivateClient, challenge: Mapping[str, Any]) -> PendingCode:
    """Have Instagram send its code; challenges of any other kind need the app."""
    path = str(challenge.get("api_path") or "").lstrip("/")
    parts = path.split("/")
    if challenge.get("native_flow") or parts[0] != "challenge" or len(parts) < 3:
        raise ig.ChallengeRequired("only in the app")
    context = challenge.get("challenge_context") or json.dumps(
        {"step_name": "", "nonce_code": parts[2], "user_id": int(parts[1]), "is_stateless": False}
    )
    params = {
        "guid": client.uuid,
        "device_id": client.android_device_id,
        "challenge_context": context,
    }
    await client._send_private_request(path, params=params, login=True)
    step = dict(client.last_json)
    data = step.get("step_data") or {}
    by_email = "email" in data or "email" in str(step.get("step_name"))
    if step.get("step_name") == "select_verify_method":
        choice = "1" if by_email else "0"
        await client._send_private_request(path, {"choice": choice}, login=True)
        data = {**data, **(client.last_json.get("step_data") or {})}
    elif not str(step.get("step_name")).startswith(_CODE_STEPS):
        raise ig.ChallengeRequired("only in the app")
    contact = data.get("contact_point") or data.get("email" if by_email else "phone_number")
    kind = "email" if by_email else "sms"
    return _pending(client, kind, contact, {"flow": "challenge", "path": path})


def _logged_in(client: PrivateClient) -> LoggedIn:
    return LoggedIn(client.username, str(client.user_id), client.portable_session())


def _pending(
    client: PrivateClient, kind: str, contact: str | None, state: dict[str, str]
) -> PendingCode:
    return PendingCode(client.username, kind, contact, state, client.portable_session())
