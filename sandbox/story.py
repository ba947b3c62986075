"""A story: a photo or a video that is visible for 24 hours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.person import Person
from sandbox.probe import Probe

LIFETIME_S = 24 * 3600


@dataclass(eq=False, slots=True)
class Story:
    """One story. `upload_id` is set for those that were uploaded through the sandbox."""

    pk: int
    owner: Person
    file: Path
    poster: Path  # what a still of it shows: the file itself for a photo
    probe: Probe
    taken_at: float
    mentions: tuple[Person, ...]
    upload_id: str | None = None
    caption: str = ""
    deleted: bool = False

    @property
    def kind(self) -> str:
        return self.probe.kind

    @property
    def width(self) -> int:
        return self.probe.width

    @property
    def height(self) -> int:
        return self.probe.height

    @property
    def duration(self) -> float | None:
        return self.probe.duration

    @property
    def size(self) -> int:
        """The file's bytes."""
        return self.file.stat().st_size

    @property
    def expiring_at(self) -> float:
        return self.taken_at + LIFETIME_S

    @property
    def media_id(self) -> str:
        """The id as the API writes it: the story's and the owner's."""
        return f"{self.pk}_{self.owner.pk}"

    def is_gone(self, now: float) -> bool:
        """Whether nobody but its owner can see it any more."""
        return self.deleted or now >= self.expiring_at
