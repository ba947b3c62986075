"""The child process of `render`: a task as JSON on its input, progress and result as JSON lines.

It decodes strangers' bytes, so it may crash, hang or grow without harm: the parent watches it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from media.errors import MediaError
from media.fit import StoryFit
from media.fitting import fit
from media.limits import Use
from media.overlay import render
from media.photo import save_jpeg
from media.tasks import FitJob, Fitting, OverlayJob, VideoInfo
from media.video import poster_frame, probe_video

_MEMORY = 4 * 1024**3  # address space: several times what a 4096 x 4096 source takes
_NICENESS = 10


def main() -> None:
    """Do the one task that standard input names."""
    _limit_resources()
    task = json.load(sys.stdin)
    try:
        result = _TASKS[task.pop("do")](**task)
    except MediaError as error:
        _say(error=type(error).__name__, reason=error.reason)
    except FileNotFoundError:
        _say(error="MediaInvalid", reason="the file was deleted meanwhile")
    except MemoryError:
        _say(error="RenderFailed", reason="the video needs more memory than it is given")
    else:
        _say(result=asdict(result))


def _examine(source: str, poster: str, at_s: float) -> VideoInfo:
    info = probe_video(Path(source))
    save_jpeg(poster_frame(Path(source), at_s), Path(poster), quality=95)
    return info


def _render(**fields: Any) -> VideoInfo:
    for name in ("source", "layer", "output"):
        fields[name] = Path(fields[name])
    job = OverlayJob(**fields | {"box": tuple(fields["box"])})
    render(job, lambda share: _say(progress=share))
    return probe_video(job.output)


def _fit(source: str, output: str, use: str, story_fit: str, copy_only: bool) -> Fitting:
    job = FitJob(Path(source), Path(output), Use[use], StoryFit(story_fit), copy_only)
    return fit(job, lambda share: _say(progress=share))


_TASKS: dict[str, Callable[..., VideoInfo | Fitting]] = {
    "examine": _examine,
    "render": _render,
    "fit": _fit,
}


def _say(**message: object) -> None:
    # A parent that is gone breaks the pipe, and so ends this process too.
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _limit_resources() -> None:
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every platform
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    main()
