"""Notes: the few words above somebody's picture in the inbox, for a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sandbox.world.person import Person
from sandbox.world.ties import Ties

LIFETIME_S = 24 * 3600
_FIRST = 17_990_000_000_000_000

Audience = Literal["mutual_followers", "close_friends"]


@dataclass(frozen=True, slots=True)
class Note:
    pk: int
    author: Person
    text: str
    audience: Audience
    at: float

    @property
    def expires_at(self) -> float:
        return self.at + LIFETIME_S


class Notes:
    """Everybody's note: one at a time."""

    def __init__(
        self, ties: Ties, next_number: Callable[[], int], now: Callable[[], float]
    ) -> None:
        self._ties = ties
        self._next_number = next_number
        self._now = now
        self._by_author: dict[Person, Note] = {}

    def write(self, author: Person, text: str, audience: Audience = "mutual_followers") -> Note:
        """Write a note in place of the one before."""
        note = Note(_FIRST + self._next_number(), author, text, audience, self._now())
        self._by_author[author] = note
        return note

    def of(self, author: Person) -> Note | None:
        """The author's note, if there is one and it is not over."""
        note = self._by_author.get(author)
        return note if note is not None and note.expires_at > self._now() else None

    def remove(self, author: Person) -> None:
        self._by_author.pop(author, None)

    def seen_by(self, viewer: Person) -> list[Note]:
        """The notes that the viewer is shown, the own one first."""
        notes = [note for author in self._by_author if (note := self.of(author))]
        shown = [note for note in notes if note.author is viewer or self._is_for(viewer, note)]
        return sorted(shown, key=lambda note: (note.author is not viewer, -note.pk))

    def _is_for(self, viewer: Person, note: Note) -> bool:
        if note.audience == "close_friends":
            return self._ties.has("close_friend", note.author, viewer)
        return self._ties.follows(viewer, note.author) and self._ties.follows(note.author, viewer)
