"""The sandbox beside a daemon: one at most, by data of its own, and gone with the daemon."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from daemon.trial import FOLDER, LONGEST, Trial
from ground.clock import Clock
from ground.refusal import ErrorCode, Refusal
from local.serve import open_socket
from operations.trial import Stage
from tests.support.limits import DEADLOCK_S

# What stands in for the demonstration: it tells its environment, leaves a child, and waits.
_STAND_IN = """
import json, os, pathlib, subprocess, sys
folder = pathlib.Path(os.environ["TMPDIR"])
child = subprocess.Popen(["sleep", "1000"])
told = {"child": child.pid, "settings": [n for n in os.environ if n.startswith("REPRISE_")]}
folder.joinpath("told.json").write_text(json.dumps(told))
if pathlib.Path(sys.argv[1]).exists():
    sys.exit("does not open")
print(json.dumps({"url": "http://127.0.0.1:9", "dataDir": str(folder)}), flush=True)
sys.stdin.read()
"""


async def until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(DEADLOCK_S):
        while not holds():
            await trio.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


def is_at(trial: Trial, stage: Stage) -> bool:
    return trial.state.stage is stage


@asynccontextmanager
async def beside(data_dir: Path, **more: Any) -> AsyncIterator[Trial]:
    command = (sys.executable, "-c", _STAND_IN, str(data_dir / "refuses"))
    trial = Trial(data_dir, Clock(), is_offered=True, command=command, **more)
    async with trio.open_nursery() as nursery:
        await nursery.start(trial.run)
        yield trial
        nursery.cancel_scope.cancel()


def told(data_dir: Path) -> Any:
    return json.loads((data_dir / FOLDER / "told.json").read_text())


async def test_one_at_most_with_nothing_of_ours_and_all_of_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRISE_DATA_DIR", str(tmp_path))
    left = tmp_path / FOLDER / "of a daemon that was killed"
    left.mkdir(parents=True)
    async with beside(tmp_path) as trial:
        assert not left.exists()
        for _ in range(2):
            await trial.begin()
        await until(lambda: trial.state.stage is Stage.OPEN)
        assert (await trial.begin()).stage is Stage.OPEN
        said = told(tmp_path)
        assert said["settings"] == []
        assert not is_gone(said["child"])
        with pytest.raises(Refusal) as silent:  # its daemon is none
            await trial.enter()
        assert silent.value.code is ErrorCode.SERVICE_UNAVAILABLE
        await trial.end()
        assert trial.state.stage is Stage.NONE
        # Asked for again before the first one is gone.
        await trial.begin()
        await until(lambda: trial.state.stage is Stage.OPEN)
        assert is_gone(said["child"])
        again = told(tmp_path)
        assert again["child"] != said["child"]
    await until(lambda: is_gone(again["child"]))
    assert not (tmp_path / FOLDER).exists()
    with pytest.raises(Refusal):
        await trial.begin()  # nobody runs it any more


async def test_what_does_not_open_or_breaks_off_is_said_and_may_be_tried_again(
    tmp_path: Path,
) -> None:
    refuses = tmp_path / "refuses"
    refuses.touch()
    async with beside(tmp_path) as trial:
        await trial.begin()
        await until(lambda: trial.state.stage is Stage.FAILED)
        assert (trial.state.reason or "").startswith("The sandbox did not open on this machine: ")
        refuses.unlink()
        await trial.begin()
        await until(lambda: trial.state.stage is Stage.OPEN)
        os.kill(os.getpgid(told(tmp_path)["child"]), 9)
        await until(lambda: trial.state.stage is Stage.FAILED)
        assert trial.state.reason == "The sandbox has ended by itself"
        await until(lambda: not (tmp_path / FOLDER).exists())
        # A file where its folder is to be: the disk's trouble crashes nothing.
        (tmp_path / FOLDER).touch()
        await trial.begin()
        await until(lambda: trial.state.stage is Stage.FAILED)
        assert "cannot be opened" in str(trial.state.reason)


async def test_where_no_process_is_to_be_had_it_says_so_and_ends_no_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with beside(tmp_path) as trial:
        with monkeypatch.context() as full:
            full.setattr(trial, "_command", (str(tmp_path / "nowhere"),))
            await trial.begin()
            await until(lambda: is_at(trial, Stage.FAILED))
            assert "cannot be opened" in str(trial.state.reason)
        await trial.begin()
        await until(lambda: is_at(trial, Stage.OPEN))


async def test_it_has_its_time(tmp_path: Path, autojump_clock: MockClock) -> None:
    autojump_clock.autojump_threshold = float("inf")
    async with beside(tmp_path) as trial:
        await trial.begin()
        autojump_clock.rate = 0
        while not is_at(trial, Stage.OPEN):
            await trio.lowlevel.checkpoint()
        child = told(tmp_path)["child"]
        autojump_clock.jump(LONGEST.total_seconds() + 1)
        while is_at(trial, Stage.OPEN) or not is_gone(child):
            await trio.lowlevel.checkpoint()
        assert is_at(trial, Stage.NONE)


async def test_one_that_is_stuck_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.trial._ANSWERS_WITHIN_S", 0.1)
    async with beside(tmp_path) as trial:
        await trial.begin()
        await until(lambda: is_at(trial, Stage.OPEN))
        # It takes connections, and answers none.
        with open_socket(tmp_path / FOLDER), pytest.raises(Refusal), trio.fail_after(DEADLOCK_S):
            await trial.enter()


async def test_in_a_sandbox_there_is_no_other(tmp_path: Path) -> None:
    trial = Trial(tmp_path, Clock(), is_offered=False)
    with pytest.raises(Refusal):
        await trial.begin()
    assert (await trial.end()).stage is Stage.NOT_OFFERED
