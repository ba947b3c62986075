"""Telling real messages of a webhook from others (Standard Webhooks 1.0)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from reprise_client.errors import WebhookInvalid


def verify_webhook(
    secret: str, headers: Mapping[str, str], body: bytes | str, *, tolerance_s: float = 300
) -> dict[str, Any]:
    """Return what a message says, if it was signed with the secret lately; raises `WebhookInvalid`.

    `body` is exactly what came, before anybody has parsed it.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    data = body.encode() if isinstance(body, str) else body
    try:
        known_as, at = sent["webhook-id"], int(sent["webhook-timestamp"])
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signatures = sent["webhook-signature"].split()
    except (KeyError, ValueError, binascii.Error):
        raise WebhookInvalid("it is not signed") from None
    if abs(time.time() - at) > tolerance_s:
        raise WebhookInvalid("it is too old, or a clock is wrong")
    mac = hmac.new(key, f"{known_as}.{at}.".encode() + data, hashlib.sha256).digest()
    wanted = b"v1," + base64.b64encode(mac)
    if not any(hmac.compare_digest(wanted, each.encode()) for each in signatures):
        raise WebhookInvalid("its signature does not fit")
    said: dict[str, Any] = json.loads(data)
    return said
