"""The scripts of VoidGram's quickstart, unchanged, as a user of VoidGram would bring them along."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import trio

from api.errors import CODES
from tests.support.clock import TestClock
from tests.support.limits import DEADLOCK_S
from tests.support.posting import API, photo_id, post, publish, story, until
from tests.support.process import Finished
from tests.support.served import Served
from tests.support.tools import CLIENTS, node_modules, program

pytestmark = pytest.mark.thirdparty
HERE = Path(__file__).parent
PRINTED_HOST = "http://localhost:3001"
# The day before the date that is printed in schedule.ts.
THEN = datetime(2026, 4, 19, 10, tzinfo=UTC)


@pytest.fixture
def clock() -> TestClock:
    chosen = TestClock()
    chosen.advance(THEN - datetime.now(UTC))
    return chosen


@pytest.fixture
def shell() -> str:
    """The shell, provided that the programs which the scripts call are there."""
    program("curl")
    program("jq")
    return program("bash")


@pytest.fixture
def modules() -> Path:
    return node_modules()


def script(name: str, served: Served, directory: Path) -> Path:
    """Copy a script into a directory of its own, with the daemon's address."""
    text = (HERE / name).read_text()
    assert PRINTED_HOST in text
    copy = directory / name
    copy.write_text(text.replace(PRINTED_HOST, served.url))
    return copy


def environment(served: Served, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "NO_PROXY": "*",
        "VOIDGRAM_API_KEY": served.key,
        "ACCOUNT_ID": served.studio.account.id,
        **more,
    }


async def run(command: list[str | Path], directory: Path, env: dict[str, str]) -> Finished:
    with trio.fail_after(DEADLOCK_S):
        done = await trio.run_process(
            command,
            cwd=directory,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


async def compiled(name: str, modules: Path, served: Served, directory: Path) -> list[str | Path]:
    """Compile a TypeScript script as strictly as can be; returns how it is run."""
    (directory / "node_modules").symlink_to(modules)
    shutil.copy(CLIENTS / "package.json", directory)
    for given in ("given.d.ts", "given.mjs"):
        shutil.copy(HERE / given, directory)
    source = script(name, served, directory)
    flags = "--strict --skipLibCheck --target es2022 --module nodenext --lib es2022,dom"
    tsc = modules / ".bin" / "tsc"
    done = await run(
        [tsc, *flags.split(), "--types", "node", "given.d.ts", source.name],
        directory,
        environment(served),
    )
    assert done.code == 0, done.out
    return [program("node"), "--import", "./given.mjs", source.with_suffix(".js").name]


async def test_verify_it_works(served: Served, shell: str, tmp_path: Path) -> None:
    done = await run([shell, script("verify.sh", served, tmp_path)], tmp_path, environment(served))
    assert (done.code, done.out) == (0, '"studio"\n'), done.err


@pytest.mark.parametrize("media_type", ["IMAGE", "STORIES"])
async def test_publish_and_poll(
    served: Served, shell: str, tmp_path: Path, media_type: str
) -> None:
    """Workflows 1 and 4, as printed, and once more as a story."""
    shutil.copy(served.studio.photo(400, 500), tmp_path / "sunset.jpg")
    file = script("publish.sh", served, tmp_path)
    file.write_text(file.read_text().replace("IMAGE", media_type))
    done = await run([shell, file], tmp_path, environment(served))
    accepted = json.loads(done.out)
    warned = accepted.pop("warnings", [])
    assert accepted == {"postId": accepted["postId"], "status": "QUEUED"}
    assert [text.split("`")[1] for text in warned] == ["caption"] * (media_type == "STORIES")
    env = environment(served, POST_ID=accepted["postId"])
    polled = await run([shell, script("poll_status.sh", served, tmp_path)], tmp_path, env)
    found = await post(served, accepted["postId"])
    assert polled.out.splitlines()[-1].endswith(f": {found['status']}")
    assert found["caption"] == "Sunset over Seattle #pnw"
    whole = await run([shell, script("poll_until_done.sh", served, tmp_path)], tmp_path, env)
    if found["status"] == "PUBLISHED":
        assert json.loads(whole.out) == found["igPermalink"] is not None
    else:  # the account's way to Instagram may not take every kind of post, and says so
        assert media_type == "IMAGE"
        assert json.loads(whole.out)["errorCode"] == found["errorCode"]
        assert found["errorCode"] in CODES
        assert found["errorMessage"]


@pytest.mark.acceptance
async def test_a_failed_post_ends_the_polling(served: Served, shell: str, tmp_path: Path) -> None:
    mentions = [{"username": "nobody.of.that.name"}]
    body = story(served, await photo_id(served), storyMentions=mentions)
    post_id = await publish(served, body)
    await until(served, post_id, "FAILED")
    env = environment(served, POST_ID=post_id)
    done = await run([shell, script("poll_until_done.sh", served, tmp_path)], tmp_path, env)
    assert done.code == 1
    assert json.loads(done.out)["errorCode"] == "INVALID_MENTIONS"


@pytest.mark.acceptance
async def test_schedule_a_post(modules: Path, served: Served, tmp_path: Path) -> None:
    command = await compiled("schedule.ts", modules, served, tmp_path)
    env = environment(served, MEDIA_FILE_ID=await photo_id(served))
    done = await run(command, tmp_path, env)
    assert (done.code, done.err) == (0, "")
    (found,) = (await served.call("GET", f"{API}/schedule")).body["posts"]
    assert found["status"] == "SCHEDULED"
    assert found["caption"] == "Scheduled for tomorrow morning"
    assert found["scheduledFor"] == "2026-04-20T14:00:00.000Z"
    assert found["timezone"] == "America/Los_Angeles"


@pytest.mark.acceptance
async def test_bulk_schedule_twenty_posts(served: Served, tmp_path: Path) -> None:
    (tmp_path / "queue").mkdir()
    for number in range(20):
        shutil.copy(served.studio.photo(400, 500), tmp_path / "queue" / f"{number}.jpg")
    file = script("bulk_schedule.py", served, tmp_path)
    done = await run([sys.executable, file], tmp_path, environment(served))
    assert (done.code, done.err) == (0, "")
    found = (await served.call("GET", f"{API}/schedule?limit=100")).body
    assert found["total"] == 20
    assert [p["caption"] for p in found["posts"]] == [f"Batch post #{n}" for n in range(20)]
    times = [datetime.fromisoformat(p["scheduledFor"]) for p in found["posts"]]
    assert {after - before for before, after in pairwise(times)} == {timedelta(minutes=20)}


@pytest.mark.acceptance
async def test_listen_for_reposts(modules: Path, served: Served, tmp_path: Path) -> None:
    command = await compiled("listen.ts", modules, served, tmp_path)
    await served.studio.configure()
    process = await trio.lowlevel.open_process(
        command,
        cwd=tmp_path,
        env=environment(served),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    heard = ""
    try:
        with trio.fail_after(DEADLOCK_S):
            for count, name in enumerate(("anna", "ben"), start=1):
                served.studio.mention(served.studio.friend(name))
                scan = await served.call("POST", f"{API}/story-repost/scan", {})
                assert scan.status == 200
                while heard.count("\n") < count:
                    heard += (await process.stdout.receive_some()).decode()
    finally:
        process.kill()
        await process.wait()
        await process.stdout.aclose()
    history = (await served.call("GET", f"{API}/story-repost/history")).body["reposts"]
    assert sorted(heard.splitlines()) == sorted(
        f"new repost {repost['id']} {repost['originalUsername']}" for repost in history
    )
    assert len(history) == 2
