"""Where this machine stands."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo

_LOCAL = Path("/etc/localtime")


def zone_of_this_machine() -> str:
    """Return the name of the machine's time zone, UTC when it has no name that is known."""
    named = os.environ.get("TZ", "").lstrip(":")
    linked = str(_LOCAL.resolve()).partition("zoneinfo/")[2]
    for name in (named, linked):
        try:
            return ZoneInfo(name).key
        except (KeyError, ValueError, OSError):  # not a zone, not a key, a folder
            continue
    return "UTC"
