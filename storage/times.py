"""Moments as the database and the REST contract write them: UTC, milliseconds, `Z`."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """Return `moment` as `2026-04-20T14:00:00.000Z`; text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{moment.microsecond // 1000:03d}Z"
    )


def from_text(text: str) -> datetime:
    """Return the aware UTC datetime that `to_text` wrote."""
    return datetime.fromisoformat(text)
