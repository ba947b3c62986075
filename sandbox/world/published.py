"""What went live, as the ledger keeps it: posts of both routes, and posts on Facebook Pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.wire.message import JsonObject

Way = Literal["private", "graph"]
Product = Literal["story", "feed", "reel", "carousel"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention sticker on a published story, in fractions of the canvas.

    One that came through the Graph API has no size, and stands in the middle if it has no place.
    """

    username: str
    user_id: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class UserTag:
    """Somebody tagged in a photo or a video, in the photo at a place."""

    username: str
    user_id: int
    x: float | None
    y: float | None


@dataclass(frozen=True, slots=True)
class Child:
    """One photo or video of a published carousel."""

    pk: int
    kind: str
    file: Path
    width: int
    height: int
    duration: float | None
    user_tags: tuple[UserTag, ...]


@dataclass(eq=False, slots=True, kw_only=True)
class Published:
    """One post that went live, whether or not it was deleted later.

    `pk` is its id on the private side, `graph_id` in the Graph API. For a carousel, `kind`,
    `file` and the sizes are those of its first child. `extra` is the form that configured it,
    or the container's parameters.
    """

    account: str
    route: Way
    product: Product
    pk: int
    graph_id: str
    upload_id: str
    container: str | None
    kind: str
    file: Path
    width: int
    height: int
    duration: float | None
    children: tuple[Child, ...]
    mentions: tuple[Mention, ...]
    reel_mentions: list[JsonObject]
    stickers: list[JsonObject]
    user_tags: tuple[UserTag, ...]
    collaborators: tuple[str, ...]
    location_id: str | None
    caption: str
    extra: JsonObject
    at: float
    deleted_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePost:
    """A photo or a video that was posted on a Facebook Page."""

    account: str
    page_id: str
    id: str
    post_id: str
    kind: str
    file: Path
    caption: str
    at: float
