"""What the worker is asked for and what it answers: values only, so that asking needs no PyAV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from media.fit import StoryFit, Work
from media.limits import Use


@dataclass(frozen=True, slots=True)
class OverlayJob:
    """A video to be composed: `source` moves inside `box`, everything else is still.

    `layer` is a picture of the size of the output that lies over it with its alpha. `box` is x, y,
    width and height, all even; the source is cropped to fill it.
    """

    source: Path
    layer: Path
    box: tuple[int, int, int, int]
    output: Path
    max_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """A video as it is to be watched: width and height are those after its rotation."""

    width: int
    height: int
    duration_s: float
    fps: float
    video_codec: str
    audio_codec: str | None
    size_bytes: int
    rotation: int


@dataclass(frozen=True, slots=True)
class FitJob:
    """A video to be made fit for its use; nothing is written where it fits as it is.

    With `copy_only` nothing is written either where its pictures would have to be encoded.
    """

    source: Path
    output: Path
    use: Use
    story_fit: StoryFit
    copy_only: bool = False

    def writes(self, work: Work) -> bool:
        """Whether that work makes a file of its own."""
        return work is Work.REMUX or (work is Work.ENCODE and not self.copy_only)


@dataclass(frozen=True, slots=True)
class Fitting:
    """What was done to a video and why, and what came out of it."""

    work: Work
    reasons: tuple[str, ...]
    info: VideoInfo
