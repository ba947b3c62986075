"""Clients that strangers' generators make of the document, compiled and used.

The npm packages are pinned by the lock file here and kept in `.cache`, outside of git.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.support.limits import DEADLOCK_S
from tests.support.served import Served
from tests.support.tools import CLIENTS, node_modules, program

pytestmark = pytest.mark.thirdparty
# What Node and TypeScript declare of themselves is not ours to check, and takes half of the time.
TSC = (
    "--strict --skipLibCheck --noUncheckedIndexedAccess --target es2022 --module nodenext"
    " --lib es2022,dom"
)


async def run(command: list[str | Path], directory: Path, **env: str) -> str:
    """Run a command that must succeed; returns what it printed."""
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with trio.fail_after(DEADLOCK_S):
        done = await trio.run_process(
            command,
            cwd=directory,
            env={**os.environ, "PATH": tools, "NO_PROXY": "*", **env},
            stdin=subprocess.DEVNULL,
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
        )
    text = done.stdout.decode()
    assert done.returncode == 0, text
    return text


@pytest.fixture
def modules() -> Path:
    return node_modules()


@pytest.fixture
def photo(served: Served) -> Path:
    return served.studio.photo(400, 500)


async def assert_done(served: Served, printed: str) -> None:
    """Compare what a client's program saw with what the daemon has."""
    seen: dict[str, Any] = json.loads(printed)
    (post,) = (await served.call("GET", "/api/v1/schedule")).body["posts"]
    at = "2099-01-01T10:00:00"
    assert [(id_, when.split("+")[0].split(".")[0]) for id_, when in seen.pop("scheduled")] == [
        (post["id"], at)
    ]
    assert post["scheduledFor"].startswith(at)
    assert json.loads(post["storyMentions"]) == [{"username": "anna", "x": 0.5, "y": 0.5}]
    media = (await served.call("GET", "/api/v1/media")).body["files"]
    assert seen == {
        "isValid": True,
        "caption": "A better draft",
        "files": [media[0]["id"]],
        "mediaId": media[0]["id"],
        "postId": post["id"],
        "drafts": ["A better draft"],
        "refused": "NOT_FOUND",
    }


@pytest.mark.acceptance
async def test_openapi_python_client(served: Served, photo: Path, tmp_path: Path) -> None:
    document = f"{served.url}/api/v1/openapi.json"
    generate = ["openapi-python-client", "generate", "--url", document, "--meta", "none"]
    await run([*generate, "--output-path", "reprise_client", "--fail-on-warning"], tmp_path)
    await run([sys.executable, "-m", "compileall", "-q", "reprise_client"], tmp_path)
    drive: list[str | Path] = [sys.executable, CLIENTS / "drive.py", served.url, served.key, photo]
    await assert_done(served, await run(drive, tmp_path, PYTHONPATH=str(tmp_path)))


@pytest.mark.soak  # of ours in TypeScript, `tests/sdk` compiles one in `make acceptance`
async def test_openapi_typescript(
    modules: Path, served: Served, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "node_modules").symlink_to(modules)
    for name in ("package.json", "drive.ts"):
        shutil.copy(CLIENTS / name, tmp_path)
    document = f"{served.url}/api/v1/openapi.json"
    await run([modules / ".bin" / "openapi-typescript", document, "-o", "schema.ts"], tmp_path)
    types = (tmp_path / "schema.ts").read_text()
    webhooks = types[types.index("export interface webhooks") :]
    assert '"post.failed": {' in webhooks[: webhooks.index("\n}\n")]
    await run([modules / ".bin" / "tsc", *TSC.split(), "--types", "node", "drive.ts"], tmp_path)
    printed = await run(
        [program("node"), "drive.js"],
        tmp_path,
        REPRISE_URL=served.url,
        VOIDGRAM_API_KEY=served.key,
        PHOTO=str(photo),
    )
    await assert_done(served, printed)


@pytest.mark.soak
async def test_the_session_api_s_document_in_both_generators(
    modules: Path, served: Served, tmp_path: Path
) -> None:
    document = f"{served.url}/session/openapi.json"
    generate = ["openapi-python-client", "generate", "--url", document, "--meta", "none"]
    await run([*generate, "--output-path", "made", "--fail-on-warning"], tmp_path)
    await run([sys.executable, "-m", "compileall", "-q", "made"], tmp_path)
    (tmp_path / "node_modules").symlink_to(modules)
    shutil.copy(CLIENTS / "package.json", tmp_path)
    await run([modules / ".bin" / "openapi-typescript", document, "-o", "schema.ts"], tmp_path)
    await run([modules / ".bin" / "tsc", *TSC.split(), "--noEmit", "schema.ts"], tmp_path)
    assert '"/user/followers": {' in (tmp_path / "schema.ts").read_text()
