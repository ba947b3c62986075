"""Moments as the database and the REST contract write them: UTC, milliseconds, `Z`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def to_text(moment: datetime) -> str:
    """Return `moment` as `2026-04-20T14:00:00.000Z`; text order is time order."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """Return the aware UTC datetime that `to_text` wrote."""
    return datetime.fromisoformat(text)


def shifted(moment: datetime, by: timedelta) -> datetime:
    """Return `moment` moved, but not out of the calendar."""
    try:
        return moment + by
    except OverflowError:
        return _FIRST if by < timedelta(0) else _LAST


_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
