"""A story: a photo or a video that is visible for 24 hours."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.wire.message import JsonObject
from sandbox.world.person import Person
from sandbox.world.published import Mention
from sandbox.world.shot import Shot

LIFETIME_S = 24 * 3600


@dataclass(eq=False, slots=True, kw_only=True)
class Story(Shot):
    """One story. `upload_id` is set for those that came in through the private API."""

    owner: Person
    taken_at: float
    mentions: tuple[Person, ...] = ()
    # Where those stand who were mentioned when it was published, by the order of `mentions`.
    placed: tuple[Mention, ...] = ()
    stickers: list[JsonObject] = field(default_factory=list)
    upload_id: str | None = None
    caption: str = ""

    @property
    def expiring_at(self) -> float:
        return self.taken_at + LIFETIME_S

    @property
    def media_id(self) -> str:
        """The id as the private API writes it: the story's and the owner's."""
        return f"{self.pk}_{self.owner.pk}"
