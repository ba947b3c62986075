"""The day of an account as a strip of 24 hours: night, what goes out, the next look, and now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from operations import models


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that goes out, or went, at a minute of the day."""

    minute: int
    label: str
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ribbon:
    """Minutes of the local day, from 0 to 1440."""

    present: int
    nights: list[tuple[int, int]]
    marks: list[Mark]
    look: int | None

    @property
    def told(self) -> str:
        """The same in a sentence, for who cannot see it."""
        parts = [f"Asleep from {_clock(a)} to {_clock(b)}." for a, b in self.nights]
        parts += [f"{mark.label} {_clock(mark.minute)}." for mark in self.marks]
        if self.look is not None:
            parts.append(f"Next look into the inbox at {_clock(self.look)}.")
        return (
            f"Today from midnight to midnight. {' '.join(parts)} It is {_clock(self.present)} now."
        )


def ribbon(
    status: models.StoryRepostStatus,
    posts: Iterable[models.Post],
    now: datetime,
    zone: ZoneInfo,
) -> Ribbon:
    """Return today's strip; `posts` are those that went or go out today."""
    config = status.config
    begin, end = (config.sleep_window_start, config.sleep_window_end) if config else (0, 0)
    nights = [(begin * 60, end * 60)] if begin < end else [(0, end * 60), (begin * 60, 1440)]
    look = status.next_poll_at
    is_today = look is not None and look.astimezone(zone).date() == now.astimezone(zone).date()
    return Ribbon(
        present=minute_of(now, zone),
        nights=[night for night in nights if night[0] < night[1] and begin != end],
        marks=[_mark(post, zone) for post in posts],
        look=minute_of(look, zone) if look is not None and is_today else None,
    )


def minute_of(moment: datetime, zone: ZoneInfo) -> int:
    """Return the minute of its local day."""
    local = moment.astimezone(zone)
    return local.hour * 60 + local.minute


def _mark(post: models.Post, zone: ZoneInfo) -> Mark:
    is_done = post.published_at is not None
    at = datetime.fromisoformat(post.published_at or post.scheduled_for or post.created_at)
    return Mark(minute_of(at, zone), "Went out" if is_done else "Goes out", is_done)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
