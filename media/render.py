"""Video work in a child process that can be killed: the daemon survives whatever a file does."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import trio

from media.errors import MediaError, MediaInvalid, MediaTooLarge, RenderFailed
from media.fit import Work
from media.tasks import FitJob, Fitting, OverlayJob, VideoInfo

__all__ = ["FitJob", "OverlayJob", "examine_video", "fit_video", "render_video"]

_COMMAND = (sys.executable, "-m", "media.worker")
_HOME = Path(__file__).parent.parent  # where the worker finds this package
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH")
_ERRORS: dict[str, type[MediaError]] = {
    kind.__name__: kind for kind in (MediaInvalid, MediaTooLarge, RenderFailed)
}
_REAP_S = 10


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
    with _unfinished(job.output) as unfinished:
        task = asdict(replace(job, output=unfinished)) | {"do": "render"}
        info = VideoInfo(**await _run_worker(task, timeout_s, on_progress))
        unfinished.replace(job.output)
    return info


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
    with _unfinished(job.output) as unfinished:
        task = {
            "do": "fit",
            "source": job.source,
            "output": unfinished,
            "use": job.use.name,
            "story_fit": job.story_fit.value,
            "copy_only": job.copy_only,
        }
        done = await _run_worker(task, timeout_s, on_progress)
        work = Work(done["work"])
        if job.writes(work):
            unfinished.replace(job.output)
    return Fitting(work, tuple(done["reasons"]), VideoInfo(**done["info"]))


async def examine_video(
    source: Path, poster: Path, *, at_s: float = 0.0, timeout_s: float = 60.0
) -> VideoInfo:
    """Probe a video and write its picture at a second to `poster` as JPEG, in a child process.

    The last picture is taken where the video is shorter. Cancelling kills the child.
    Raises MediaInvalid, MediaTooLarge, RenderFailed.
    """
    task = {"do": "examine", "source": source, "poster": poster, "at_s": at_s}
    return VideoInfo(**await _run_worker(task, timeout_s, None))


@contextmanager
def _unfinished(output: Path) -> Iterator[Path]:
    """Yield a name beside `output` for a file that is gone afterwards unless it was renamed."""
    output = output.absolute()
    unfinished = output.with_name(f".{output.name}.{secrets.token_hex(4)}.part")
    try:
        unfinished.touch(0o600, exist_ok=False)
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)


async def _run_worker(
    task: dict[str, Any], timeout_s: float, on_progress: Callable[[float], None] | None
) -> dict[str, Any]:
    """Let a child do the task; returns its result as it came."""
    # The child runs in _HOME, so relative paths would mean others there.
    paths = {name: str(value.absolute()) for name, value in task.items() if isinstance(value, Path)}
    with TemporaryFile() as log:
        process = await trio.lowlevel.open_process(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=_HOME,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            start_new_session=True,  # Ctrl-C in a terminal is for the daemon alone
        )
        try:
            with trio.fail_after(timeout_s):
                answer = await _converse(process, json.dumps(task | paths), on_progress)
                await process.wait()
        except trio.TooSlowError:
            raise RenderFailed(f"the video took longer than {timeout_s:g} s") from None
        finally:
            await _end(process)
        if "result" in answer:
            result: dict[str, Any] = answer["result"]
            return result
        if answer.get("error") in _ERRORS:
            raise _ERRORS[answer["error"]](answer["reason"])
        raise RenderFailed(_cause_of_death(process.returncode, log))


async def _converse(
    process: trio.Process, task: str, on_progress: Callable[[float], None] | None
) -> dict[str, Any]:
    """Hand over the task, report progress, and return the last thing the child says."""
    assert process.stdin is not None
    try:
        async with process.stdin:
            await process.stdin.send_all(task.encode())
    except trio.BrokenResourceError:
        pass  # it is dead already; its exit code says more
    assert process.stdout is not None
    answer: dict[str, Any] = {}
    rest = b""
    async for chunk in process.stdout:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            try:
                answer = json.loads(line)
            except ValueError:
                raise RenderFailed("the renderer speaks in riddles") from None
            if on_progress is not None and "progress" in answer:
                on_progress(answer["progress"])
    return answer


async def _end(process: trio.Process) -> None:
    """Kill the child unless it has ended, wait until it is gone, and close its output."""
    assert process.stdout is not None
    with trio.move_on_after(_REAP_S, shield=True):
        process.kill()
        await process.wait()
        await process.stdout.aclose()


def _cause_of_death(code: int | None, log: IO[bytes]) -> str:
    if code is not None and code < 0:
        return f"the renderer was ended by {signal.Signals(-code).name}"
    log.seek(max(0, log.seek(0, os.SEEK_END) - 500))
    last_words = log.read().decode(errors="replace").strip().rpartition("\n")[2]
    return f"the renderer ended with code {code}: {last_words or 'it said nothing'}"
