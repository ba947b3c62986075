"""Stories that are kept on a profile, by title."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.world.person import Person
from sandbox.world.shot import Shot
from sandbox.world.story import Story

_FIRST = 17_895_000_000_000_000


@dataclass(eq=False, slots=True)
class Highlight:
    """One highlight. It is gone when its last story is."""

    pk: int
    owner: Person
    title: str
    stories: list[Story]
    cover: Story
    created_at: float
    deleted: bool = False

    @property
    def id(self) -> str:
        return f"highlight:{self.pk}"

    def shown(self) -> list[Story]:
        """The stories in it that were not deleted, the oldest first."""
        return [story for story in self.stories if not story.deleted]


class Highlights:
    """Everybody's highlights."""

    def __init__(self, next_number: Callable[[], int], now: Callable[[], float]) -> None:
        self._next_number = next_number
        self._now = now
        self._all: list[Highlight] = []

    def add(
        self, owner: Person, title: str, stories: Sequence[Story], cover: Story | None = None
    ) -> Highlight:
        """Keep some of the owner's stories.

        Raises:
            ValueError: there is no story.
        """
        if not stories:
            raise ValueError("a highlight needs a story")
        highlight = Highlight(
            pk=_FIRST + self._next_number(),
            owner=owner,
            title=title,
            stories=list(stories),
            cover=cover or stories[0],
            created_at=self._now(),
        )
        self._all.append(highlight)
        return highlight

    def of(self, owner: Person) -> list[Highlight]:
        """The owner's highlights, the newest first."""
        return [each for each in self._live() if each.owner is owner]

    def find(self, highlight_id: str) -> Highlight | None:
        """The highlight with that id, None if there is none any more."""
        return next((each for each in self._live() if each.id == highlight_id), None)

    def keeps(self, shot: Shot) -> bool:
        """Whether a story's file is still delivered because it is in a highlight."""
        return any(shot in each.stories for each in self._live()) and not shot.deleted

    def _live(self) -> list[Highlight]:
        return [each for each in reversed(self._all) if not each.deleted and each.shown()]
