"""One photo or video that the content network delivers: a story, or a part of a post."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.world.probe import Kind, Probe
from sandbox.world.published import UserTag


@dataclass(eq=False, slots=True, kw_only=True)
class Shot:
    """A file under an id of its own. `poster` is what a still of it shows."""

    pk: int
    file: Path
    poster: Path  # the file itself for a photo
    probe: Probe
    tags: tuple[UserTag, ...] = ()
    deleted: bool = False

    @property
    def kind(self) -> Kind:
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
    def expiring_at(self) -> float | None:
        """When the content network stops delivering it; never, unless it is a story."""
        return None

    def is_gone(self, now: float) -> bool:
        """Whether nobody but its owner can see it any more."""
        return self.deleted or (self.expiring_at is not None and now >= self.expiring_at)
