"""Writes what the client in `sdk/` is made of: models and methods, out of the API's document.

Run by `make docs`; a test holds the checked-in files to it. Python files come formatted.
"""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.app import openapi_document

SDK = Path(__file__).parents[1] / "sdk"
_NOTICE = "Written by `make docs` out of the API's document; do not edit."
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
        found: set[str] = set()
        wanted = [method.answer for method in self.methods] + ["ErrorResponse"]
        while wanted:
            name = wanted.pop()
            if name not in found:
                found.add(name)
                wanted += _named(self.schemas[name])
        return sorted(found)

    def items_of(self, method: Method) -> tuple[str, str]:
        """Return the list in a page, and what it is a list of."""
        for name, schema in self.schemas[method.answer]["properties"].items():
            if schema.get("type") == "array" and "$ref" in schema["items"]:
                return name, _name(schema["items"])
        raise ValueError(f"{method.name} has no list")

    def _methods(self) -> Iterator[Method]:
        for path, operations in self.whole["paths"].items():
            for verb, operation in operations.items():
                content = operation.get("requestBody", {}).get("content", {})
                done = next(v for k, v in operation["responses"].items() if k.startswith("2"))
                yield Method(
                    name=operation["operationId"],
                    verb=verb.upper(),
                    path=path,
                    summary=operation["summary"],
                    answer=_name(done["content"]["application/json"]["schema"]),
                    arguments=tuple(self._arguments(operation, content)),
                    uploads="multipart/form-data" in content,
                )

    def _arguments(self, operation: Schema, content: Schema) -> Iterator[Argument]:
        for each in operation.get("parameters", ()):
            if "$ref" not in each:
                required = each.get("required", False)
                yield Argument(each["name"], each["in"], each["schema"], required)
        if (body := content.get("application/json")) is not None:
            shape = self.schemas[_name(body["schema"])]
            needed = shape.get("required", ())
            for name, schema in shape.get("properties", {}).items():
                yield Argument(name, "body", schema, name in needed)


def _name(schema: Schema) -> str:
    return str(schema["$ref"].rsplit("/", 1)[1])


def _named(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [_name(schema)] if isinstance(schema.get("$ref"), str) else []
        return own + [name for value in schema.values() for name in _named(value)]
    if isinstance(schema, list):
        return [name for value in schema for name in _named(value)]
    return []


def snake(name: str) -> str:
    """Return a name as Python writes it."""
    found = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return f"{found}_" if keyword.iskeyword(found) else found


def _text(summary: str) -> str:
    return summary.replace("\\", "\\\\").replace('"""', "'''")


# Python


def python_models(document: Document) -> str:
    """Return the answers as pydantic models."""
    out = [f'"""Answers of the API. {_NOTICE}"""', "", "from __future__ import annotations", ""]
    out += ["from datetime import datetime", "from typing import Any, Literal, TypeAlias", ""]
    out += ["from reprise_client._answer import Answer, listed, named", ""]
    names = document.answers()
    for name in names:
        schema = document.schemas[name]
        if "enum" in schema:  # a later release knows more of them
            out.append(f"{name}: TypeAlias = {_literal(schema)} | str")
    for name in names:
        schema = document.schemas[name]
        if "enum" in schema:
            continue
        out += ["", "", f"class {name}(Answer):"]
        text = schema.get("description", "").split("\n\n")[0]
        out += [f'    """{_text(text)}"""', ""] if text else []
        for wire, field in schema.get("properties", {}).items():
            made = "listed" if field.get("type") == "array" else "named"
            out.append(f"    {snake(wire)}: {_python(field)} = {made}({wire!r})")
        out += [] if schema.get("properties") else ["    pass"]
    return _formatted("\n".join(out) + "\n")


def _literal(schema: Schema) -> str:
    return f"Literal[{', '.join(map(repr, schema['enum']))}]"


def _python(schema: Schema, *, given: bool = False) -> str:
    """Return the type of an answer's field, or of what a caller may give."""
    if "$ref" in schema:
        name = _name(schema)
        if not given:
            return name
        return "str" if name in _ENUMS else "Mapping[str, Any]"
    if "anyOf" in schema or "oneOf" in schema:
        parts = schema.get("anyOf") or schema["oneOf"]
        return " | ".join(dict.fromkeys(_python(each, given=given) for each in parts))
    if "enum" in schema:
        return f"{_literal(schema)} | str"
    if "const" in schema:
        return f"Literal[{schema['const']!r}] | str"
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_python({**schema, "type": each}, given=given) for each in kind)
    if kind == "array":
        inner = _python(schema.get("items", {}), given=given)
        return f"Sequence[{inner}]" if given else f"list[{inner}]"
    if kind == "string":
        if schema.get("format") != "date-time":
            return "str"
        return "datetime | str" if given else "datetime"
    kinds = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
    if kind == "object":
        return "Mapping[str, Any]" if given else "dict[str, Any]"
    return kinds.get(str(kind), "Any")


