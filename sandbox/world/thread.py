"""A chat as one of its two people sees it, and the messages in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from sandbox.world.person import Person
from sandbox.world.story import Story

Box = Literal["inbox", "pending"]


class MentionShape(Enum):
    """The JSON in which Instagram tells somebody that a story mentions them."""

    XMA = "xma"  # item type and list are both called xma_reel_mention
    GENERIC_XMA = "generic_xma"  # the same item type, the list is called generic_xma
    LEGACY_REEL_SHARE = "legacy_reel_share"  # reel_share of type mention, with the media inside


@dataclass(frozen=True, slots=True)
class MentionOf:
    """What a mention is about. It is rendered when it is read, because stories expire."""

    story: Story
    shape: MentionShape


@dataclass(eq=False, slots=True)
class Item:
    """One message: a mention of a story, or JSON that is sent exactly as it is."""

    id: str
    at: float
    author: Person
    mention: MentionOf | None = None
    raw: object = None


@dataclass(eq=False, slots=True)
class Thread:
    """The chat of `viewer` with `other`, in the box where the viewer finds it."""

    id: str
    v2_id: str
    viewer: Person
    other: Person
    box: Box
    last_activity_at: float
    items: list[Item] = field(default_factory=list)

    def newest_first(self) -> list[Item]:
        return sorted(self.items, key=lambda item: (item.at, item.id), reverse=True)

    def add(self, item: Item) -> None:
        self.items.append(item)
        self.last_activity_at = max(self.last_activity_at, item.at)


def raw_time(raw: object, default: float) -> float:
    """When a raw message was sent, in seconds, if it says so in a way that makes sense."""
    microseconds = raw.get("timestamp") if isinstance(raw, Mapping) else None
    if isinstance(microseconds, int) and not isinstance(microseconds, bool):
        return min(microseconds, 10**18) / 1_000_000
    return default
