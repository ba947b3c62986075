"""The OpenAPI 3.1 document of this face, made of the table alone."""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata
from typing import Any

import orjson
from pydantic.json_schema import models_json_schema

from instagram.private import calls
from session_api.given import NAMES
from session_api.row import Field, Row
from session_api.rows.files import ANY_FILE, TYPES
from session_api.table import rows

Json = dict[str, Any]
_REF = "#/components/schemas/{model}"
_PLAIN: dict[str, Json] = {
    "bool": {"type": "boolean"},
    "str": {"type": "string"},
    "text": {"type": "string"},
    "Dict": {"type": "object", "additionalProperties": True},
}
_KINDS: dict[str, Json] = {
    "i": {"type": "integer"},
    "bool": {"type": "boolean"},
    "float": {"type": "number"},
    "uri": {"type": "string", "format": "uri"},
    **{kind: {"type": "string", "pattern": f"^{form}$"} for kind, form in NAMES.items()},
    "file": {"type": "string", "format": "binary"},
    "json": {"type": "string", "contentMediaType": "application/json"},
}
_BINARY: Json = {"schema": {"type": "string", "format": "binary"}}
_ERROR: Json = {
    "type": "object",
    "required": ["detail"],
    "properties": {
        "detail": {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "object", "additionalProperties": True}},
            ]
        },
        "exc_type": {"type": "string"},
        "hint": {"type": "string"},
        "rail": {"type": "string"},
        "until": {"type": "string", "format": "date-time"},
        "last_json": {"type": "object", "additionalProperties": True},
        "post_id": {"type": "string"},
    },
}
_STATUSES = {
    "401": "No key, no such session, or the login is not accepted",
    "403": "A challenge, or not for this account",
    "404": "It is gone",
    "409": "Instagram has not done it, or it is under way",
    "413": "The body is too large",
    "415": "The body is no form",
    "422": "The input is malformed, or Instagram refuses it",
    "429": "Instagram or a rail says wait",
    "502": "No usable answer from Instagram",
    "503": "The database or the disk cannot be used now",
    "504": "Instagram did not answer in time",
}


@cache
def document() -> bytes:
    """Return the document as JSON."""
    schemas, names = _models()
    paths: dict[str, Json] = {}
    for row in rows():
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, schemas, names)
    return orjson.dumps(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Reprise session API",
                "version": metadata.version("reprise"),
                "description": "Instagram's own calls by session, for programs on this machine.",
            },
            "servers": [{"url": "/session"}],
            "paths": paths,
            "components": {
                "schemas": {"Error": _ERROR, **schemas},
                "securitySchemes": {
                    "key": {"type": "http", "scheme": "bearer"},
                    "session": {"type": "apiKey", "in": "header", "name": "X-Session-ID"},
                },
            },
        }
    )


def _models() -> tuple[Json, dict[str, Json]]:
    """Return the components of aiograpi's models, and how each is referred to."""
    wanted = sorted({word for row in rows() if (word := _model_in(row.gives)) is not None})
    found = {name: calls.shape(name) for name in wanted}
    given, made = models_json_schema(
        [(model, "serialization") for model in found.values()], ref_template=_REF
    )
    schemas = {name: _as_told(schema) for name, schema in made.get("$defs", {}).items()}
    return schemas, {name: given[model, "serialization"] for name, model in found.items()}


