"""The TypeScript client on Node: packed as it is published, its README, a server with moods."""

from __future__ import annotations

import json
import re
import shutil
import socket
import tarfile
import time
from pathlib import Path

import pytest

from tests.clients.test_clients import TSC, run
from tests.sdk.moody import open_moody
from tests.support.posting import API
from tests.support.process import ROOT
from tests.support.served import Served
from tests.support.tools import node_modules, program
from webhooks.signing import new_secret, signed

pytestmark = [pytest.mark.acceptance, pytest.mark.thirdparty]
SDK = ROOT / "sdk" / "typescript"
_EXAMPLES = re.findall(r"```ts\n(.*?)```", (SDK / "README.md").read_text(), re.DOTALL)
_STRICT = f"{TSC} --exactOptionalPropertyTypes --types node"


async def packed(directory: Path) -> None:
    """Make the package as it is published, and install it in a directory."""
    modules, source = node_modules(), directory / "source"
    shutil.copytree(SDK, source, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (source / "node_modules").symlink_to(modules)
    await run([program("npm"), "pack", "--silent", "--offline"], source)
    (archive,) = source.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter="data")
    installed = directory / "node_modules"
    installed.mkdir()
    (directory / "package").rename(installed / "reprise-client")
    (installed / "@types").symlink_to(modules / "@types")
    (installed / "undici-types").symlink_to(modules / "undici-types")
    (directory / "package.json").write_text('{"type": "module"}')


async def test_the_readme_and_a_server_with_moods(served: Served, tmp_path: Path) -> None:
    """The README's are the five workflows of VoidGram's quickstart."""
    await packed(tmp_path)
    shutil.copy(Path(__file__).with_name("moods.ts"), tmp_path)
    names = []
    for number, example in enumerate(_EXAMPLES):
        names.append(f"example{number}.ts")
        (tmp_path / names[-1]).write_text(example)
    assert len(names) == 5
    tsc = node_modules() / ".bin" / "tsc"
    await run([tsc, *_STRICT.split(), "moods.ts", *names], tmp_path)
    photo = served.studio.photo(400, 500).read_bytes()
    (tmp_path / "sunset.jpg").write_bytes(photo)
    (tmp_path / "queue").mkdir()
    for number in range(3):
        (tmp_path / "queue" / f"{number}.jpg").write_bytes(photo)
    printed = ""
    environment = {"VOIDGRAM_API_KEY": served.key, "VOIDGRAM_BASE_URL": f"{served.url}/api/v1"}
    for name in [*names, names[2]]:  # begun again, the queue schedules nothing twice
        printed += await run([program("node"), name.replace(".ts", ".js")], tmp_path, **environment)
    for word in ("published https://", "scheduled ", "queue 3", "completed ", "event post."):
        assert word in printed
    assert f"sent {len(photo)} of {len(photo)}" in printed
    assert (await served.call("GET", f"{API}/posts")).body["total"] == 5
    await _moods(served, tmp_path)


async def _moods(served: Served, directory: Path) -> None:
    secret, body = new_secret(), json.dumps({"type": "webhook.test"})
    headers = signed("msg_1", body.encode(), int(time.time()), [secret])
    before = (await served.call("GET", f"{API}/posts")).body["total"]
    uploads = (await served.call("GET", f"{API}/media")).body["total"]
    async with open_moody(served) as moody, open_moody(served) as stranger:
        nobody = socket.socket()
        # Of each call in moods.ts, in its order; after an answer that was lost one asks for events.
        moody.moods = ["lost", None, None]
        moody.moods += [429, "lost", None, None, 503, "lost", None, "proxy", 429, 429, 429]
        stranger.stranger = True
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        stranger.moods = ["lost", 404, "proxy", 429, "lost", "page", "lost", "lost"]
        printed = await run(
            [program("node"), "moods.js"],
            directory,
            KEY=served.key,
            URL=moody.url,
            STRANGER=stranger.url,
            NOBODY=f"http://127.0.0.1:{nobody.getsockname()[1]}",
            ACCOUNT=served.studio.account.id,
            HOOK=json.dumps({"secret": secret, "headers": headers, "body": body}),
        )
        nobody.close()
        assert stranger.seen == ["POST /posts/publish", "GET /events"] * 4
    assert json.loads(printed.splitlines()[-1]) == {
        "uploaded": "done",
        "published": "done",
        "strange": ["AnswerLost"] * 4,
        "limited": "RateLimited",
        "missing": "NotFound",
        "forbidden": "NotAllowed",
        "nobody": "NotRunning",
        "nameless": "TypeError",
        "nowhere": "TypeError",
        "given up": "AbortError",
        "failed": "PublishFailed",
        "new state": "A_NEW_STATE",
        "real": "done",
        "forged": "WebhookInvalid",
        "old": "WebhookInvalid",
        "events": [True, True],
        "pages": [True, True],
    }
    # One post of ours, whatever was lost; and one for each of a stranger's, who was asked once.
    assert (await served.call("GET", f"{API}/posts")).body["total"] == before + 1 + 4
    assert (await served.call("GET", f"{API}/media")).body["total"] == uploads + 1
