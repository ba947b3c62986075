"""Doing something that may be refused, where the page itself says why."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from operations.refusing import refusal_of


async def tried(work: Awaitable[Any]) -> Any:
    """Return what came of it, or the `Refusal`, which the page shows beside what was filled in."""
    try:
        return await work
    except Exception as error:
        refused = refusal_of(error)
        if refused is None:
            raise
        return refused
