"""The child process of the renderer: it may hang, crash or grow, and nothing is left of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio
from PIL import Image

from media.canvas import with_window
from media.errors import MediaInvalid, MediaTooLarge, RenderFailed
from media.render import OverlayJob, examine_video, render_video
from tests.media.samples import make_video
from tests.support.thinned import sparing
from tests.support.workers import HANG, is_gone, record_children, replace_worker


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[trio.Process]:
    """Every child process started in the test."""
    return record_children(monkeypatch)


@pytest.fixture
def task(tmp_path: Path) -> OverlayJob:
    folder = tmp_path / "out"
    folder.mkdir()
    with_window(Image.new("RGB", (108, 192)), (16, 20, 76, 136)).save(tmp_path / "layer.png")
    return OverlayJob(
        make_video(tmp_path / "a.mp4", size=(320, 320), seconds=4),
        tmp_path / "layer.png",
        (16, 20, 76, 136),
        folder / "card.mp4",
    )


def leftovers(task: OverlayJob) -> list[Path]:
    return list(task.output.parent.iterdir())


async def test_cancelling_kills_the_real_worker(
    task: OverlayJob, children: list[trio.Process]
) -> None:
    with trio.CancelScope() as scope:
        await render_video(task, on_progress=lambda share: scope.cancel())

    assert scope.cancelled_caught
    assert [is_gone(child) for child in children] == [True]
    assert leftovers(task) == []


async def test_cancelling_kills_a_worker_that_hangs(
    task: OverlayJob, children: list[trio.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_worker(monkeypatch, HANG)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(render_video, task)
        while not children:
            await trio.sleep(0.01)
        nursery.cancel_scope.cancel()

    assert is_gone(children[0])
    assert leftovers(task) == []


async def test_a_worker_that_takes_too_long_has_failed(
    task: OverlayJob, children: list[trio.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_worker(monkeypatch, HANG)

    with pytest.raises(RenderFailed, match=r"longer than 0\.2 s"):
        await render_video(task, timeout_s=0.2)
    with pytest.raises(RenderFailed, match=r"longer than 0\.2 s"):
        await examine_video(task.source, task.output, timeout_s=0.2)

    assert [is_gone(child) for child in children] == [True, True]
    assert leftovers(task) == []


@pytest.mark.parametrize(
    ("code", "reason"),
    sparing(
        [
            ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
            ("import os; os._exit(0)", "ended with code 0: it said nothing"),
            ("import sys; sys.stdin.readline(); 1 / 0", "ended with code 1: ZeroDivisionError"),
            ("import sys; sys.stdin.readline(); print('what?')", "speaks in riddles"),
            ("print('{\"progress\": 0.5}', flush=True); raise SystemExit('full')", "code 1: full"),
        ],
        every=3,
    ),
)
async def test_a_crash_is_a_failure_with_its_reason(
    task: OverlayJob,
    children: list[trio.Process],
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    reason: str,
) -> None:
    replace_worker(monkeypatch, code)

    with pytest.raises(RenderFailed, match=reason):
        await render_video(task)

    assert is_gone(children[0])
    assert leftovers(task) == []


async def test_a_worker_without_memory_has_failed(
    task: OverlayJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    little = "import media.worker as w; w._MEMORY = 250 * 1024**2; w.main()"
    replace_worker(monkeypatch, little)

    # Where libav itself runs out, that cannot be told from a file that asks for absurd memory;
    # where not even its thread can start (3.13 needs more for one), it says what the machine lacks.
    with pytest.raises((RenderFailed, MediaInvalid, BlockingIOError)):
        await render_video(task)
    assert leftovers(task) == []


async def test_the_worker_is_limited_and_knows_no_secrets(
    task: OverlayJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRISE_FACEBOOK_APP_SECRET", "hush")
    code = """
import json, os, resource, sys
from media import worker
worker._limit_resources()
facts = [os.nice(0), *resource.getrlimit(resource.RLIMIT_AS), "hush" in os.environ.values()]
print(json.dumps({"error": "MediaTooLarge", "reason": json.dumps(facts)}))
"""
    replace_worker(monkeypatch, code)

    with pytest.raises(MediaTooLarge) as told:
        await render_video(task)

    niceness, soft, hard, secret = json.loads(told.value.reason)
    assert niceness >= 10
    assert soft == hard == 4 * 1024**3
    assert not secret


async def test_an_error_of_the_caller_passes_and_kills_the_worker(
    task: OverlayJob, children: list[trio.Process]
) -> None:
    def fail(share: float) -> None:
        raise LookupError("the caller's own")

    with pytest.raises(LookupError):
        await render_video(task, on_progress=fail)

    assert is_gone(children[0])
    assert leftovers(task) == []


async def test_a_full_disk_is_a_failure_not_a_bad_video(
    task: OverlayJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_worker(
        monkeypatch,
        "import resource, signal, media.worker as w\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "w.main()",
    )

    with pytest.raises(RenderFailed, match="File too large"):
        await render_video(task)
    assert leftovers(task) == []
