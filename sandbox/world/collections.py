"""The posts that people save, and the collections they sort them into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sandbox.world.acts import Acts
from sandbox.world.person import Person
from sandbox.world.post import Post

_FIRST = 17_850_000_000_000_000


@dataclass(eq=False, slots=True)
class Collection:
    """A named part of what somebody saved."""

    pk: int
    owner: Person
    name: str
    posts: list[Post] = field(default_factory=list)


class Collections:
    """What everybody saved."""

    def __init__(self, next_number: Callable[[], int]) -> None:
        self._next_number = next_number
        self._all: list[Collection] = []
        self.saves: Acts[Post] = Acts(next_number)

    def add(self, owner: Person, name: str) -> Collection:
        """Make an empty collection."""
        collection = Collection(_FIRST + self._next_number(), owner, name)
        self._all.append(collection)
        return collection

    def of(self, owner: Person) -> list[Collection]:
        return [each for each in self._all if each.owner is owner]

    def find(self, owner: Person, pk: str) -> Collection | None:
        """One of the owner's collections by its id."""
        return next((each for each in self.of(owner) if str(each.pk) == pk), None)

    def save(self, person: Person, post: Post, collections: Sequence[Collection] = ()) -> None:
        """Save a post, and sort it into these collections."""
        self.saves.add(person, post)
        for collection in collections:
            if post not in collection.posts:
                collection.posts.append(post)

    def unsave(self, person: Person, post: Post) -> None:
        """Forget a post, in every collection."""
        self.saves.remove(person, post)
        for collection in self.of(person):
            if post in collection.posts:
                collection.posts.remove(post)

    def saved(self, person: Person, collection: Collection | None = None) -> list[tuple[Post, int]]:
        """What somebody saved, in that collection or at all, the newest first."""
        return [
            (post, number)
            for post, number in self.saves.things(person)
            if not post.deleted and (collection is None or post in collection.posts)
        ]
