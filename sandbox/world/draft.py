"""A post that is to go live, whichever route it came by, and its entry for the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.wire.message import JsonObject
from sandbox.world.person import Person
from sandbox.world.post import Post, graph_id
from sandbox.world.probe import Probe
from sandbox.world.published import Child, Mention, Product, Published, UserTag, Way
from sandbox.world.shot import Shot
from sandbox.world.story import Story


@dataclass(eq=False, slots=True, kw_only=True)
class Part:
    """A file that is to become a shot. `cover` is its still, if somebody chose one."""

    file: Path
    probe: Probe
    cover: Path | None = None
    tags: tuple[UserTag, ...] = ()


@dataclass(eq=False, slots=True, kw_only=True)
class Upload(Part):
    """Bytes that came in through the private API and may be configured into a post."""

    owner: Person
    upload_id: str
    polls_left: int | None = None  # None until it is first configured


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything about a post that is to go live."""

    owner: Person
    route: Way
    product: Product
    parts: Sequence[Part]
    caption: str = ""
    mentions: tuple[Mention, ...] = ()
    reel_mentions: list[JsonObject] = field(default_factory=list)
    stickers: list[JsonObject] = field(default_factory=list)
    collaborators: tuple[Person, ...] = ()
    location_id: str | None = None
    upload_id: str | None = None
    container: str | None = None
    extra: JsonObject = field(default_factory=dict)


def entry_for(draft: Draft, media: Story | Post) -> Published:
    """What the ledger keeps of a draft that became this."""
    first = draft.parts[0]
    children: tuple[Child, ...] = ()
    if isinstance(media, Post) and draft.product == "carousel":
        children = tuple(map(_child, media.shots))
    return Published(
        account=draft.owner.username,
        route=draft.route,
        product=draft.product,
        pk=media.pk,
        graph_id=graph_id(media.pk),
        upload_id=draft.upload_id or "",
        container=draft.container,
        kind=first.probe.kind,
        file=first.file,
        width=first.probe.width,
        height=first.probe.height,
        duration=first.probe.duration,
        children=children,
        mentions=draft.mentions,
        reel_mentions=draft.reel_mentions,
        stickers=draft.stickers,
        user_tags=tuple(tag for part in draft.parts for tag in part.tags),
        collaborators=tuple(person.username for person in draft.collaborators),
        location_id=draft.location_id,
        caption=draft.caption,
        extra=draft.extra,
        at=media.taken_at,
    )


def _child(shot: Shot) -> Child:
    return Child(
        pk=shot.pk,
        kind=shot.kind,
        file=shot.file,
        width=shot.width,
        height=shot.height,
        duration=shot.duration,
        user_tags=shot.tags,
    )
