"""The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): quoted, or bare."""

from __future__ import annotations

import re
from typing import Any

from ground.refusal import ErrorCode, Refusal

HEADER = "Idempotency-Key"
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')


def idempotency_key(headers: Any) -> str | None:
    """Return the key that a request comes under, or None; raises `Refusal` for several."""
    sent = [each.strip() for each in headers.getlist(HEADER)]
    if not sent:
        return None
    if len(sent) > 1:
        raise Refusal(ErrorCode.VALIDATION_ERROR, f"Send one {HEADER}")
    key: str = sent[0]
    if not key.startswith('"'):
        return key
    quoted = _QUOTED.fullmatch(key)
    if quoted is None:
        raise Refusal(
            ErrorCode.VALIDATION_ERROR, f"{HEADER} has a quotation mark too many or too few"
        )
    return re.sub(r"\\(.)", r"\1", quoted.group(1))
