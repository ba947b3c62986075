"""The way of a mention: every step with its reason, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from operations import models
from storage.reposts import RepostStatus

_STEPS = {
    RepostStatus.DETECTED: "Seen in your inbox",
    RepostStatus.DOWNLOADED: "Saved before it expired",
    RepostStatus.WAITING_APPROVAL: "Waits for you",
    RepostStatus.QUEUED: "May go out",
    RepostStatus.PUBLISHED: "Went out",
    RepostStatus.SKIPPED: "Skipped",
    RepostStatus.EXPIRED: "Missed",
    RepostStatus.FAILED: "Failed",
}
_SAID_ALREADY = "It waits for your approval"
_OPEN = (
    RepostStatus.DETECTED,
    RepostStatus.DOWNLOADED,
    RepostStatus.WAITING_APPROVAL,
    RepostStatus.QUEUED,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `kind` is what it looks like: done, hold, bad or next."""

    what: str
    why: str | None
    at: datetime | None
    kind: str


def way_of(item: models.RepostDetails) -> list[Step]:
    """Return the steps of a mention, oldest first, with the one that comes next."""
    steps = [_step(event) for event in item.events]
    if item.status in _OPEN and item.status is not RepostStatus.WAITING_APPROVAL:
        steps.append(Step("Goes on", None, item.held_until, "next"))
    elif item.status is RepostStatus.WAITING_APPROVAL:
        steps.append(Step("Too old to go out", None, item.held_until, "next"))
    return steps


def _step(event: models.RepostEvent) -> Step:
    if event.state is RepostStatus.QUEUED and event.reason:
        return Step("Held", event.reason, event.at, "hold")
    is_bad = event.state in (RepostStatus.EXPIRED, RepostStatus.FAILED)
    is_hold = event.state is RepostStatus.WAITING_APPROVAL
    kind = "bad" if is_bad else "hold" if is_hold else "done"
    reason = None if event.reason == _SAID_ALREADY else event.reason
    return Step(_STEPS[event.state], reason, event.at, kind)
