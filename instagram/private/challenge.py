"""The challenge: proving to Instagram by a code that it is you.

The steps are separate requests, so that a person can take an hour, and a restart, between them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiograpi import exceptions as ig

from instagram import errors
from instagram.fields import is_plain_path
from instagram.private.client import PrivateClient
from instagram.private.outcome import PendingLogin
from instagram.private.two_factor import LAPSED, WRONG

_CODE_STEPS = ("verify_email", "verify_phone", "verify_sms")
_REFUSALS = (ig.UnknownError, ig.ClientBadRequestError, ig.ClientStatusFail)
# What the app's numbers for the ways of sending a code are, and where their addresses stand.
_WAYS = {"email": ("1", "email"), "sms": ("0", "phone_number")}


async def ask_for_code(
    client: PrivateClient, challenge: object, *, way: str = "", is_new: bool = True
) -> PendingLogin | None:
    """Have Instagram send a code, by `way` (email or sms) where it offers that.

    Returns None for challenges of any other kind, which only the app can meet. `is_new` says
    that a session the client has now is of this very login.
    """
    if not isinstance(challenge, Mapping) or challenge.get("native_flow"):
        return None
    path = str(challenge.get("api_path") or "").lstrip("/")
    parts = path.split("/")
    if parts[0] != "challenge" or len(parts) < 3 or not parts[1].isdigit():
        return None
    if not is_plain_path(path):
        return None
    try:
        step = await _look(client, path, parts, challenge)
        data = _part(step, "step_data")
        name = str(step.get("step_name"))
        if name == "select_verify_method":
            chosen = _chosen(data, way)
            await client._send_private_request(path, {"choice": _WAYS[chosen][0]}, login=True)
            data = {**data, **_part(client.last_json, "step_data")}
        elif name.startswith(_CODE_STEPS):
            chosen = "email" if "email" in name else "sms"
        else:
            return None
    except ig.ChallengeError:
        return None  # a challenge inside the challenge: a page for a browser
    contact = data.get("contact_point") or data.get(_WAYS[chosen][1])
    return PendingLogin(
        username=client.username or "",
        kind=chosen,
        reason=f"Instagram has sent a code to {contact or 'you'}",
        contact_point=None if contact is None else str(contact),
        state={"flow": "challenge", "path": path, "new": "yes" if is_new else ""},
        session=client.portable_session(),
    )


async def submit(client: PrivateClient, pending: PendingLogin, code: str) -> None:
    """Give the code that was sent; raises `WrongCode` and `LoginLapsed`."""
    path = pending.state["path"]
    try:
        await client._send_private_request(path, {"security_code": code}, login=True)
    except ig.ClientNotFoundError as gone:
        raise errors.LoginLapsed(LAPSED) from gone
    except _REFUSALS as refused:
        raise errors.WrongCode(WRONG) from refused
    last = client.last_json if isinstance(client.last_json, dict) else {}
    if last.get("action") != "close" and not client.has_session:
        raise errors.WrongCode(WRONG)


async def _look(
    client: PrivateClient, path: str, parts: list[str], challenge: Mapping[str, Any]
) -> Mapping[str, Any]:
    context = challenge.get("challenge_context") or json.dumps(
        {"step_name": "", "nonce_code": parts[2], "user_id": int(parts[1]), "is_stateless": False}
    )
    params = {
        "guid": client.uuid,
        "device_id": client.android_device_id,
        "challenge_context": context,
    }
    await client._send_private_request(path, params=params, login=True)
    return client.last_json if isinstance(client.last_json, dict) else {}


def _chosen(data: Mapping[str, Any], way: str) -> str:
    offered = [name for name, (_, field) in _WAYS.items() if data.get(field)] or list(_WAYS)
    return way if way in offered else offered[0]


def _part(step: object, name: str) -> dict[str, Any]:
    part = step.get(name) if isinstance(step, dict) else None
    return dict(part) if isinstance(part, dict) else {}
