"""The `fields` parameter: which parts of an object a caller wants to see."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox.graph.failures import GraphRefusal
from sandbox.wire.message import JsonObject

Wanted = dict[str, "Wanted"]

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|[{},])")


def parse_fields(text: str) -> Wanted:
    """`a,b{c,d}` as names, each with the names wanted inside it.

    Raises:
        GraphRefusal: it is anything else.
    """
    wanted: Wanted = {}
    levels = [wanted]
    last = ""
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _bad(text)
        at, sign = found.end(), found[1]
        if sign == "{" and last:
            levels.append(levels[-1][last])
        elif sign == "}" and len(levels) > 1:
            levels.pop()
        elif sign in "{}":
            raise _bad(text)
        elif sign != ",":
            levels[-1].setdefault(sign, {})
        last = sign if sign not in "{}," else ""
    if len(levels) > 1:
        raise _bad(text)
    return wanted


def select(node: str, values: Mapping[str, object], wanted: Wanted) -> JsonObject:
    """The wanted parts of an object, and its id in any case; None is left out, as Meta does.

    Objects without an id are shown as a whole when nothing of them is named.

    Raises:
        GraphRefusal: objects of that type have no such field.
    """
    chosen: JsonObject = {}
    for name, inner in wanted.items():
        if name not in values:
            raise GraphRefusal(
                "invalid_parameter",
                f"(#100) Tried accessing nonexisting field ({name}) on node type ({node})",
            )
        if values[name] is not None:
            chosen[name] = _inner(node, values[name], inner)
    if "id" in values:
        chosen["id"] = values["id"]
    elif not wanted:
        chosen = dict(values)
    return chosen


def _inner(node: str, value: object, wanted: Wanted) -> object:
    if isinstance(value, list):
        return {"data": [_inner(node, each, wanted) for each in value]}
    return select(node, value, wanted) if isinstance(value, dict) else value


def _bad(text: str) -> GraphRefusal:
    return GraphRefusal("invalid_parameter", f"(#2500) Syntax error in fields: {text[:100]}")
