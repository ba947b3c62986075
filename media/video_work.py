"""What the worker does with videos: examine, compose, make fit. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from media.film import film_still
from media.fit import StoryFit
from media.fitting import fit as make_fit
from media.limits import Use
from media.overlay import render
from media.photo import contained, save_jpeg
from media.tasks import FitJob, Fitting, OverlayJob, VideoInfo
from media.video import poster_frame, probe_video

_Report = Callable[[float], None]


def examine(
    _: _Report, *, source: str, poster: str, at_s: float, within: list[int] | None, quality: int
) -> VideoInfo:
    """Probe a video and write its picture at a second, no larger than `within`."""
    info = probe_video(Path(source))
    picture = poster_frame(Path(source), at_s)
    if within is not None:
        picture = contained(picture, (within[0], within[1]))
    save_jpeg(picture, Path(poster), quality=quality)
    return info


def compose(report: _Report, **fields: Any) -> VideoInfo:
    """Do an `OverlayJob`."""
    for name in ("source", "layer", "output"):
        fields[name] = Path(fields[name])
    job = OverlayJob(**fields | {"box": tuple(fields["box"])})
    render(job, report)
    return probe_video(job.output)


def film(report: _Report, *, source: str, output: str, seconds: float) -> VideoInfo:
    """Show a picture for so long."""
    film_still(Path(source), Path(output), seconds, report)
    return probe_video(Path(output))


def fit(
    report: _Report, *, source: str, output: str, use: str, story_fit: str, copy_only: bool
) -> Fitting:
    """Do a `FitJob`."""
    job = FitJob(Path(source), Path(output), Use[use], StoryFit(story_fit), copy_only)
    return make_fit(job, report)
