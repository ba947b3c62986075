"""What pages are made of beside their text: stylesheet, modules, icons and font, kept in memory.

They lie under one address that holds a hash of all of them, so that modules find each other by
relative names, a browser keeps them for ever, and a new release has new addresses. What a page
loads at once goes as one script (`joining`).
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from web.joining import joined

# What every page runs, and what the composer does: each takes in the modules that it imports.
ENTRIES = ("app.js", "compose/start.js")
# The parts of the stylesheet, by the comments that begin them, that the composer has nothing of: it
# loads the most beside them.
NOT_COMPOSED = ("the day", "calendar", "history", "insights")
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent; `packed` is the same by gzip, where that is smaller."""

    content_type: str
    data: bytes
    packed: bytes | None


@dataclass(frozen=True, slots=True)
class Assets:
    """Every file by its name below `path`."""

    path: str
    found: Mapping[str, Asset]


@cache
def assets() -> Assets:
    """Return what is in `static/`, read once."""
    read = dict(_read(files("web") / "static", ""))
    ours = {name: data.decode() for name, data in read.items() if _is_ours(name)}
    read = {name: data for name, data in read.items() if name not in ours}
    read |= {name: text.encode() for name, text in joined(ours, ENTRIES).items()}
    styles = read["app.css"]
    read["app.css"] = _without_comments(styles)
    read["compose.css"] = _without_comments(_without_parts(styles, NOT_COMPOSED))
    found = {name: _packed(name, data) for name, data in read.items()}
    digest = hashlib.sha256()
    for name, asset in sorted(found.items()):
        digest.update(name.encode() + b"\0" + asset.data)
    return Assets(f"/static/{digest.hexdigest()[:12]}", found)


def _read(folder: Traversable, below: str) -> list[tuple[str, bytes]]:
    made: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        name = below + entry.name
        if entry.is_dir():
            made += _read(entry, f"{name}/")
        elif _kind(name) in _TYPES:
            made.append((name, entry.read_bytes()))
    return made


def _kind(name: str) -> str:
    return "." + name.rpartition(".")[2]


def _is_ours(name: str) -> bool:
    return name.endswith(".js") and not name.startswith("vendor/")


def _without_parts(styles: bytes, names: Sequence[str]) -> bytes:
    """Return a stylesheet without what follows these comments, up to the next one of a line."""
    begin, *parts = re.split(rb"(?m)^(?=/\* )", styles)
    leave = tuple(f"/* {name} */".encode() for name in names)
    return begin + b"".join(part for part in parts if not part.startswith(leave))


def _without_comments(styles: bytes) -> bytes:
    return re.sub(rb"/\*.*?\*/\n?", b"", styles, flags=re.DOTALL)


def _packed(name: str, data: bytes) -> Asset:
    packed = gzip.compress(data, 9, mtime=0)
    return Asset(_TYPES[_kind(name)], data, packed if len(packed) < len(data) else None)