def _as_told(schema: Any) -> Any:
    """Return a schema as `calls.told` writes what it is of: ids are text, all keys are there."""
    if isinstance(schema, list):
        return [_as_told(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    told = {
        key: _as_told(each)
        for key, each in schema.items()
        if key != "default" or not {"type", "$ref", "anyOf"} & set(schema)
    }
    for name in ("pk", "thread_id"):
        if isinstance(told.get("properties"), dict) and name in told["properties"]:
            title = {"title": told["properties"][name].get("title", name)}
            told["properties"][name] = {"type": ["string", "null"], **title}
    return told


def _model_in(gives: str) -> str | None:
    word = re.sub(r"[\[\]]", "", gives).removesuffix("Page")
    return None if word in _PLAIN or word == "file" else word


def _operation(row: Row, schemas: Json, names: dict[str, Json]) -> Json:
    name = row.name[:1].upper() + row.name[1:]
    said: Json = {
        "operationId": row.name,
        "tags": [row.tag],
        "summary": row.summary,
        "responses": _responses(row, schemas, names),
    }
    if row.is_public:
        said["security"] = []
    else:
        said["security"] = [{"key": []} if row.is_open else {"key": [], "session": []}]
    if row.is_older:
        said["deprecated"] = True
    if row.has_form and row.takes:
        schemas[f"{name}Request"] = _body(row)
        kind = "multipart/form-data" if row.has_files else "application/x-www-form-urlencoded"
        content = {kind: {"schema": {"$ref": _REF.format(model=f"{name}Request")}}}
        required = any(each.required for each in row.takes)
        said["requestBody"] = {"required": required, "content": content}
    elif row.takes:
        said["parameters"] = [
            {
                "name": each.name,
                "in": "query",
                "required": each.required,
                "schema": _schema_of(each),
            }
            for each in row.takes
        ]
    return said


def _body(row: Row) -> Json:
    properties = {each.name: _schema_of(each) for each in row.takes}
    required = [each.name for each in row.takes if each.required]
    return {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
    }


def _schema_of(field: Field) -> Json:
    schema = dict(_KINDS.get(field.kind, {"type": "string"}))
    if field.choices:
        schema["enum"] = list(field.choices)
    if field.low is not None:
        schema["minimum"] = field.low
    if field.high is not None:
        schema["maximum"] = field.high
    if field.required and schema == {"type": "string"}:
        schema["minLength"] = 1
    if field.many:
        least = {"minItems": 1} if field.required else {}
        return {"type": "array", "items": schema, **least, "maxItems": field.most}
    # "" is nothing, which a name cannot be.
    if field.default is not None and (field.default or field.kind not in NAMES):
        schema["default"] = field.default
    return schema


def _responses(row: Row, schemas: Json, names: dict[str, Json]) -> Json:
    error = {"application/json": {"schema": {"$ref": _REF.format(model="Error")}}}
    if row.absent:
        done: Json = {"501": {"description": row.absent, "content": error}}
    elif row.gives == "file":
        done = _ok("The file", dict.fromkeys((ANY_FILE, *TYPES.values()), _BINARY))
    elif row.gives == "[file]":
        done = _ok("The files", dict.fromkeys((ANY_FILE, "application/zip"), _BINARY))
    elif row.gives == "text":
        done = _ok("Text", {"text/plain": {"schema": _PLAIN["text"]}})
    else:
        schema = _given(row.gives, names)
        if row.gives.endswith("Page"):
            schemas[row.gives] = schema
            schema = {"$ref": _REF.format(model=row.gives)}
        done = _ok("Done", {"application/json": {"schema": schema}})
    if row.path == "/ready":
        return done | {"503": done["200"] | {"description": "Not ready"}}
    wrong = {"403": _STATUSES["403"]} if row.is_public else _STATUSES
    return done | {
        status: {"description": text, "content": error} for status, text in wrong.items()
    }


def _ok(says: str, content: Json) -> Json:
    return {"200": {"description": says, "content": content}}


def _given(gives: str, names: dict[str, Json]) -> Json:
    if gives.startswith("["):
        return {"type": "array", "items": _given(gives[1:-1], names)}
    if gives.endswith("Page"):
        items = {"type": "array", "items": _given(gives.removesuffix("Page"), names)}
        return {
            "type": "object",
            "required": ["items", "next_cursor"],
            "properties": {"items": items, "next_cursor": {"type": "string"}},
        }
    return _PLAIN.get(gives) or names[gives]
