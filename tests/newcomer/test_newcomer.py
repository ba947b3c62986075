"""A newcomer follows the README line by line, in an empty home, and each line does what it says.

Where the README needs an account, the sandbox plays Instagram: four settings lead there. Only the
port and the settings are not as printed.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from sandbox import Sandbox
from sandbox.world.sample_media import make_photo
from tests.newcomer.readme import read
from tests.support.limits import DEADLOCK_S
from tests.support.process import ROOT
from tests.support.tools import program

PASSWORD = "a newcomer's password"
FOREGROUND = re.compile(r"^(\S*reprise run)\b.*$", re.MULTILINE)
README = read()


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """Somebody with a clone, an empty home and a shell."""

    clone: Path
    environment: dict[str, str]

    async def types(self, block: str) -> str:
        """Run the lines of a block as printed; the first that fails ends the test."""
        done = await trio.run_process(
            [program("bash"), "-e", "-o", "pipefail", "-c", self._here(block)],
            cwd=self.clone,
            env=self.environment,
            stdin=f"{PASSWORD}\n".encode(),  # read where a password is asked for
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            start_new_session=True,  # no terminal, so that the password is read from there
        )
        said = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == 0, f"{block}\n{said}"
        return said

    @asynccontextmanager
    async def leaves_running(self, line: str) -> AsyncIterator[None]:
        """Run a line that stays in the foreground, until the block ends."""
        process = await trio.lowlevel.open_process(
            self._here(line).split(),
            cwd=self.clone,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        try:
            with trio.fail_after(DEADLOCK_S):
                first = await process.stdout.receive_some()
            assert first.decode().startswith(f"Reprise listens on http://127.0.0.1:{self._port}")
            yield
            process.send_signal(signal.SIGINT)
            with trio.fail_after(DEADLOCK_S):
                assert await process.wait() == 0
        finally:
            with trio.CancelScope(shield=True):
                if process.returncode is None:
                    process.kill()
                await process.wait()
                await process.stdout.aclose()

    @property
    def _port(self) -> str:
        return self.environment["REPRISE_PORT"]

    def _here(self, text: str) -> str:
        return text.replace(":3001", f":{self._port}")


def _environment(home: Path, sandbox: Sandbox) -> dict[str, str]:
    home.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {
        **kept,
        **pip,
        "HOME": str(home),
        "REPRISE_PORT": str(port),
        "REPRISE_PROXY": sandbox.proxy_url,
        "REPRISE_CA_FILE": str(sandbox.ca_file),
        "REPRISE_PACE": "0",
    }


async def follow(newcomer: Newcomer, sandbox: Sandbox, *, is_set_up: bool) -> None:
    """Do all that the README says of an own account, and see that it happened."""
    person = sandbox.world.add_person("your_account", password=PASSWORD)
    make_photo(newcomer.clone / "photo.jpg", 1080, 1080, seed=1)
    make_photo(newcomer.clone / "story.jpg", 270, 480, seed=2)
    program("curl")
    _, first, second, third, fourth = README.blocks
    assert first.startswith("make setup\n")
    if is_set_up:
        first = first.removeprefix("make setup\n")
    found = FOREGROUND.search(first)
    assert found is not None, "the README runs the daemon in the foreground"
    said = await newcomer.types(first[: found.start()])
    assert "Connected @your_account" in said
    assert "Logged in as @your_account" in said
    async with newcomer.leaves_running(found[1]):
        friend = sandbox.world.add_person("anna")
        story = sandbox.world.add_story(friend, newcomer.clone / "story.jpg", mentions=[person])
        sandbox.world.mention(story, person)
        said = await newcomer.types(second)
        assert "Story reposts are on" in said
        assert re.search("[01] new mentions", said)  # 0: the daemon had looked before
        assert "@anna" in said
        assert "no problems" in said
        said = await newcomer.types(third)
        assert "Scheduled for" in said
        assert "Monday" in said
        assert '"total":1' in await newcomer.types(fourth)
        awake = await newcomer.types(".venv/bin/reprise history --json")
        assert re.search(r'"status": "(QUEUED|DOWNLOADED|PUBLISHED)"', awake)
    assert (Path(newcomer.environment["HOME"]) / ".local/share/reprise/reprise.db").is_file()


@pytest.mark.acceptance
async def test_with_the_account_of_the_readme(sandbox: Sandbox, tmp_path: Path) -> None:
    clone = tmp_path / "reprise"
    clone.mkdir()
    (clone / ".venv").symlink_to(Path(sys.executable).parents[1])  # as `make setup` leaves it
    newcomer = Newcomer(clone=clone, environment=_environment(tmp_path / "home", sandbox))
    await follow(newcomer, sandbox, is_set_up=True)


@pytest.mark.soak
async def test_from_a_fresh_clone(sandbox: Sandbox, tmp_path: Path) -> None:
    clone = tmp_path / "reprise"
    await trio.run_process([program("git"), "clone", "--quiet", str(ROOT), str(clone)])
    environment = _environment(tmp_path / "home", sandbox)
    newcomer = Newcomer(clone=clone, environment=environment)
    demo, tests = README.blocks[0].splitlines()
    assert tests.startswith("make test")  # that is what CI does
    said = await newcomer.types(demo)
    assert "exactly four story posts" in said
    assert len(list((clone / "demo-output" / "cards").iterdir())) == 4
    assert len(list((clone / "demo-output" / "received").iterdir())) == 4
    await follow(newcomer, sandbox, is_set_up=False)


@pytest.mark.parametrize("target", README.targets)
def test_make_knows_what_the_readme_names(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("link", README.links)
def test_links_of_the_readme_lead_somewhere(link: str) -> None:
    assert (ROOT / link).is_file()
