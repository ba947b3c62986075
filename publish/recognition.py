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


class Verdict(Enum):
    ABSENT = "it is provably not live"
    UNCLEAR = "Instagram cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent, as far as Instagram shows it again."""

    upload_id: str
    at: datetime
    kind: int
    # The people mentioned in a story, the caption of a post.
    marks: object


def recognise(own: Sequence[L], sent: Sent, accounted: Collection[str]) -> L | Verdict:
    """Return what `sent` became, or what can be said of its absence.

    `own` is what the account shows now, `accounted` the media ids that were there before or
    belong to other posts. Two that could both be it are UNCLEAR, never a guess.
    """
    for live in own:
        if live.upload_id == sent.upload_id:
            return live
    candidates = [
        live
        for live in own
        if live.pk not in accounted
        and live.kind == sent.kind
        and live.taken_at >= sent.at - CLOCK_SLACK
    ]
    if not candidates:
        return Verdict.ABSENT
    # Without the upload id only a single new one with exactly our marks is ours.
    alike = [live for live in candidates if live.marks == sent.marks]
    return alike[0] if len(candidates) == len(alike) == 1 else Verdict.UNCLEAR
