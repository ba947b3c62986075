from __future__ import annotations

import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio

from sandbox.world import sample_media
from sandbox.world.sample_media import make_photo
from tests.support.limits import DEADLOCK_S

COMMAND = [sys.executable, "-m", "sandbox"]


@pytest.mark.acceptance
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_runs_until_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    async with trio.open_nursery() as nursery:
        command = [*COMMAND, "--json", "--directory", str(tmp_path / "data")]
        start = partial(trio.run_process, command, stdout=subprocess.PIPE, check=False)
        process: trio.Process = await nursery.start(start)
        assert process.stdout is not None
        facts = json.loads(await process.stdout.receive_some())
        async with httpx.AsyncClient(trust_env=False, timeout=DEADLOCK_S) as client:
            world = (await client.get(f"{facts['control']}/world")).json()
        assert facts["username"] in [person["username"] for person in world["people"]]
        assert len(world["stories"]) == 2
        hanging = await trio.open_tcp_stream("127.0.0.1", int(facts["proxy"].rpartition(":")[2]))
        process.send_signal(number)
        with trio.fail_after(DEADLOCK_S):
            assert await process.wait() == 0
        await hanging.aclose()
    assert Path(facts["caFile"]).exists()


@pytest.mark.acceptance
async def test_it_says_how_to_use_it(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        start = partial(trio.run_process, COMMAND, stdout=subprocess.PIPE, check=False)
        process: trio.Process = await nursery.start(start)
        assert process.stdout is not None
        text = ""
        while "Ctrl-C" not in text:
            text += (await process.stdout.receive_some()).decode()
        process.terminate()
    for part in ("studio / sandbox-password", "curl -d", "ca.pem", "http://127.0.0.1:"):
        assert part in text
    [line] = [line for line in text.splitlines() if "CA file" in line]
    assert not Path(line.split()[-1]).exists()


async def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    result = await trio.run_process(
        [*COMMAND, "--port", str(port)], capture_stderr=True, check=False
    )
    await listeners[0].aclose()
    assert result.returncode == 1
    assert b"cannot run here" in result.stderr
    assert b"Traceback" not in result.stderr


def test_samples_are_the_same_at_every_run(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        sample_media._photo.cache_clear()
        make_photo(tmp_path / name, 200, 300, seed, "label")
    one, two, three = ((tmp_path / name).read_bytes() for name in ("one", "two", "three"))
    assert one == two != three
