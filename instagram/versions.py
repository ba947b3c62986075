"""The sizes in which Instagram offers one picture or video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def largest(versions: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the address of the largest version, None when there is none."""
    usable = [v for v in versions if v.get("url")]
    if not usable:
        return None
    best = max(usable, key=lambda v: int(v.get("width") or 0) * int(v.get("height") or 0))
    return str(best["url"])
