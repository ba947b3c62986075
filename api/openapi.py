"""The OpenAPI 3.1 document, made of the same declarations that route and validate."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, assert_never

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.contract import Auth, Operation
from api.errors import CODES
from ground.refusal import ErrorCode
from operations.event_types import TYPES
from operations.models import (
    ErrorResponse,
    ScheduledJob,
    StoryMention,
    UserTag,
    WebhookData,
    WebhookMessage,
)
from operations.resources import named_fields
from serving.idempotency import HEADER

Json = dict[str, Any]
_REF = "#/components/schemas/{model}"
_VARIABLE = re.compile(r"<(\w+)>")
_RATE_HEADERS = {
    "RateLimit-Limit": "Requests the tightest window allows",
    "RateLimit-Remaining": "Requests left in that window",
    "RateLimit-Reset": "Seconds until that window rolls over",
    "RateLimit-Policy": "Both windows, as `100;w=60, 1000;w=3600`",
}
_REPLAYED = (
    "Idempotency-Replayed",
    "`true` where the answer is that of an earlier request with the same Idempotency-Key",
)
_KEY = "IdempotencyKey"
_KEY_PARAMETER: Json = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Chosen by the client for one thing that is to happen; the same request with "
    "the same key, within 7 days, is answered again and done once",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[!#-~][!-~]*$",  # or quoted
    },
}
# Of Standard Webhooks 1.0.
_SIGNED = {
    "webhook-id": "The message's, the same at every try",
    "webhook-timestamp": "Of this try, in seconds since 1970",
    "webhook-signature": "`v1,` and HMAC-SHA256 in base64; two of them while a secret is replaced",
}
_RETRY_AFTER = ("Retry-After", "Seconds to wait, as `retryAfter` in the body")


def document(operations: Iterable[Operation], *, version: str, base_path: str) -> Json:
    """Return the whole document as plain JSON."""
    chosen = list(operations)
    paths: dict[str, Json] = {}
    for operation in chosen:
        path = _VARIABLE.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Reprise",
            "version": version,
            "description": "Story reposts and scheduled publishing for your own Instagram "
            "accounts. Wire-compatible with the VoidGram v3.3 contract.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base_path}],
        "tags": [{"name": tag} for tag in dict.fromkeys(op.tag for op in chosen)],
        "paths": paths,
        "webhooks": {name: {"post": _told(name)} for name in TYPES},
        "components": {
            "schemas": _schemas(chosen),
            "parameters": {_KEY: _KEY_PARAMETER},
            "headers": {
                name: {"description": text, "schema": {"type": "string"}}
                for name, text in (*_RATE_HEADERS.items(), _RETRY_AFTER, _REPLAYED)
            },
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "vg_live_…; a requirement names the scope that a key needs",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "session",
                    "description": "A login link sets it as `session_<port>`; it has scopes as "
                    "keys have",
                },
            },
        },
    }


def _told(name: str) -> Json:
    """Return what a webhook is sent when that happens."""
    return {
        "operationId": _camel(f"on_{name.replace('.', '_')}"),
        "summary": f"{name}: sent to webhooks that want to hear of it (docs/webhooks.md)",
        "tags": ["Webhooks"],
        "security": [],
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
            }
            for header, text in _SIGNED.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref(WebhookMessage)}},
        },
        "responses": {"2XX": {"description": "Heard: it is not sent again"}},
    }


def error_codes(operation: Operation) -> list[ErrorCode]:
    """Return every code an operation can answer with, the generic ones included."""
    codes = {
        ErrorCode.VALIDATION_ERROR,
        ErrorCode.FORBIDDEN_ORIGIN,
        ErrorCode.INTERNAL_ERROR,
        ErrorCode.SERVICE_UNAVAILABLE,
        *operation.errors,
    }
    if operation.auth is not Auth.NONE:
        codes |= {ErrorCode.RATE_LIMITED}
    if operation.auth in (Auth.ANY, Auth.COOKIE):
        codes |= {ErrorCode.AUTH_REQUIRED, ErrorCode.AUTH_INVALID_KEY, ErrorCode.TOKEN_INVALID}
    if operation.act:
        codes |= {ErrorCode.INSUFFICIENT_SCOPE}
    if operation.takes_key:
        codes |= {ErrorCode.IDEMPOTENCY_IN_FLIGHT, ErrorCode.IDEMPOTENCY_MISMATCH}
    if operation.auth is Auth.COOKIE:
        codes |= {ErrorCode.COOKIE_AUTH_REQUIRED}
    if any(model and named_fields(model) for model in (operation.body, operation.query)):
        codes |= {ErrorCode.NOT_FOUND}
    if operation.body or operation.query:
        codes |= set(operation.codes.values())
    if operation.body:
        codes |= {ErrorCode.UNSUPPORTED_MEDIA_TYPE, ErrorCode.UPLOAD_ERROR}
    return sorted(codes, key=list(CODES).index)


def _operation(operation: Operation) -> Json:
    text = operation.doc
    summary, _, rest = text.partition("\n\n")
    described: Json = {
        "operationId": _camel(operation.name),
        "summary": " ".join(summary.split()),
        "tags": [operation.tag],
        "security": _security(operation),
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if rest:
        described["description"] = " ".join(rest.split())
    if operation.body is not None:
        content: Json = {"application/json": {"schema": _ref(operation.body)}}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    elif operation.upload:
        described["requestBody"] = {
            "required": True,
            "content": {"multipart/form-data": {"schema": _FILE_FORM}},
        }
    return described


def _security(operation: Operation) -> list[Json]:
    # OpenAPI 3.1 lets any scheme name the roles that it takes.
    roles = [operation.act.scope.value] if operation.act else []
    bearer, session = {"bearer": roles}, {"session": roles}
    match operation.auth:
        case Auth.NONE:
            return []
        case Auth.OPTIONAL:
            return [{}, bearer, session]
        case Auth.ANY:
            return [bearer, session]
        case Auth.COOKIE:
            return [session]
        case _:
            assert_never(operation.auth)


_FILE_FORM = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
}


def _parameters(operation: Operation) -> list[Json]:
    found: list[Json] = [{"$ref": f"#/components/parameters/{_KEY}"}] if operation.takes_key else []
    found += [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
        }
        for name in _VARIABLE.findall(operation.path)
    ]
    if operation.query is not None:
        schema = operation.query.model_json_schema()
        required = schema.get("required", [])
        for name, field in schema["properties"].items():
            shown = _tidy(_inlined(field, schema.get("$defs", {})))
            if shown.get("default", ...) is None:
                del shown["default"]
            found.append(
                {
                    "name": name,
                    "in": "query",
                    "required": name in required,
                    "schema": _not_null(shown),
                }
            )
    return found


def _responses(operation: Operation) -> Json:
    done = _answer("Done", _ref(operation.returns), operation)
    if operation.stream:
        done["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    responses: Json = {str(operation.status): done}
    by_status: dict[int, list[str]] = {}
    for code in error_codes(operation):
        statuses = [CODES[code].status]
        if code == "UPLOAD_ERROR":  # a JSON body can only be too large
            statuses = [400, 413] if operation.upload else [413]
        for status in statuses:
            by_status.setdefault(status, []).append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = _answer(", ".join(codes), _ref(ErrorResponse), operation)
        if status == 429:
            responses["429"]["headers"]["Retry-After"] = _header("Retry-After")
    if operation.takes_key:
        made = responses[str(operation.status)]["headers"]
        made["Idempotency-Replayed"] = _header("Idempotency-Replayed")
    return responses


def _answer(description: str, schema: Json, operation: Operation) -> Json:
    answer: Json = {
        "description": description,
        "content": {"application/json": {"schema": schema}},
    }
    if operation.auth is not Auth.NONE:
        answer["headers"] = {name: _header(name) for name in _RATE_HEADERS}
    return answer


def _header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


def _schemas(operations: Iterable[Operation]) -> Json:
    chosen = list(operations)
    # The contract lists these among the schemas, whether an operation answers them or not.
    wanted: list[tuple[type[BaseModel], Any]] = [
        (ErrorResponse, "serialization"),
        (ScheduledJob, "serialization"),
        (UserTag, "validation"),
        (StoryMention, "validation"),
        (WebhookMessage, "serialization"),
    ]
    for operation in chosen:
        wanted.append((operation.returns, "serialization"))
        if operation.body is not None:
            wanted.append((operation.body, "validation"))
    _, definitions = models_json_schema(
        list(dict.fromkeys(wanted)), ref_template=_REF, by_alias=True
    )
    schemas = {name: _tidy(schema) for name, schema in definitions["$defs"].items()}
    for schema in schemas.values():
        _tell_defaults(schema)
    for operation in chosen:
        _not_always_there(operation.returns, schemas)
    _not_always_there(WebhookData, schemas)
    schemas["ErrorCode"] = {
        "type": "string",
        "description": "Stable; docs/errors.md says what each means and what to do.",
        "enum": list(CODES),
    }
    schemas["ErrorResponse"]["properties"]["code"] = {"$ref": _REF.format(model="ErrorCode")}
    return dict(sorted(schemas.items()))


def _not_always_there(model: type[BaseModel], schemas: Json) -> None:
    for name, field in model.model_fields.items():
        required = schemas.get(model.__name__, {}).get("required", [])
        if field.exclude_if is not None and (alias := field.alias or name) in required:
            required.remove(alias)


def _tell_defaults(schema: Json) -> None:
    # In words: client generators take a field that has a default for one that must be sent.
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        default = field.pop("default", None)
        if default and name not in required:
            field["description"] = f"Default: {default}"


def _tidy(schema: Any) -> Any:
    """Drop generated titles, and write nullable types as the contract does: `[T, "null"]`."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tidied = {
        key: _tidy(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
    arms = tidied.get("anyOf", [])
    if len(arms) == 2 and {"type": "null"} in arms:
        other = next(arm for arm in arms if arm != {"type": "null"})
        if isinstance(other.get("type"), str):
            del tidied["anyOf"]
            tidied |= {**other, "type": [other["type"], "null"]}
            if "enum" in other:
                tidied["enum"] = [*other["enum"], None]
    return tidied


def _inlined(schema: Any, definitions: Json) -> Any:
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return definitions[schema["$ref"].rpartition("/")[2]]
    return {key: _inlined(value, definitions) for key, value in schema.items()}


def _not_null(schema: Json) -> Json:
    # A query parameter is there or not; it is never null.
    if isinstance(schema.get("type"), list):
        schema["type"] = next(kind for kind in schema["type"] if kind != "null")
    if None in schema.get("enum", []):
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    arms = [arm for arm in schema.pop("anyOf", []) if arm != {"type": "null"}]
    return {**schema, **arms[0]} if arms else schema


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
