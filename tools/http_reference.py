"""Writes `docs/errors.md` and `docs/http-api.md` from what routes, validates and documents.

Run by `make docs`; a test holds the checked-in files to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from api.app import BASE_PATH, openapi_document, operations
from api.contract import Auth, Operation
from api.errors import CODES, Documented
from api.openapi import error_codes

DOCS = Path(__file__).parents[1] / "docs"
_NOTICE = "<!-- Written by `make docs`; do not edit. -->"
_ON_POSTS_ONLY = {"DELIVERY_UNKNOWN"}
_AUTH = {
    Auth.NONE: "none",
    Auth.OPTIONAL: "none needed; a key or a session is heard",
    Auth.ANY: "key or session",
    Auth.COOKIE: "session only; a key gets `COOKIE_AUTH_REQUIRED`",
}
_ERRORS_HEAD = """# Error codes

Every failure of every endpoint has this body; match on `code`, never on `error`:

```json
{"error": "Scheduled time must be in the future", "code": "INVALID_SCHEDULE", "status": 400}
```

`retryAfter` (seconds) comes with `RATE_LIMITED` and `IDEMPOTENCY_IN_FLIGHT` only, `details` with
`VALIDATION_ERROR` while `REPRISE_ENV=development`. Some codes are also the `errorCode` of a post
that failed; its `errorMessage` says what happened in plain words.
"""
_API_HEAD = """# HTTP API

Everything is below `{base}`, on http://127.0.0.1:3001 unless configured otherwise. The same as a
machine reads it: `GET {base}/openapi.json`; to try out: `/api/docs`. Codes: [errors.md](errors.md).

A key is sent as `Authorization: Bearer vg_live_…`; a session is the cookie that
`reprise login-link` gives a browser. A key decides when both are sent. Bodies are JSON but for the
upload; unknown properties are ignored; times are ISO 8601 with an offset, answers are in UTC.
Each answer to a key carries `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset` and
`RateLimit-Policy`; `RATE_LIMITED` carries `Retry-After` too.

Any endpoint may answer `VALIDATION_ERROR`, `INTERNAL_ERROR`, `SERVICE_UNAVAILABLE` and
`FORBIDDEN_ORIGIN`; any that is not open `AUTH_REQUIRED`, `AUTH_INVALID_KEY`, `TOKEN_INVALID`,
`INSUFFICIENT_SCOPE` and `RATE_LIMITED`. They are not repeated below. What keys may do:
[keys.md](keys.md).

Whatever is no GET takes the header `Idempotency-Key`, and may answer `IDEMPOTENCY_IN_FLIGHT` and
`IDEMPOTENCY_MISMATCH` to it: [repeating.md](repeating.md).
"""
_EVERYWHERE = {
    "VALIDATION_ERROR", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "FORBIDDEN_ORIGIN",
    "AUTH_REQUIRED", "AUTH_INVALID_KEY", "TOKEN_INVALID", "INSUFFICIENT_SCOPE", "RATE_LIMITED",
    "IDEMPOTENCY_IN_FLIGHT", "IDEMPOTENCY_MISMATCH",
}  # fmt: skip


def pages() -> dict[str, str]:
    """Return each generated file's text by its name in `docs/`."""
    document = json.loads(openapi_document())
    return {
        "errors.md": _page(_errors()),
        "http-api.md": _page(_api(document)),
    }


