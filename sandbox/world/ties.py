"""What people are to each other: follows, requests, blocks, mutes, close friends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from sandbox.world.person import Person

# What one person may have set about another, beside following.
Mark = Literal[
    "blocks",
    "mutes_posts",
    "mutes_stories",
    "close_friend",
    "told_of_posts",
    "told_of_stories",
    "told_of_clips",
    "told_of_igtv",
]


class Ties:
    """Directed ties between people: the first person of a pair is the one whose doing it is."""

    def __init__(self, next_number: Callable[[], int]) -> None:
        self._next_number = next_number
        # When each came about, as a number that only grows: lists show the newest first.
        self._follows: dict[tuple[Person, Person], int] = {}
        self._requests: dict[tuple[Person, Person], int] = {}
        self._marks: set[tuple[Mark, Person, Person]] = set()

    def follow(self, follower: Person, followed: Person) -> None:
        """Let somebody follow somebody, also somebody private."""
        self._requests.pop((follower, followed), None)
        self._follows.setdefault((follower, followed), self._next_number())

    def unfollow(self, follower: Person, followed: Person) -> None:
        """End a follow, or take a request for one back."""
        self._requests.pop((follower, followed), None)
        self._follows.pop((follower, followed), None)

    def ask(self, follower: Person, followed: Person) -> None:
        """What following does: it follows, or asks somebody private to be let in."""
        if followed.private and not self.follows(follower, followed):
            self._requests.setdefault((follower, followed), self._next_number())
        else:
            self.follow(follower, followed)

    def follows(self, follower: Person, followed: Person) -> bool:
        return (follower, followed) in self._follows

    def asks(self, follower: Person, followed: Person) -> bool:
        """Whether there is a request that has not been answered."""
        return (follower, followed) in self._requests

    def accept_all(self, followed: Person) -> None:
        """What making an account public does to those who wait."""
        for follower, _ in self.requests(followed):
            self.follow(follower, followed)

    def followers(self, person: Person) -> list[tuple[Person, int]]:
        """Who follows the person, the newest first, each with the number of that follow."""
        return _newest_first((a, n) for (a, b), n in self._follows.items() if b is person)

    def following(self, person: Person) -> list[tuple[Person, int]]:
        """Whom the person follows, the newest first, each with the number of that follow."""
        return _newest_first((b, n) for (a, b), n in self._follows.items() if a is person)

    def requests(self, person: Person) -> list[tuple[Person, int]]:
        """Who asks to follow the person, the newest first."""
        return _newest_first((a, n) for (a, b), n in self._requests.items() if b is person)

    def count(self, person: Person) -> tuple[int, int]:
        """How many follow the person, and how many the person follows."""
        return len(self.followers(person)), len(self.following(person))

    def may_see(self, viewer: Person, owner: Person) -> bool:
        """Whether the owner's stories and posts are open to the viewer."""
        if viewer is owner:
            return True
        if self.has("blocks", owner, viewer):
            return False
        return not owner.private or self.follows(viewer, owner)

    def block(self, person: Person, other: Person) -> None:
        """Block somebody, which ends every follow and request between the two."""
        self.mark("blocks", person, other)
        self.unfollow(person, other)
        self.unfollow(other, person)

    def mark(self, mark: Mark, person: Person, other: Person, *, on: bool = True) -> None:
        (self._marks.add if on else self._marks.discard)((mark, person, other))

    def has(self, mark: Mark, person: Person, other: Person) -> bool:
        return (mark, person, other) in self._marks


def _newest_first(pairs: Iterable[tuple[Person, int]]) -> list[tuple[Person, int]]:
    return sorted(pairs, key=lambda pair: pair[1], reverse=True)
