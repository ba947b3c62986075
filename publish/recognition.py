"""Is a post whose answer was lost live? Pure: compares what Instagram shows with what was sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from instagram.stories import Story

_CLOCK_SLACK = timedelta(minutes=5)
# A story is visible for 24 h; later its absence proves nothing, so nobody need be asked.
VISIBLE_FOR = timedelta(hours=23)


class Verdict(Enum):
    ABSENT = "it is provably not live"
    UNCLEAR = "Instagram cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent, as far as Instagram shows it again."""

    upload_id: str
    at: datetime
    is_video: bool
    mentioned_pks: frozenset[str]


def recognise(own: Sequence[Story], sent: Sent, accounted: Collection[str]) -> Story | Verdict:
    """Return the story that `sent` became, or what can be said of its absence.

    `own` is the account's story now, `accounted` the media ids that were there before or
    belong to other posts. Two stories that could both be it are UNCLEAR, never a guess.
    """
    for story in own:
        if story.upload_id == sent.upload_id:
            return story
    candidates = [
        story
        for story in own
        if story.pk not in accounted
        and story.is_video == sent.is_video
        and story.taken_at >= sent.at - _CLOCK_SLACK
    ]
    if not candidates:
        return Verdict.ABSENT
    # Without the upload id only a single new story with exactly our mentions is ours.
    alike = [story for story in candidates if story.mentioned_pks == sent.mentioned_pks]
    return alike[0] if len(candidates) == len(alike) == 1 else Verdict.UNCLEAR
