"""Signatures of messages, after Standard Webhooks 1.0 (symmetric, `v1`)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"


def new_secret() -> str:
    """Return a secret of 256 bits as receivers take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed(message_id: str, body: bytes, at_s: int, keys: Iterable[str]) -> dict[str, str]:
    """Return the three headers of one try; `keys` are the secrets that a receiver may have."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(_signature(message_id, body, at_s, key) for key in keys),
    }


def _signature(message_id: str, body: bytes, at_s: int, key: str) -> str:
    text = f"{message_id}.{at_s}.".encode() + body
    mac = hmac.new(base64.b64decode(key.removeprefix(PREFIX)), text, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()
