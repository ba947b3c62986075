"""Who did something to what, in which order: likes, views, saves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from sandbox.world.person import Person

T = TypeVar("T")


class Acts(Generic[T]):
    """One kind of act. A person does it once to a thing, and may take it back."""

    def __init__(self, next_number: Callable[[], int]) -> None:
        self._next_number = next_number
        self._done: dict[tuple[Person, T], int] = {}

    def add(self, person: Person, thing: T) -> bool:
        """Do it; whether it had not been done before."""
        if (person, thing) in self._done:
            return False
        self._done[person, thing] = self._next_number()
        return True

    def remove(self, person: Person, thing: T) -> None:
        self._done.pop((person, thing), None)

    def has(self, person: Person | None, thing: T) -> bool:
        return person is not None and (person, thing) in self._done

    def count(self, thing: T) -> int:
        return sum(each is thing for _, each in self._done)

    def people(self, thing: T) -> list[tuple[Person, int]]:
        """Who did it to that, the newest first, each with the number of the act."""
        found = [(who, number) for (who, what), number in self._done.items() if what is thing]
        return sorted(found, key=lambda pair: pair[1], reverse=True)

    def things(self, person: Person) -> list[tuple[T, int]]:
        """What the person did it to, the newest first, each with the number of the act."""
        found = [(what, number) for (who, what), number in self._done.items() if who is person]
        return sorted(found, key=lambda pair: pair[1], reverse=True)
