"""A chat as one of the people in it sees it, and the messages in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Literal

from sandbox.world.person import Person
from sandbox.world.post import Post
from sandbox.world.probe import Probe
from sandbox.world.shot import Shot
from sandbox.world.story import Story

FileKind = Literal["image", "video", "audio"]
Box = Literal["inbox", "pending", "spam"]


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


@dataclass(frozen=True, slots=True)
class Voice:
    """A spoken message: a file, and how loud it is along the way."""

    pk: int
    file: Path
    waveform: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Attachment:
    """Bytes that came in for a chat and may be sent once, or more often."""

    kind: FileKind
    file: Path
    probe: Probe | None  # none for sound


# What a message is about: text and an address in it, or something that is shared or attached.
About = Post | Story | Person | Shot | Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What somebody wrote or sent: text, or something."""

    text: str = ""
    links: tuple[str, ...] = ()
    about: About | None = None
    context: str = ""  # the client's own id, by which the same message is not sent twice
    answers: Item | None = None


@dataclass(eq=False, slots=True)
class Item:
    """One message: a mention of a story, JSON that is sent exactly as it is, or content."""

    id: str
    at: float
    author: Person
    mention: MentionOf | None = None
    raw: object = None
    content: Content | None = None
    reactions: dict[Person, tuple[str, float]] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Thread:
    """The chat of `viewer` with others, in the box where the viewer finds it.

    The views of one chat have the same ids.
    """

    id: str
    v2_id: str
    viewer: Person
    others: list[Person]
    box: Box
    last_activity_at: float
    items: list[Item] = field(default_factory=list)
    is_group: bool = False
    title: str = ""
    admins: list[Person] = field(default_factory=list)
    muted: bool = False
    calls_muted: bool = False
    flagged: bool = False
    unread: bool = False
    hidden: bool = False
    # What each has seen last, and when.
    seen: dict[Person, tuple[Item, float]] = field(default_factory=dict)

    @property
    def other(self) -> Person:
        """The other one of two, or the first of several."""
        return self.others[0]

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
