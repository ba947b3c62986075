"""The API's document, as far as clients are made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.app import openapi_document

NOTICE = "Written by `make docs` out of the API's document; do not edit."
_PAGED = ("page", "offset", "after")
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Argument:
    """One value that a method takes; `place` is path, query or body."""

    wire: str
    place: str
    schema: Schema
    required: bool


@dataclass(frozen=True, slots=True)
class Method:
    """One endpoint as the clients have it."""

    name: str
    verb: str
    path: str
    summary: str
    answer: str
    takes: str | None
    arguments: tuple[Argument, ...]
    uploads: bool

    @property
    def writes(self) -> bool:
        return self.verb != "GET"

    @property
    def pages_by(self) -> str | None:
        named = {each.wire for each in self.arguments if each.place == "query"}
        return next((name for name in _PAGED if name in named), None)


class Document:
    """The API's document, as far as clients are made of it."""

    def __init__(self) -> None:
        self.whole = json.loads(openapi_document())
        self.schemas: dict[str, Schema] = self.whole["components"]["schemas"]
        self.methods = list(self._methods())

    def answers(self) -> list[str]:
        """Return the names of all shapes that an answer can have, and of those within them."""
        return self._with_those_within([each.answer for each in self.methods] + ["ErrorResponse"])

    def bodies(self) -> list[str]:
        """Return the names of all shapes that a caller can send, and of those within them."""
        return self._with_those_within([each.takes for each in self.methods if each.takes])

    def _with_those_within(self, wanted: list[str]) -> list[str]:
        found: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name not in found:
                found.add(name)
                wanted += names_in(self.schemas[name])
        return sorted(found)

    def items_of(self, method: Method) -> tuple[str, str]:
        """Return the list in a page, and what it is a list of."""
        for name, schema in self.schemas[method.answer]["properties"].items():
            if schema.get("type") == "array" and "$ref" in schema["items"]:
                return name, name_in(schema["items"])
        raise ValueError(f"{method.name} has no list")

    def _methods(self) -> Iterator[Method]:
        for path, operations in self.whole["paths"].items():
            for verb, operation in operations.items():
                content = operation.get("requestBody", {}).get("content", {})
                body = content.get("application/json")
                done = next(v for k, v in operation["responses"].items() if k.startswith("2"))
                yield Method(
                    name=operation["operationId"],
                    verb=verb.upper(),
                    path=path,
                    summary=operation["summary"],
                    answer=name_in(done["content"]["application/json"]["schema"]),
                    takes=None if body is None else name_in(body["schema"]),
                    arguments=tuple(self._arguments(operation, body)),
                    uploads="multipart/form-data" in content,
                )

    def _arguments(self, operation: Schema, body: Schema | None) -> Iterator[Argument]:
        for each in operation.get("parameters", ()):
            if "$ref" not in each:
                required = each.get("required", False)
                yield Argument(each["name"], each["in"], each["schema"], required)
        if body is not None:
            shape = self.schemas[name_in(body["schema"])]
            needed = shape.get("required", ())
            for name, schema in shape.get("properties", {}).items():
                yield Argument(name, "body", schema, name in needed)


def name_in(schema: Schema) -> str:
    """Return the name of the shape that is referred to."""
    return str(schema["$ref"].rsplit("/", 1)[1])


def names_in(schema: Any) -> list[str]:
    """Return the names of all shapes that are referred to in it."""
    if isinstance(schema, dict):
        own = [name_in(schema)] if isinstance(schema.get("$ref"), str) else []
        return own + [name for value in schema.values() for name in names_in(value)]
    if isinstance(schema, list):
        return [name for value in schema for name in names_in(value)]
    return []