_ENUMS: set[str] = set()


def python_methods(document: Document) -> str:
    """Return one method for each endpoint, and one for each list, for either kind of program."""
    _ENUMS.update(name for name, schema in document.schemas.items() if "enum" in schema)
    out = [
        f'"""Every endpoint as a method. {_NOTICE}"""',
        "",
        "from __future__ import annotations",
        "",
    ]
    out += ["from collections.abc import AsyncIterator, Iterator, Mapping, Sequence"]
    out += ["from datetime import datetime", "from typing import Any, Literal", ""]
    out += ["from reprise_client import models"]
    out += [
        "from reprise_client._core import OMITTED, AsyncCore, Core, File, Omitted, Progress, part",
        "",
    ]
    for is_async, name, base in ((False, "Methods", "Core"), (True, "AsyncMethods", "AsyncCore")):
        kind = "async" if is_async else "blocking"
        out += ["", f"class {name}({base}):", f'    """Every endpoint, {kind}."""', ""]
        for method in document.methods:
            out += _python_method(method, is_async)
            if method.pages_by is not None:
                out += _python_pages(document, method, is_async)
    return _formatted("\n".join(out) + "\n")


def _signature(method: Method, *, without: str | None = None) -> str:
    given = [each for each in method.arguments if each.wire != without]
    words = [f"{snake(each.wire)}: str" for each in given if each.place == "path"]
    words += ["file: File"] if method.uploads else []
    named = [each for each in given if each.place != "path"]
    more = [f"{snake(e.wire)}: {_python(e.schema, given=True)}" for e in named if e.required]
    more += [
        f"{snake(e.wire)}: {_python(e.schema, given=True)} | Omitted = OMITTED"
        for e in named
        if not e.required
    ]
    more += ["on_progress: Progress | None = None"] if method.uploads else []
    more += ["idempotency_key: str | None = None"] if method.writes else []
    return ", ".join(["self", *words, *(["*"] if more else []), *more])


def _python_method(method: Method, is_async: bool) -> list[str]:
    url = re.sub(r"\{(\w+)\}", lambda found: "{part(" + snake(found[1]) + ")}", method.path)
    call = [repr(method.verb), f'f"{url}"' if "{" in url else f'"{url}"', f"models.{method.answer}"]
    for place, name in (("query", "params"), ("body", "body")):
        said = [each for each in method.arguments if each.place == place]
        if said:
            pairs = ", ".join(f'"{each.wire}": {snake(each.wire)}' for each in said)
            call.append(f"{name}={{{pairs}}}")
    call += ["file=file", "on_progress=on_progress"] if method.uploads else []
    call += ["idempotency_key=idempotency_key"] if method.writes else []
    define, wait = ("async def", "await ") if is_async else ("def", "")
    return [
        f"    {define} {snake(method.name)}({_signature(method)}) -> models.{method.answer}:",
        f'        """{_text(method.summary)}"""',
        f"        return {wait}self._call({', '.join(call)})",
        "",
    ]


def _python_pages(document: Document, method: Method, is_async: bool) -> list[str]:
    by = method.pages_by
    assert by is not None
    wire, item = document.items_of(method)
    name = re.sub(r"^(list|get)_", "", snake(method.name))
    said = [each for each in method.arguments if each.wire != by]
    given = [snake(each.wire) for each in said if each.place == "path"]
    given += [f"{snake(each.wire)}={snake(each.wire)}" for each in said if each.place != "path"]
    define, wait, each = (
        ("async def", "await ", "AsyncIterator") if is_async else ("def", "", "Iterator")
    )
    first = {"page": "1", "offset": "0", "after": "OMITTED"}[by]
    kind = {"page": "int", "offset": "int", "after": "str | Omitted"}[by]
    ends = "found.next is None" if by == "after" else "not found.has_more or not items"
    step = {"page": "at += 1", "offset": "at += len(items)", "after": "at = found.next"}[by]
    return [
        f"    {define} iter_{name}({_signature(method, without=by)}) -> {each}[models.{item}]:",
        f'        """Go through all of it, page by page: {_text(method.summary)}"""',
        f"        at: {kind} = {first}",
        "        while True:",
        f"            found = {wait}self.{snake(method.name)}({', '.join([*given, f'{by}=at'])})",
        f"            items = found.{snake(wire)}",
        "            for item in items:",
        "                yield item",
        f"            if {ends}:",
        "                return",
        f"            {step}",
        "",
    ]


def _formatted(text: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--line-length", "100", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def files() -> dict[Path, str]:
    """Return what is written, by where."""
    document = Document()
    package = SDK / "python" / "reprise_client"
    return {
        package / "models.py": python_models(document),
        package / "_methods.py": python_methods(document),
    }


def main() -> None:
    """Write the files."""
    for path, text in files().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
