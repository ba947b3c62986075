"""What people are told about what others did: the activity page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sandbox.world.person import Person
from sandbox.world.post import Post

Kind = Literal["like", "comment", "comment_like", "follow", "follow_request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Somebody did something that somebody else is told of."""

    number: int
    kind: Kind
    owner: Person
    actor: Person
    at: float
    post: Post | None = None
    text: str = ""


class Activity:
    """Everything that anybody was told, and until when each has looked."""

    def __init__(self, next_number: Callable[[], int], now: Callable[[], float]) -> None:
        self._next_number = next_number
        self._now = now
        self._events: list[Event] = []
        self._seen_until: dict[Person, int] = {}

    def tell(
        self, owner: Person, kind: Kind, actor: Person, post: Post | None = None, text: str = ""
    ) -> None:
        """Tell somebody of it; nobody is told of their own doing."""
        if owner is not actor:
            number, at = self._next_number(), self._now()
            self._events.append(
                Event(
                    number=number,
                    kind=kind,
                    owner=owner,
                    actor=actor,
                    at=at,
                    post=post,
                    text=text,
                )
            )

    def take_back(self, owner: Person, kind: Kind, actor: Person, post: Post | None = None) -> None:
        """What undoing it does to the page."""
        undone = (owner, kind, actor, post)
        self._events = [
            event
            for event in self._events
            if (event.owner, event.kind, event.actor, event.post) != undone
        ]

    def of(self, owner: Person) -> tuple[list[Event], list[Event]]:
        """What is new and what was seen, newest first, without what is about deleted posts."""
        own = [
            event
            for event in reversed(self._events)
            if event.owner is owner and not (event.post and event.post.deleted)
        ]
        until = self._seen_until.get(owner, 0)
        new = [event for event in own if event.number > until]
        return new, own[len(new) :]

    def see(self, owner: Person) -> None:
        """Make all there is old."""
        self._seen_until[owner] = self._next_number()
