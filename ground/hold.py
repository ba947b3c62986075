"""Not now: the one shape of what a rail, a trouble or a pause holds back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """A rail says no: which, why in words for a person, and until when.

    `until` is None when only a person can end it.
    """

    rail: str
    reason: str
    until: datetime | None
