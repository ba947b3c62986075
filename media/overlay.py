"""A moving picture set into a still card, as an MP4 that Instagram takes. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from media.canvas import Canvas, with_window
from media.encoding import encode
from media.tasks import OverlayJob

_MAX_BIT_RATE = 6_000_000


def render(job: OverlayJob, on_progress: Callable[[float], None]) -> None:
    """Compose the video. Calls `on_progress` with the share done about once per output second.

    Raises MediaInvalid (also for a source that breaks off), MediaTooLarge.
    """
    with Image.open(job.background) as image:
        layer = with_window(image, job.box, job.radius)
    with Image.open(job.foreground) as image:
        layer = Image.alpha_composite(layer, image.convert("RGBA"))
    encode(
        job.source,
        job.output,
        Canvas(layer.size, job.box, layer),
        max_seconds=job.max_seconds,
        max_bit_rate=_MAX_BIT_RATE,
        on_progress=on_progress,
    )
