"""The README's first command, as a new user runs it; `test_package.py` runs it from the wheel."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trio
from PIL import Image

from tests.support.limits import DEADLOCK_S
from tests.support.process import REPRISE, Finished, environment, reprise

EXPECTED = {"anna.portrait", "ben_landscape", "carla.moves", "dora_private"}


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


async def _something_happens(client: httpx.AsyncClient, printed: str) -> None:
    """Follow the link, and press each of the buttons in the band."""
    link = next(word for word in printed.split() if "/login?code=" in word)
    assert (await client.get(link)).status_code == 200
    base = link.partition("/login")[0]
    page = (await client.get(f"{base}/mentions")).text
    assert "Make something happen" in page
    nowhere = await client.get(f"{base}/none", headers={"Accept": "text/html"})
    assert "Everything here is simulated" in nowhere.text
    for what, told in (
        ("mention", "has mentioned you. Reprise has looked"),
        ("network", "The look into the inbox says: No usable answer"),
        ("mend", "works again"),
        ("tomorrow", "It is tomorrow. Reprise has looked"),
        ("challenge", "The look into the inbox says: "),
        ("block", "The look into the inbox says: "),
    ):
        answer = await client.post(f"{base}/sandbox/happen", data={"what": what})
        assert answer.status_code == 200, what
        assert told in answer.text, (what, answer.text)
    again = (await client.get(f"{base}/mentions")).text
    days = [datetime.fromisoformat(re.search(r'data-seen="([^"]+)"', each)[1])  # type: ignore[index]
            for each in (page, again)]  # fmt: skip
    assert days[1] - days[0] >= timedelta(days=1)


@pytest.mark.acceptance
async def test_kept_running_it_has_a_life_and_says_how_to_use_and_stop_it(tmp_path: Path) -> None:
    process = await trio.lowlevel.open_process(
        [*REPRISE, "demo", "--keep", "--no-open", "--output", str(tmp_path / "out")],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    text = ""
    with trio.fail_after(3 * DEADLOCK_S):  # the whole demo, and weeks of life after it
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
        authors = {each["originalUsername"] for each in answer.json()["reposts"]}
        assert EXPECTED | {"lena.morgen", "emil_yesterday"} <= authors
        counted = (await client.get(f"{url}/counts", headers=headers)).json()
        posts = {each["status"]: each["count"] for each in counted["posts"]}
        mentions = {each["status"]: each["count"] for each in counted["reposts"]}
        assert posts["SCHEDULED"] > 20
        assert posts["PUBLISHED"] > 40
        assert posts["DRAFT"] == 3
        assert posts["FAILED"]
        waiting = ("DETECTED", "DOWNLOADED", "WAITING_APPROVAL")
        assert sum(mentions.get(each, 0) for each in waiting) == 9
        assert all(mentions[each] for each in ("PUBLISHED", "SKIPPED", "EXPIRED", "FAILED"))
        await _something_happens(client, text)
    exports = dict(re.findall(r"^  export (\w+)=(.*)$", text, re.MULTILINE))
    assert exports["REPRISE_PACE"] == "0"
    history = await reprise("history", "--json", env=os.environ | exports)
    assert len(history.json) > 5
    process.send_signal(signal.SIGINT)
    with trio.fail_after(DEADLOCK_S):
        assert await process.wait() == 0
    await process.stdout.aclose()
