"""The TypeScript client: answers and bodies as interfaces, and every endpoint as a method."""

from __future__ import annotations

import json
import re

from tools.sdk.document import NOTICE, Argument, Document, Method, Schema, name_in

_PLAIN = {"integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_OPEN = "(string & {})"  # a later release knows more of them


def methods(document: Document) -> str:
    """Return all types, and a class with one method for each endpoint and for each list."""
    out = [f"// {NOTICE}", 'import { Core, part, type Options } from "./core.js";']
    out += ['import type { Upload, UploadOptions } from "./upload.js";', ""]
    answers = document.answers()
    for name in answers:
        out += _shape(name, document.schemas[name], given=False)
    for name in document.bodies():
        if name not in answers:
            out += _shape(name, document.schemas[name], given=True)
    for method in document.methods:
        out += _query(method)
    out += ["/** Every endpoint as a method. */", "export class Methods extends Core {"]
    for method in document.methods:
        out += _method(method)
        out += _pages(document, method)
    return "\n".join([*out, "}", ""])


def _shape(name: str, schema: Schema, *, given: bool) -> list[str]:
    text = schema.get("description", "").split("\n\n")[0]
    out = [f"/** {' '.join(text.split())} */"] if text else []
    if "enum" in schema:
        return [*out, f"export type {name} =", *_either(schema["enum"]), ""]
    needed = schema.get("required", ())
    out.append(f"export interface {name} {{")
    for wire, field in schema.get("properties", {}).items():
        is_open = given and wire not in needed
        out.append(f"  {_field(wire, field, is_open=is_open, given=given)};")
    return [*out, "}", ""]


def _either(words: list[str]) -> list[str]:
    return [*(f"  | {json.dumps(each)}" for each in words), f"  | {_OPEN};"]


def _field(wire: str, schema: Schema, *, is_open: bool, given: bool) -> str:
    return f"{wire}{'?' * is_open}: {_type(schema, given)}{' | undefined' * is_open}"


def _type(schema: Schema, given: bool) -> str:
    """Return the type of an answer's field, or of what a caller may give."""
    if "$ref" in schema:
        return name_in(schema)
    if "anyOf" in schema or "oneOf" in schema:
        parts = schema.get("anyOf") or schema["oneOf"]
        return " | ".join(dict.fromkeys(_type(each, given) for each in parts))
    if "const" in schema and given:
        return json.dumps(schema["const"])
    if "enum" in schema or "const" in schema:
        words = schema.get("enum") or [schema["const"]]
        return " | ".join([*map(json.dumps, words), _OPEN])
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": each}, given) for each in kind)
    if kind == "array":
        inner = _type(schema.get("items", {}), given)
        return f"ReadonlyArray<{inner}>" if given else f"Array<{inner}>"
    if kind == "string":
        return "string | Date" if given and schema.get("format") == "date-time" else "string"
    return "Record<string, unknown>" if kind == "object" else _PLAIN.get(str(kind), "unknown")


def _asked(method: Method) -> list[Argument]:
    return [each for each in method.arguments if each.place == "query"]


def _query_name(method: Method) -> str:
    return f"{method.name[0].upper()}{method.name[1:]}Query"


def _query(method: Method) -> list[str]:
    fields = [
        f"  {_field(each.wire, each.schema, is_open=not each.required, given=True)};"
        for each in _asked(method)
    ]
    return [f"export interface {_query_name(method)} {{", *fields, "}", ""] if fields else []


def _given(method: Method) -> str | None:
    """Return the type of what is given to a method beside its path, if anything is."""
    return method.takes or (_query_name(method) if _asked(method) else None)


def _parameters(method: Method, kind: str | None, options: str) -> str:
    words = [f"{each.wire}: string" for each in method.arguments if each.place == "path"]
    words += ["file: Upload"] if method.uploads else []
    if kind is not None:
        needed = any(each.required for each in method.arguments if each.place != "path")
        words.append(f"given: {kind}{'' if needed else ' = {}'}")
    return ", ".join([*words, f"options: {options} = {{}}"])


def _method(method: Method) -> list[str]:
    url = re.sub(r"\{(\w+)\}", r"${part(\1)}", method.path)
    kind, asks = _given(method), ["...options"]
    if method.uploads:
        asks.append("file")
    elif kind is not None:
        asks.append("body: given" if method.takes else "query: given")
    options = "UploadOptions" if method.uploads else "Options"
    taken = _parameters(method, kind, options)
    return [
        f"  /** {method.summary} */",
        f"  {method.name}({taken}): Promise<{method.answer}> {{",
        f'    return this.call("{method.verb}", `{url}`, {{ {", ".join(asks)} }});',
        "  }",
        "",
    ]


def _pages(document: Document, method: Method) -> list[str]:
    by = method.pages_by
    if by is None:
        return []
    wire, item = document.items_of(method)
    name = re.sub(r"^(list|get)", "", method.name)
    path = [each.wire for each in method.arguments if each.place == "path"]
    taken = _parameters(method, f'Omit<{_query_name(method)}, "{by}">', "Options")
    asks = ", ".join([*path, f"{{ ...given, {by}: at }}", "options"])
    kind, first, end, step = {
        "page": ("number", "1", "!found.hasMore || items.length === 0", "at += 1"),
        "offset": ("number", "0", "!found.hasMore || items.length === 0", "at += items.length"),
        "after": ("string | undefined", "undefined", "!found.next", "at = found.next"),
    }[by]
    return [
        f"  /** Goes through all of it, page by page: {method.summary} */",
        f"  async *iterate{name}({taken}): AsyncGenerator<{item}, void, undefined> {{",
        f"    let at: {kind} = {first};",
        "    for (;;) {",
        f"      const found: {method.answer} = await this.{method.name}({asks});",
        f"      const items = found.{wire};",
        "      yield* items;",
        f"      if ({end}) return;",
        f"      {step};",
        "    }",
        "  }",
        "",
    ]
