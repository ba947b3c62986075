"""A moving picture set into a still card, as an MP4 that Instagram takes. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from media.canvas import Canvas
from media.encoding import EncodingBounds, encode
from media.fit import StoryFit, plan_video
from media.limits import Use
from media.sound import plays
from media.survey import survey
from media.tasks import OverlayJob

_MAX_BIT_RATE = 6_000_000
_CRF = 24  # Instagram encodes it once more
_MAX_FPS = 30  # as many as Instagram shows of a story


def render(job: OverlayJob, on_progress: Callable[[float], None]) -> None:
    """Compose the video. Calls `on_progress` with the share done about once per output second.

    Raises MediaInvalid (also for a source that breaks off), MediaTooLarge.
    """
    with Image.open(job.layer) as image:
        canvas = Canvas(image.size, job.box, image)
    video = survey(job.source)
    plan = plan_video(video, Use.STORY, StoryFit.CROP)
    copy_sound = not plan.encode_sound and plays(job.source)
    encode(
        job.source,
        job.output,
        canvas,
        EncodingBounds(job.max_seconds, _MAX_BIT_RATE, _MAX_FPS, _CRF),
        length_s=video.duration_s,
        copy_sound=copy_sound,
        on_progress=on_progress,
    )