def main() -> None:
    """Write the files."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


def _page(lines: Iterator[str]) -> str:
    return "\n".join((_NOTICE, "", *lines)).rstrip() + "\n"


def _errors() -> Iterator[str]:
    yield _ERRORS_HEAD
    for status, entries in groupby(
        sorted(CODES.values(), key=_shown_status),
        key=_shown_status,
    ):
        yield f"## {status}" if status < 600 else "## Only as the `errorCode` of a post"
        yield ""
        yield from _table(
            ("code", "cause", "what to do"),
            [(f"`{entry.code}`", entry.meaning, entry.recovery) for entry in entries],
        )


def _shown_status(entry: Documented) -> int:
    return 600 if entry.code in _ON_POSTS_ONLY else entry.status


def _api(document: dict[str, Any]) -> Iterator[str]:
    yield _API_HEAD.format(base=BASE_PATH)
    tag = ""
    for operation in operations():
        if operation.tag != tag:
            tag = operation.tag
            yield f"## {tag}\n"
        path = operation.path.replace("<", "{").replace(">", "}")
        yield from _operation(operation, document["paths"][path][operation.method.lower()])
    yield "## Schemas\n"
    for name, schema in document["components"]["schemas"].items():
        yield from _schema(name, schema)


def _operation(operation: Operation, described: dict[str, Any]) -> Iterator[str]:
    yield f"### {operation.method} {operation.path.replace('<', '{').replace('>', '}')}\n"
    yield described["summary"] + "\n"
    if "description" in described:
        yield described["description"] + "\n"
    scope = f"; scope `{operation.act.scope}`" if operation.act else ""
    yield f"- Auth: {_AUTH[operation.auth]}{scope}"
    for parameter in described["parameters"]:
        if parameter.get("in") == "query":
            need = "required" if parameter["required"] else "optional"
            yield f"- Query `{parameter['name']}`: {_type(parameter['schema'])}; {need}"
    if operation.upload:
        yield "- Request: `multipart/form-data` with one file in the field `file`"
    elif operation.body is not None:
        need = "" if operation.body_required else ", optional"
        yield f"- Request: {_link(operation.body.__name__)}{need}"
    yield f"- Answer: {operation.status} {_link(operation.returns.__name__)}"
    own = [code for code in error_codes(operation) if code not in _EVERYWHERE]
    if own:
        yield "- Codes: " + ", ".join(f"`{code}`" for code in own)
    yield ""


def _schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### Schema {name}\n"
    if "description" in schema:
        yield " ".join(schema["description"].split()) + "\n"
    if "enum" in schema:
        yield _type(schema) + "\n"
        return
    required = schema.get("required", [])
    yield from _table(
        ("field", "type", "required"),
        [
            (f"`{field}`", _type(shape), "yes" if field in required else "no")
            for field, shape in schema.get("properties", {}).items()
        ],
    )


def _type(shape: dict[str, Any]) -> str:
    """Return a JSON schema in a few words."""
    if "$ref" in shape:
        return _link(shape["$ref"].rpartition("/")[2])
    for choice in ("anyOf", "oneOf"):
        if choice in shape:
            return " or ".join(_type(arm) for arm in shape[choice])
    values = [value for value in shape.get("enum", []) if value is not None]
    if values or "const" in shape:
        text = ", ".join(f"`{value}`" for value in values or [shape["const"]])
        return text + (" or null" if None in shape.get("enum", []) else "")
    kinds = shape.get("type", "anything")
    words = [kinds] if isinstance(kinds, str) else list(kinds)
    if "format" in shape:
        words[0] = shape["format"]
    if words[0] == "array":
        item = _type(shape.get("items", {}))
        words[0] = f"list of ({item})" if "," in item or " or " in item else f"list of {item}"
    text = " or ".join(words)
    default = shape.get("default")
    return text + _limits(shape) + (f", default {json.dumps(default)}" if default else "")


def _limits(shape: dict[str, Any]) -> str:
    bounds = []
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        if low in shape and high in shape:
            bounds.append(f", {shape[low]} to {shape[high]}{unit}")
        elif low in shape:
            bounds.append(f", at least {shape[low]}{unit}")
        elif high in shape:
            bounds.append(f", at most {shape[high]}{unit}")
    return "".join(bounds)


def _link(name: str) -> str:
    return f"[{name}](#schema-{name.lower()})"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, tuple("---" for _ in head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


if __name__ == "__main__":
    main()
