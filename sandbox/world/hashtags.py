"""Hashtags: they come from captions, and people may follow them."""

from __future__ import annotations

import re

from sandbox.world.library import Library
from sandbox.world.person import Person
from sandbox.world.post import Post

_TAG = re.compile(r"#(\w+)")
_FIRST = 17_840_000_000_000_000


class Hashtags:
    """The tags in what is posted."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._follows: set[tuple[Person, str]] = set()

    def posts(self, name: str) -> list[Post]:
        """The visible posts of public accounts with that tag, newest first."""
        return [post for post in self._public() if name in tags_in(post.caption)]

    def names(self) -> list[str]:
        """All tags in use, the most used first."""
        counts: dict[str, int] = {}
        for post in self._public():
            for name in tags_in(post.caption):
                counts[name] = counts.get(name, 0) + 1
        return sorted(counts, key=lambda name: (-counts[name], name))

    def follow(self, person: Person, name: str, *, on: bool = True) -> None:
        (self._follows.add if on else self._follows.discard)((person, name))

    def follows(self, person: Person, name: str) -> bool:
        return (person, name) in self._follows

    def _public(self) -> list[Post]:
        return [post for post in self._library.newest_posts() if not post.owner.private]


def tags_in(caption: str) -> set[str]:
    """The hashtags of a caption, in small letters."""
    return {name.lower() for name in _TAG.findall(caption)}


def tag_id(name: str) -> int:
    """The id that Instagram has for a tag, used or not."""
    return _FIRST + sum(ord(sign) << index for index, sign in enumerate(name))
