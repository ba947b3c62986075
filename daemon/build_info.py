"""Which Reprise this is and what it runs on; read once, because the packages' data are files."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from functools import cache
from importlib import metadata

from storage.migrations import migrations


@cache
def build() -> Mapping[str, str]:
    """Return what this Reprise is."""
    return {
        "name": "reprise",
        "version": metadata.version("reprise"),
        "contract": "VoidGram v3.3",
        "schema": migrations._migrations[-1].name,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
    }


@cache
def dependencies() -> Mapping[str, str]:
    """Return the installed versions of what the running daemon needs, by name."""
    needed = metadata.requires("reprise") or []
    always = (line for line in needed if "extra ==" not in line)
    names = (re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0] for line in always)
    return {name: metadata.version(name) for name in sorted(names)}
