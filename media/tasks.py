"""What the worker is asked for and what it answers: values only, so that asking needs no PyAV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from media.fit import StoryFit, Work
from media.limits import Use


@dataclass(frozen=True, slots=True)
class OverlayJob:
    """A video to be composed: `source` moves inside `box`, everything else is still.

    `background` and `foreground` (with alpha, drawn over everything) are pictures of the size of
    the output. `box` is x, y, width and height, all even; the source is cropped to fill it.
    """

    source: Path
    background: Path
    foreground: Path
    box: tuple[int, int, int, int]
    output: Path
    max_seconds: float = 60.0
    radius: int = 40


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
    """A video to be made fit for its use; nothing is written where it fits as it is."""

    source: Path
    output: Path
    use: Use
    story_fit: StoryFit


@dataclass(frozen=True, slots=True)
class Fitting:
    """What was done to a video and why, and what came out of it."""

    work: Work
    reasons: tuple[str, ...]
    info: VideoInfo
