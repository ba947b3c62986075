"""The places of the simulated world: what posts and stories can be tagged with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_FIRST = 213_385_402_000_000
_NEAR_DEGREES = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """A location that posts can be tagged with."""

    pk: int
    name: str
    address: str
    lat: float
    lng: float

    def distance(self, lat: float, lng: float) -> float:
        """How far a point is, in degrees."""
        return math.hypot(self.lat - lat, self.lng - lng)


class Places:
    """All places."""

    def __init__(self, next_number: Callable[[], int]) -> None:
        self._next_number = next_number
        self._all: list[Place] = []

    def __iter__(self) -> Iterator[Place]:
        return iter(self._all)

    def add(self, name: str, lat: float, lng: float, *, address: str = "") -> Place:
        """Add a location that can be found near these coordinates and tagged."""
        place = Place(_FIRST + self._next_number(), name, address, lat, lng)
        self._all.append(place)
        return place

    def find(self, pk: object) -> Place | None:
        """The place with that id, None if there is none."""
        return next((place for place in self if str(place.pk) == str(pk)), None)

    def near(self, lat: float, lng: float) -> list[Place]:
        """The places near a point, the nearest first."""
        near = (place for place in self if place.distance(lat, lng) < _NEAR_DEGREES)
        return sorted(near, key=lambda place: place.distance(lat, lng))

    def search(self, text: str) -> list[Place]:
        """The places in whose name the text stands."""
        wanted = text.strip().casefold()
        return [place for place in self if wanted in place.name.casefold()]
