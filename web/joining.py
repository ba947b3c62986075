"""Modules that go together as one file: the page's scripts as they are sent, from those we write.

A page asks for each of its modules by itself otherwise, and a browser finds the further ones only
in what it has read. An entry takes in what it imports, each module in a function of its own, so
that names meet nowhere; whoever else imports such a module has it from the entry. What is imported
on an action (`import("./x.js")`) stays a file of its own.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

_IMPORT = re.compile(r'import \{ ([\w$, ]+) \} from "(\.{1,2}/[\w./-]+\.js)";')
_COMMENT = re.compile(r"^\s*/\*\*.*?\*/$", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"export (?:async )?(?:function|const) ([\w$]+)")


def joined(sources: Mapping[str, str], entries: Sequence[str]) -> dict[str, str]:
    """Return the files to be sent by their names: the entries, and what no entry takes in.

    Raises `ValueError` for an import or export of another form than ours, and for modules that
    import each other in a circle.
    """
    owners: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    for entry in entries:
        parts[entry] = _in_order(entry, sources, owners)
        owners.update(dict.fromkeys(parts[entry], entry))
    made = {entry: _entry(entry, parts[entry], sources, owners) for entry in entries}
    for name, text in sources.items():
        if name not in owners:
            made[name] = _alone(name, text, owners)
    return made


def _in_order(entry: str, sources: Mapping[str, str], taken: Mapping[str, str]) -> list[str]:
    """Return what the entry takes in, each behind what it imports, itself last."""
    found: list[str] = []

    def follow(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"{' imports '.join([*above, name])}: in a circle")
        if name in found or name in taken:
            return
        for _, other in _imports(name, sources[name]):
            follow(other, (*above, name))
        found.append(name)

    follow(entry, ())
    return found


def _imports(name: str, text: str) -> list[tuple[str, str]]:
    """Return what a module imports from which."""
    folder = posixpath.dirname(name)
    return [
        (names, posixpath.normpath(posixpath.join(folder, place)))
        for names, place in _IMPORT.findall(text)
    ]


def _entry(
    entry: str, parts: Sequence[str], sources: Mapping[str, str], owners: Mapping[str, str]
) -> str:
    asked = {
        owners[other]: None
        for part in parts
        for _, other in _imports(part, sources[part])
        if owners[other] != entry
    }
    out = [_from(entry, owner, [_name(each) for each in owners if owners[each] == owner])
           for owner in asked]  # fmt: skip
    for part in parts:
        text, exports = _body(part, sources[part])
        out.append(
            f"const {_name(part)} = (() => {{\n{text}return {{ {', '.join(exports)} }};\n}})();\n"
        )
    return "".join([*out, f"export {{ {', '.join(_name(part) for part in parts)} }};\n"])


def _alone(name: str, text: str, owners: Mapping[str, str]) -> str:
    asked: dict[str, list[str]] = {}
    for _, other in _imports(name, text):
        if other not in owners:
            raise ValueError(f"{name} imports {other}, which no entry takes in")
        asked.setdefault(owners[other], []).append(_name(other))
    body, exports = _body(name, text)
    head = "".join(_from(name, owner, parts) for owner, parts in asked.items())
    return f"{head}{body}export {{ {', '.join(exports)} }};\n"


def _body(name: str, text: str) -> tuple[str, list[str]]:
    """Return a module's text with its imports taken from where they are, and what it exports."""
    exports = _EXPORT.findall(text)

    def bound(found: re.Match[str]) -> str:
        other = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[2]))
        return f"const {{ {found[1].replace(' as ', ': ')} }} = {_name(other)};"

    text = _IMPORT.sub(bound, text)
    text = re.sub(r"^export (?=(?:async )?(?:function|const) )", "", text, flags=re.MULTILINE)
    if wrong := re.search(r"^\s*(?:import|export)\s.*", text, flags=re.MULTILINE):
        raise ValueError(f"{name}: not of the form that is joined: {wrong[0]}")
    return _lean(text), exports


def _lean(text: str) -> str:
    """Return a script without whole lines of comment and without what stands before a line.

    A template that goes over several lines would lose its spaces: there is none.
    """
    lines = [line.strip() for line in _COMMENT.sub("", text).splitlines()]
    if wrong := next((line for line in lines if line.count("`") % 2), None):
        raise ValueError(f"a template over several lines: {wrong}")
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))


def _from(name: str, owner: str, parts: Sequence[str]) -> str:
    place = posixpath.relpath(owner, posixpath.dirname(name) or ".")
    place = place if place.startswith(".") else f"./{place}"
    return f'import {{ {", ".join(parts)} }} from "{place}";\n'


def _name(module: str) -> str:
    """Return what a module is called in the file that holds it."""
    return "m_" + re.sub(r"\W", "_", module.removesuffix(".js"))
