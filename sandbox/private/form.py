"""The fields of a request's body, whichever of the app's wrappings they come in."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from sandbox.wire.message import JsonObject, Request

_LARGEST_FORM = 4 * 1024 * 1024
_FORM_TYPES = ("application/x-www-form-urlencoded", "application/json")
_MOST_DIGITS = 40
SIGNATURE = "SIGNATURE"  # the app's own, in place of a real one
# Form fields whose value is JSON of their own: Bloks and GraphQL.
_JSON_FIELDS = ("params", "variables")


def decode_form(request: Request) -> JsonObject:
    """The body as an object; empty for what is no form, such as an uploaded file.

    Knows plain forms, forms whose only field is `signed_body`, and JSON (which the app also
    sends under the form's content type). What cannot be read is left out, not refused.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if content_type not in _FORM_TYPES or not 0 < request.body.size <= _LARGEST_FORM:
        return {}
    text = request.body.read().decode(errors="replace")
    if text.startswith("{"):
        return json_object(text) or {}
    fields: JsonObject = dict(parse_qsl(text, keep_blank_values=True))
    signature, _, signed = str(fields.get("signed_body", "")).partition(".")
    if signature == SIGNATURE:
        return json_object(signed) or {}
    for name in _JSON_FIELDS:
        if name in fields:
            fields[name] = json_object(fields[name]) or {}
    return fields


def json_object(text: object) -> JsonObject | None:
    """`text` as a JSON object, None if it is anything else."""
    value = json_value(text)
    return value if isinstance(value, dict) else None


def json_value(text: object) -> object:
    """`text` as JSON, None if it is not a string of JSON."""
    if not isinstance(text, str):
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def whole_number(text: object) -> int | None:
    """`text` as a whole number of at most 40 digits, None if it is anything else."""
    text = str(text)
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def tidy(text: str) -> str:
    """A caption as Instagram and Facebook show it: trimmed, with plain line ends."""
    return text.replace("\r\n", "\n").strip()
