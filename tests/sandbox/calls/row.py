"""One row of these tables: a call of the real client, what it returns, and what it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.world.person import Person
from sandbox.world.post import Post
from sandbox.world.story import Story
from sandbox.world.world import World


@dataclass(eq=False, repr=False)
class Scene:
    """One sandbox with some people and posts, shared by all rows of a subject.

    `kept` is what rows keep for later ones.
    """

    sandbox: Sandbox
    photo: Path
    square: Path
    video: Path
    studio: Person
    anna: Person
    berta: Person
    carl: Person
    post: Post
    own: Post
    reel: Post
    story: Story
    own_story: Story
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.sandbox.world

    def keep(self, name: str, value: Any) -> bool:
        self.kept[name] = value
        return True


@dataclass(frozen=True, repr=False)
class Row:
    """`gives` looks at the answer and `leaves` at the world; both have to be true.

    `refused` names the exception that comes instead of an answer.
    """

    call: str
    args: Callable[[Scene], tuple[object, ...]] = lambda scene: ()
    gives: Callable[[Scene, Any], object] = lambda scene, answer: answer is True
    leaves: Callable[[Scene], object] = lambda scene: True
    refused: type[Exception] | None = None
    more: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Scene], object] = lambda scene: None


def names(people: Any) -> list[str]:
    return [person.username for person in people]


def pks(media: Any) -> list[int]:
    return [int(each.pk) for each in media]
