"""What pages are made of beside their text: stylesheet, modules, icons and font, kept in memory.

They lie under one address that holds a hash of all of them, so that modules find each other by
relative names, a browser keeps them for ever, and a new release has new addresses.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

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
    found = dict(_read(files("web") / "static", ""))
    digest = hashlib.sha256()
    for name, asset in sorted(found.items()):
        digest.update(name.encode() + b"\0" + asset.data)
    return Assets(f"/static/{digest.hexdigest()[:12]}", found)


def _read(folder: Traversable, below: str) -> list[tuple[str, Asset]]:
    made: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        name = below + entry.name
        if entry.is_dir():
            made += _read(entry, f"{name}/")
        elif (kind := _TYPES.get("." + entry.name.rpartition(".")[2])) is not None:
            data = entry.read_bytes()
            packed = gzip.compress(data, 9, mtime=0)
            made.append((name, Asset(kind, data, packed if len(packed) < len(data) else None)))
    return made
