"""Memory that was freed and that the C library keeps: given back to the machine now and then.

A thousand accounts that were looked after once leave it in pieces; glibc returns them when asked.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> bool:
    """Return what is free to the system; False where the C library does so by itself. Blocks."""
    trim = _trim()
    if trim is None:
        return False
    trim(0)
    return True


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # musl, macOS
        return None
    return found
