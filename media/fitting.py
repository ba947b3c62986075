"""Videos made to fit: looked at, decided on, and then copied or encoded. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from media.backdrop import backdrop
from media.canvas import Canvas, with_window
from media.encoding import EncodingBounds, encode
from media.fit import Shape, Work, plan_video
from media.remux import remux
from media.survey import survey
from media.tasks import FitJob, Fitting
from media.video import poster_frame, probe_video

_BACKDROP_AT_S = 1.0  # videos begin in black often enough


def fit(job: FitJob, on_progress: Callable[[float], None]) -> Fitting:
    """Make a video fit for its use; `job.output` is written if the job allows the work it takes.

    Calls `on_progress` with the share done about once per output second.
    Raises MediaInvalid (also for a source that breaks off), MediaTooLarge.
    """
    video = survey(job.source)
    plan = plan_video(video, job.use, job.story_fit)
    if not job.writes(plan.work):
        return Fitting(plan.work, plan.reasons, probe_video(job.source))
    if plan.work is Work.ENCODE:
        encode(
            job.source,
            job.output,
            _canvas(job.source, plan.shape),
            EncodingBounds(plan.max_seconds, plan.max_bit_rate),
            length_s=video.duration_s,
            copy_sound=not plan.encode_sound,
            on_progress=on_progress,
        )
    else:
        span_s = video.begin_s, video.begin_s + video.duration_s
        remux(job.source, job.output, span_s, encode_sound=plan.encode_sound)
    return Fitting(plan.work, plan.reasons, probe_video(job.output))


def _canvas(source: Path, shape: Shape) -> Canvas:
    if not shape.is_padded:
        return Canvas(shape.canvas, shape.box)
    still = backdrop(poster_frame(source, _BACKDROP_AT_S), shape.canvas)
    return Canvas(shape.canvas, shape.box, with_window(still, shape.box))
