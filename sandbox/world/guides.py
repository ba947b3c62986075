"""Guides: posts that somebody put together under a title, about a place or at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.world.person import Person
from sandbox.world.places import Place
from sandbox.world.post import Post

_FIRST = 17_930_000_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    pk: int
    owner: Person
    title: str
    description: str
    cover: Post
    place: Place | None


class Guides:
    """Everybody's guides."""

    def __init__(self, next_number: Callable[[], int]) -> None:
        self._next_number = next_number
        self._all: list[Guide] = []

    def add(self, cover: Post, title: str, description: str, place: Place | None = None) -> Guide:
        """Add a guide of the owner of its cover."""
        pk = _FIRST + self._next_number()
        guide = Guide(
            pk=pk,
            owner=cover.owner,
            title=title,
            description=description,
            cover=cover,
            place=place,
        )
        self._all.append(guide)
        return guide

    def by(self, owner: Person) -> list[Guide]:
        return [guide for guide in self._all if guide.owner is owner and not guide.cover.deleted]

    def about(self, place: Place) -> list[Guide]:
        return [guide for guide in self._all if guide.place is place and not guide.cover.deleted]
