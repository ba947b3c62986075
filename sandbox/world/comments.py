"""What people write below posts, and the answers to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.world.activity import Activity
from sandbox.world.person import Person
from sandbox.world.post import Post

_FIRST = 18_000_000_000_000_000


@dataclass(eq=False, slots=True, kw_only=True)
class Comment:
    """One comment. `parent` is set for an answer to another one, which is never an answer."""

    pk: int
    post: Post
    author: Person
    text: str
    at: float
    parent: Comment | None = None
    token: str | None = None  # the client's own, by which the same comment is not made twice
    pinned: bool = False
    deleted: bool = False

    @property
    def is_gone(self) -> bool:
        return self.deleted or self.post.deleted or bool(self.parent and self.parent.deleted)


class Comments:
    """All comments."""

    def __init__(
        self, activity: Activity, next_number: Callable[[], int], now: Callable[[], float]
    ) -> None:
        self._activity = activity
        self._next_number = next_number
        self._now = now
        self._all: list[Comment] = []

    def add(
        self,
        post: Post,
        author: Person,
        text: str,
        *,
        parent: Comment | None = None,
        token: str | None = None,
    ) -> Comment:
        """Write a comment, or with `parent` an answer; the post's owner is told."""
        for known in self._all:
            if token and (known.author, known.token) == (author, token):
                return known
        comment = Comment(
            pk=_FIRST + self._next_number(),
            post=post,
            author=author,
            text=text,
            at=self._now(),
            parent=parent.parent or parent if parent else None,
            token=token,
        )
        self._all.append(comment)
        self._activity.tell(post.owner, "comment", author, post, text)
        return comment

    def find(self, pk: int) -> Comment | None:
        """The comment with that id, None if there is none any more."""
        return next((each for each in self._all if each.pk == pk and not each.is_gone), None)

    def below(self, post: Post) -> list[Comment]:
        """The comments of a post without the answers, newest first."""
        return [each for each in self._live(post) if each.parent is None]

    def answers(self, comment: Comment) -> list[Comment]:
        """The answers to a comment, newest first."""
        return [each for each in self._live(comment.post) if each.parent is comment]

    def count(self, post: Post) -> int:
        """How many a post has, the answers included."""
        return len(self._live(post))

    def _live(self, post: Post) -> list[Comment]:
        return [each for each in reversed(self._all) if each.post is post and not each.is_gone]
