"""Which photos and videos the Graph API takes for what. Looking into files blocks: use a thread."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PIL import Image

from sandbox.graph.failures import GraphRefusal
from sandbox.world.probe import BadMedia, Probe, check_photo, check_video, probe
from sandbox.world.published import Product

MIB = 1024 * 1024
LARGEST_IMAGE = 8 * MIB
LARGEST_VIDEO: dict[Product, int] = {
    "reel": 300 * MIB,
    "story": 100 * MIB,
    "carousel": 100 * MIB,
}
_SECONDS: dict[Product, tuple[float, float]] = {
    "reel": (3, 15 * 60),
    "story": (3, 60),
    "carousel": (0, 60),
}
_ROUNDING_S = 0.1
_FEED_ASPECT = (4 / 5, 1.91)
_STORY_ASPECT = (0.01, 10.0)
_ASPECT_TOLERANCE = 0.005
# Photos outside of these are taken, and scaled.
_WIDTHS = (320, 1440)
_LARGEST_VIDEO_WIDTH = 1920
_FRAME_RATES = (23, 60)
_RATE_TOLERANCE = 0.1
_LARGEST_BITRATE = 25_000_000
_PIXEL_FORMATS = ("yuv420p", "yuvj420p")  # 4:2:0, in any depth
_LARGEST_SOUND_RATE = 48_000
_MOST_CHANNELS = 2


def check_image(file: Path, scaled: Path, product: Product) -> tuple[Path, Probe]:
    """The photo as it is kept: itself, or `scaled` made of it if it is too wide or too narrow.

    Raises:
        GraphRefusal: it is too large, no JPEG, or of a shape that is not taken.
    """
    if file.stat().st_size > LARGEST_IMAGE:
        raise GraphRefusal("image_too_large")
    try:
        facts = check_photo(file)
    except BadMedia:
        raise GraphRefusal("image_format") from None
    low, high = _STORY_ASPECT if product == "story" else _FEED_ASPECT
    if not low - _ASPECT_TOLERANCE <= facts.width / facts.height <= high + _ASPECT_TOLERANCE:
        raise GraphRefusal("aspect_ratio")
    width = min(max(facts.width, _WIDTHS[0]), _WIDTHS[1])
    if width == facts.width:
        return file, facts
    with Image.open(file) as image:
        height = max(1, round(facts.height * width / facts.width))
        image.convert("RGB").resize((width, height)).save(scaled, "JPEG", quality=90)
    return scaled, probe(scaled)


def check_clip(file: Path, product: Product) -> Probe:
    """The facts about a video that may become this.

    Raises:
        GraphRefusal: it may not.
    """
    with suppress(BadMedia):
        facts = check_video(file)
        shortest, longest = _SECONDS[product]
        seconds = facts.duration or 0
        if (
            file.stat().st_size <= LARGEST_VIDEO[product]
            and shortest - _ROUNDING_S <= seconds <= longest + _ROUNDING_S
            and facts.width <= _LARGEST_VIDEO_WIDTH
            and _FRAME_RATES[0] - _RATE_TOLERANCE <= facts.fps <= _FRAME_RATES[1] + _RATE_TOLERANCE
            and facts.bits_per_second <= _LARGEST_BITRATE
            and facts.pixel_format.startswith(_PIXEL_FORMATS)
            and _has_good_sound(facts)
            and facts.index_first
        ):
            return facts
    raise GraphRefusal("video_format")


def _has_good_sound(facts: Probe) -> bool:
    """Whether the sound is AAC at a usual rate, or there is none."""
    return not facts.has_sound or (
        facts.sound_codec == "aac"
        and facts.sound_rate <= _LARGEST_SOUND_RATE
        and facts.sound_channels <= _MOST_CHANNELS
    )
