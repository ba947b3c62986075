"""A post in the grid of a profile: a photo, a video, a reel or a carousel."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from sandbox.world.person import Person
from sandbox.world.published import Product
from sandbox.world.shot import Shot

# Ids of the Graph API: longer than any page's, and told apart from containers at first sight.
_FIRST_GRAPH_ID = 17_900_000_000_000_000
_DIGITS_KEPT = 10**14


@dataclass(eq=False, slots=True, kw_only=True)
class Post:
    """One post. A carousel has several shots, everything else has one, under the post's own id."""

    pk: int
    owner: Person
    product: Product
    shots: tuple[Shot, ...]
    taken_at: float
    caption: str = ""
    collaborators: tuple[Person, ...] = ()
    location_id: str | None = None
    upload_id: str | None = None
    deleted: bool = False
    archived: bool = False
    pinned: bool = False
    comments_off: bool = False

    @property
    def media_id(self) -> str:
        """The id as the private API writes it: the post's and the owner's."""
        return f"{self.pk}_{self.owner.pk}"

    @property
    def age_key(self) -> tuple[float, int]:
        """What posts are sorted by in a grid: the larger, the newer."""
        return self.taken_at, self.pk


def graph_id(pk: int) -> str:
    """The id that the Graph API has for what the private API calls `pk`."""
    return str(_FIRST_GRAPH_ID + pk % _DIGITS_KEPT)


def short_code(pk: int) -> str:
    """The short code in a media's address: its id in base 64."""
    raw = base64.urlsafe_b64encode(pk.to_bytes(9, "big")).decode()
    return raw.lstrip("A")


def pk_of_code(code: str) -> int:
    """The id behind a short code, 0 if it is none."""
    padded = code.rjust(12, "A")
    try:
        return int.from_bytes(base64.urlsafe_b64decode(padded), "big") if len(padded) == 12 else 0
    except ValueError:
        return 0
