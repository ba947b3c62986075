"""The README's first command, as a new user runs it; `test_package.py` runs it from the wheel."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import httpx
import trio
from PIL import Image

from tests.support.limits import DEADLOCK_S
from tests.support.process import REPRISE, Finished, environment, reprise


def check_demo(done: Finished, output: Path) -> None:
    """See that a demo has reposted four of five mentions, and saved what it made."""
    assert done.code == 0, done.err
    assert done.json["ok"] is True
    states = {item["originalUsername"]: item["status"] for item in done.json["reposts"]}
    assert states == {
        "anna.portrait": "PUBLISHED",
        "ben_landscape": "PUBLISHED",
        "carla.moves": "PUBLISHED",
        "dora_private": "PUBLISHED",
        "emil_yesterday": "EXPIRED",
    }
    assert all(item["permalink"] for item in done.json["reposts"] if item["status"] == "PUBLISHED")
    for folder in ("cards", "received"):
        assert len(list((output / folder).iterdir())) == 4
    with Image.open(output / "received" / "ben_landscape.jpg") as card:
        assert card.size == (1080, 1920)
    assert json.loads((output / "result.json").read_text()) == done.json
    assert "PUBLISHED" in done.err  # progress goes to standard error beside --json
    assert "ready url=" in (output / "daemon.log").read_text()


async def test_kept_running_it_says_how_to_use_and_stop_it(tmp_path: Path) -> None:
    process = await trio.lowlevel.open_process(
        [*REPRISE, "demo", "--keep", "--output", str(tmp_path / "out")],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    text = ""
    with trio.fail_after(DEADLOCK_S):
        while "Stop with Ctrl-C." not in text:
            chunk = await process.stdout.receive_some()
            assert chunk, text
            text += chunk.decode()
    words = text.split()
    url = words[words.index("running:") + 1]
    key = words[words.index("key") + 1]
    async with httpx.AsyncClient(trust_env=False, timeout=DEADLOCK_S) as client:
        headers = {"Authorization": f"Bearer {key}"}
        answer = await client.get(f"{url}/story-repost/history", headers=headers)
        assert len(answer.json()["reposts"]) == 5
    exports = dict(re.findall(r"^  export (\w+)=(.*)$", text, re.MULTILINE))
    assert exports["REPRISE_PACE"] == "0"
    history = await reprise("history", "--json", env=os.environ | exports)
    assert len(history.json) == 5
    process.send_signal(signal.SIGINT)
    with trio.fail_after(DEADLOCK_S):
        assert await process.wait() == 0
    await process.stdout.aclose()
