"""The Python client: answers as pydantic models, and every endpoint as a method."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys

from tools.sdk.document import NOTICE, Document, Method, Schema, name_in


def snake(name: str) -> str:
    """Return a name as Python writes it."""
    found = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return f"{found}_" if keyword.iskeyword(found) else found


def _text(summary: str) -> str:
    return summary.replace("\\", "\\\\").replace('"""', "'''")


def models(document: Document) -> str:
    """Return the answers as pydantic models."""
    out = [f'"""Answers of the API. {NOTICE}"""', "", "from __future__ import annotations", ""]
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
            out.append(f"    {snake(wire)}: {_type(field)} = {made}({wire!r})")
        out += [] if schema.get("properties") else ["    pass"]
    return _formatted("\n".join(out) + "\n")


def _literal(schema: Schema) -> str:
    return f"Literal[{', '.join(map(repr, schema['enum']))}]"


def _type(schema: Schema, *, given: bool = False) -> str:
    """Return the type of an answer's field, or of what a caller may give."""
    if "$ref" in schema:
        name = name_in(schema)
        if not given:
            return name
        return "str" if name in _ENUMS else "Mapping[str, Any]"
    if "anyOf" in schema or "oneOf" in schema:
        parts = schema.get("anyOf") or schema["oneOf"]
        return " | ".join(dict.fromkeys(_type(each, given=given) for each in parts))
    if "enum" in schema:
        return f"{_literal(schema)} | str"
    if "const" in schema:
        return f"Literal[{schema['const']!r}] | str"
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": each}, given=given) for each in kind)
    if kind == "array":
        inner = _type(schema.get("items", {}), given=given)
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


def methods(document: Document) -> str:
    """Return one method for each endpoint, and one for each list, for either kind of program."""
    _ENUMS.update(name for name, schema in document.schemas.items() if "enum" in schema)
    out = [
        f'"""Every endpoint as a method. {NOTICE}"""',
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
            out += _method(method, is_async)
            if method.pages_by is not None:
                out += _pages(document, method, is_async)
    return _formatted("\n".join(out) + "\n")


def _signature(method: Method, *, without: str | None = None) -> str:
    given = [each for each in method.arguments if each.wire != without]
    words = [f"{snake(each.wire)}: str" for each in given if each.place == "path"]
    words += ["file: File"] if method.uploads else []
    named = [each for each in given if each.place != "path"]
    more = [f"{snake(e.wire)}: {_type(e.schema, given=True)}" for e in named if e.required]
    more += [
        f"{snake(e.wire)}: {_type(e.schema, given=True)} | Omitted = OMITTED"
        for e in named
        if not e.required
    ]
    more += ["on_progress: Progress | None = None"] if method.uploads else []
    more += ["idempotency_key: str | None = None"] if method.writes else []
    return ", ".join(["self", *words, *(["*"] if more else []), *more])


def _method(method: Method, is_async: bool) -> list[str]:
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


def _pages(document: Document, method: Method, is_async: bool) -> list[str]:
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
