"""What Instagram takes, as of its publishing documentation. Pure; each problem names its limit.

Only what cannot be mended is judged here. Containers, codecs, sizes and the shape of stories are
mended by `fit` before a file is sent; what a picture shows and how long it is are not changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MIB = 1024 * 1024


class Use(Enum):
    """Where a file is to appear."""

    FEED_IMAGE = "a feed image"
    CAROUSEL_ITEM = "a carousel item"
    REEL = "a Reel"
    STORY = "a story"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a file; `duration_s` for videos."""

    is_video: bool
    width: int
    height: int
    duration_s: float | None


FEED_ASPECT = (4 / 5, 1.91)  # width over height
_TOLERANCE = 0.005
MIN_IMAGE_WIDTH, MAX_IMAGE_WIDTH = 320, 1440
MAX_IMAGE_HEIGHT = 16_384  # ours: the JPEG format ends at 65,535
MAX_IMAGE_BYTES = 8 * MIB
VIDEO_SECONDS = {
    Use.REEL: (3.0, 15 * 60.0),
    Use.STORY: (3.0, 60.0),
    Use.CAROUSEL_ITEM: (3.0, 60.0),
}
MAX_VIDEO_BYTES = {
    Use.REEL: 300 * MIB,
    Use.STORY: 100 * MIB,
    Use.CAROUSEL_ITEM: 100 * MIB,
}
_ROUNDING_S = 0.1


def problems(facts: Facts, use: Use) -> list[str]:
    """Return why the file can never be sent for that use; nothing when it can."""
    if facts.is_video:
        return list(_video_problems(facts, use))
    return list(_image_problems(facts, use))


def problems_anywhere(facts: Facts) -> list[str]:
    """Return why the file can never be sent wherever it is put, or nothing."""
    found = {use: problems(facts, use) for use in Use}
    if any(not reasons for reasons in found.values()):
        return []
    return found[Use.REEL if facts.is_video else Use.STORY]


def _image_problems(facts: Facts, use: Use) -> list[str]:
    if use is Use.REEL:
        return ["a Reel is a video, this is an image"]
    found = []
    if facts.width < MIN_IMAGE_WIDTH:
        found.append(f"{facts.width} px wide; Instagram needs {MIN_IMAGE_WIDTH} px at least")
    return found + _aspect_problems(facts, use)


def _video_problems(facts: Facts, use: Use) -> list[str]:
    if use is Use.FEED_IMAGE:
        return ["an image post cannot show a video; use REELS"]
    found = []
    low, high = VIDEO_SECONDS[use]
    duration = facts.duration_s or 0.0
    if not low - _ROUNDING_S <= duration <= high + _ROUNDING_S:
        found.append(f"{duration:.1f} s long; {use.value} takes {low:.0f} to {high:.0f} s")
    return found if use is Use.REEL else found + _aspect_problems(facts, use)


def _aspect_problems(facts: Facts, use: Use) -> list[str]:
    low, high = FEED_ASPECT
    aspect = facts.width / facts.height if facts.height else 0.0
    if use is Use.STORY or low - _TOLERANCE <= aspect <= high + _TOLERANCE:
        return []
    return [f"aspect ratio {aspect:.2f}; {use.value} takes 4:5 (0.80) to 1.91:1"]
