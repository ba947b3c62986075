"""Photos and videos as the daemon asks for them: each is done in a child that can be killed.

What comes out appears whole or not at all, and nothing else is left, however a child ends.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from media import child
from media.fit import Shape, Work
from media.tasks import FitJob, Fitting, OverlayJob, VideoInfo

__all__ = [
    "FitJob",
    "OverlayJob",
    "draw_preview",
    "draw_small",
    "examine_video",
    "film_photo",
    "fit_photo",
    "fit_video",
    "frame_photo",
    "normalise_photo",
    "photo_task",
    "put_both",
    "render_video",
    "room_beside",
]

_PHOTO_S, _FILM_S = 60.0, 120.0


async def photo_task(task: str, **arguments: Any) -> Any:
    """Let a child do a task with a photo, `module:name`. Errors as `child.work`."""
    return await child.work(task, child.PHOTO, timeout_s=_PHOTO_S, **arguments)


async def normalise_photo(
    source: Path, target: Path, thumbnail: Path, within: tuple[int, int]
) -> tuple[int, int]:
    """Write an upload as Instagram takes it, and a thumbnail; returns its size in pixels.

    Raises MediaInvalid, MediaTooLarge, RenderFailed.
    """
    with room_beside(target) as room:
        made, small = room / "photo.jpg", room / "thumbnail.jpg"
        task = "media.photo_work:normalise"
        size = await photo_task(task, source=source, target=made, thumbnail=small, within=within)
        put_both((made, target), (small, thumbnail))
    return size[0], size[1]


async def draw_preview(source: Path, target: Path, within: tuple[int, int]) -> None:
    """Decode a whole photo and write it small. Raises MediaInvalid, MediaTooLarge, RenderFailed."""
    with room_beside(target) as room:
        made = room / "preview.jpg"
        task = "media.photo_work:preview"
        await photo_task(task, source=source, target=made, within=within)
        made.replace(target)


async def draw_small(source: Path, target: Path, within: tuple[int, int]) -> None:
    """Write a picture small, as WebP. Raises MediaInvalid, MediaTooLarge, RenderFailed."""
    with room_beside(target) as room:
        made = room / "small.webp"
        task = "media.photo_work:small"
        await photo_task(task, source=source, target=made, within=within)
        made.replace(target)


async def fit_photo(source: Path, output: Path, shape: Shape) -> tuple[int, int]:
    """Write a photo in that shape as a JPEG that Instagram takes; returns its size in pixels.

    Around a padded photo lies its own blur. Raises MediaInvalid, MediaTooLarge, RenderFailed.
    """
    with room_beside(output) as room:
        made = room / "photo.jpg"
        task = "media.photo_work:fit"
        fields = {"canvas": shape.canvas, "box": shape.box, "is_padded": shape.is_padded}
        size = await photo_task(task, source=source, output=made, **fields)
        made.replace(output)
    return size[0], size[1]


async def frame_photo(
    source: Path,
    output: Path,
    canvas: tuple[int, int],
    *,
    is_padded: bool,
    focus: tuple[float, float],
) -> None:
    """Write a photo as a JPEG of that size: cut around a point, or whole on its own blur.

    Raises MediaInvalid, MediaTooLarge, RenderFailed.
    """
    with room_beside(output) as room:
        made = room / "photo.jpg"
        fields = {"canvas": canvas, "is_padded": is_padded, "focus": focus}
        await photo_task("media.photo_work:frame", source=source, output=made, **fields)
        made.replace(output)


async def render_video(
    job: OverlayJob,
    *,
    timeout_s: float = 300.0,
    on_progress: Callable[[float], None] | None = None,
) -> VideoInfo:
    """Compose the video and return what came out; `job.output` appears whole or not at all.

    `on_progress` is called with the share done, 0 to 1, about once per second of video.
    Cancelling kills the child. Raises MediaInvalid, MediaTooLarge, RenderFailed.
    """
    with room_beside(job.output) as room:
        made = replace(job, output=room / "video.mp4")
        info = await child.work(
            "media.video_work:compose",
            child.VIDEO,
            timeout_s=timeout_s,
            encodes=True,
            on_progress=on_progress,
            **asdict(made),
        )
        made.output.replace(job.output)
    return VideoInfo(**info)


async def film_photo(source: Path, output: Path, seconds: float) -> VideoInfo:
    """Write a video that shows a photo for so long. Raises MediaInvalid, MediaTooLarge,
    RenderFailed."""
    return await _video_work(
        "film", "output", output, timeout_s=_FILM_S, encodes=True, source=source, seconds=seconds
    )


async def fit_video(
    job: FitJob,
    *,
    timeout_s: float = 300.0,
    on_progress: Callable[[float], None] | None = None,
) -> Fitting:
    """Make a video fit for its use, and return what was done; `job.output` appears whole.

    It does not appear at all where nothing was to be done, or more than the job allows; `work` says
    which, and `info` is about the source then. `on_progress` is called with the share
    done, 0 to 1, about once per second of video. Cancelling kills the child.
    Raises MediaInvalid, MediaTooLarge, RenderFailed.
    """
    with room_beside(job.output) as room:
        made = room / "video.mp4"
        done = await child.work(
            "media.video_work:fit",
            child.VIDEO,
            timeout_s=timeout_s,
            encodes=True,
            on_progress=on_progress,
            source=job.source,
            output=made,
            use=job.use.name,
            story_fit=job.story_fit.value,
            copy_only=job.copy_only,
        )
        work = Work(done["work"])
        if job.writes(work):
            made.replace(job.output)
    return Fitting(work, tuple(done["reasons"]), VideoInfo(**done["info"]))


async def examine_video(
    source: Path,
    poster: Path,
    *,
    at_s: float = 0.0,
    within: tuple[int, int] | None = None,
    quality: int = 95,
    timeout_s: float = 60.0,
) -> VideoInfo:
    """Probe a video and write its picture at a second to `poster` as JPEG, no larger than `within`.

    The last picture is taken where the video is shorter. Cancelling kills the child.
    Raises MediaInvalid, MediaTooLarge, RenderFailed.
    """
    fields: dict[str, Any] = {"source": source, "at_s": at_s, "within": within, "quality": quality}
    return await _video_work("examine", "poster", poster, timeout_s=timeout_s, **fields)


async def _video_work(
    task: str, named: str, target: Path, *, timeout_s: float, encodes: bool = False, **fields: Any
) -> VideoInfo:
    """Let a child do a task of `video_work` that writes a file, which it is told as `named`.

    `target` appears whole or not at all.
    """
    with room_beside(target) as room:
        made = room / f"made{target.suffix}"
        told = fields | {named: made}
        info = await child.work(
            f"media.video_work:{task}",
            child.VIDEO if encodes else child.LOOK,
            timeout_s=timeout_s,
            encodes=encodes,
            looks=not encodes,
            **told,
        )
        made.replace(target)
    return VideoInfo(**info)


@contextmanager
def room_beside(output: Path) -> Iterator[Path]:
    """Yield a folder beside `output` for a child to write in; gone afterwards with all in it."""
    room = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.absolute().parent))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def put_both(one: tuple[Path, Path], other: tuple[Path, Path]) -> None:
    """Rename two finished files, each to its target: both or none."""
    one[0].replace(one[1])
    try:
        other[0].replace(other[1])
    except BaseException:
        one[1].unlink(missing_ok=True)
        raise
