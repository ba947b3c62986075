"""Is a post whose answer was lost live? Pure: compares what Instagram shows with what was sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol, TypeVar

CLOCK_SLACK = timedelta(minutes=5)


class Live(Protocol):
    """A story or post of the account as Instagram shows it now."""

    @property
    def pk(self) -> str: ...
    @property
    def upload_id(self) -> str | None: ...
    @property
    def kind(self) -> int: ...
    @property
    def taken_at(self) -> datetime: ...
    @property
    def marks(self) -> object: ...


L = TypeVar("L", bound=Live)


class Liveness(Enum):
    ABSENT = "it is provably not live"
    OVER = "it is not live, and what was prepared for it never can be"
    UNCLEAR = "Instagram cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent, as far as Instagram shows it again."""

    # None where nobody knows what it was uploaded under, if it was.
    upload_id: str | None
    at: datetime
    kind: int
    # The people mentioned in a story, the caption of a post.
    marks: object
    # What its parts were uploaded under: of an album Instagram may show one of theirs.
    part_ids: frozenset[str] = frozenset()
    # Whether the marks tell anything: a story without stickers is like any other.
    is_marked: bool = True
    # The newest media that was there before. Instagram numbers in the order of time, so that a
    # clock of ours that is wrong hides nothing.
    newest_before: int | None = None

    def is_newer(self, live: Live) -> bool:
        """Whether it may have come after what was there before this was sent."""
        if live.taken_at >= self.at - CLOCK_SLACK:
            return True
        return (
            self.newest_before is not None
            and live.pk.isdecimal()
            and int(live.pk) > self.newest_before
        )


def recognise(own: Sequence[L], sent: Sent, accounted: Collection[str]) -> L | Liveness:
    """Return what `sent` became, or what can be said of its absence.

    `own` is what the account shows now, `accounted` the media ids that were there before or
    belong to other posts. What could be it and is not surely so is UNCLEAR, never a guess: a
    second one, another upload id (somebody's own hand), marks that others may have too.
    """
    for live in own:
        if live.upload_id is not None and live.upload_id in (sent.upload_id, *sent.part_ids):
            return live
    candidates = [
        live
        for live in own
        if live.pk not in accounted and live.kind == sent.kind and sent.is_newer(live)
    ]
    if not candidates:
        return Liveness.UNCLEAR if _may_be_older(own, sent, accounted) else Liveness.ABSENT
    # Where no upload id tells, only a single new one with exactly our marks is ours.
    alike = [
        live
        for live in candidates
        if sent.is_marked
        and (live.upload_id is None or sent.upload_id is None)
        and live.marks == sent.marks
    ]
    return alike[0] if len(candidates) == len(alike) == 1 else Liveness.UNCLEAR


def _may_be_older(own: Sequence[L], sent: Sent, accounted: Collection[str]) -> bool:
    """Whether it may be one that seems to have come before it: the time of it may be wrong.

    Only of what has no name and before which nobody had looked: both tell better than a clock.
    """
    if sent.upload_id is not None or sent.newest_before is not None or not sent.is_marked:
        return False
    return any(
        live.pk not in accounted and (live.kind, live.marks) == (sent.kind, sent.marks)
        for live in own
    )
