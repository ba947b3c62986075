"""Cloudflare's own tools judge the simulated Cloudflare, and what we send to the real one.

`make setup-judges` fetches them: 450 MB, for tests alone.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import trio

from cloud import worker_code
from cloud.desk import CloudDesk, Wanted
from ground.clock import Clock
from sandbox.cloud.account import CloudAccount
from sandbox.cloud.cloudflare import Api, open_management
from tests.cloud.judges.setting_up import NoJudges, node_modules, python
from tests.support.studio import Studio
from tests.support.tools import missing, program

pytestmark = pytest.mark.soak
_HERE = Path(__file__).parent / "judges"


@pytest.fixture(scope="module")
def judges() -> tuple[Path, Path]:
    try:
        return node_modules(), python()
    except NoJudges as error:
        missing(str(error))


async def told(command: list[str | Path], where: Path, **more: str) -> str:
    """Run one of their programs to a good end; returns what it prints."""
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **more}
    done = await trio.run_process(
        [str(part) for part in command], cwd=where, env=environment, stdin=b"", check=False,
        capture_stdout=True, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode()[-4000:]
    return done.stdout.decode()


def asked_of(api: Api) -> set[tuple[str, str]]:
    """Return what was asked, without the numbers of namespaces."""
    return {
        (method, re.sub(r"namespaces/\w{32}", "namespaces/N", path))
        for method, path, status in api.asked
        if status == 200
    }


async def test_their_python_asks_what_our_deploy_asks_and_believes_every_answer(
    studio: Studio, tmp_path: Path, judges: tuple[Path, Path]
) -> None:
    async with open_management(tmp_path / "cf", CloudAccount()) as api:
        account = api.account
        account.zones["example.com"] = "023e105f4ecef8ad9ca31a8372d0c353"
        api.r2.put("1.jpg", b"jpg")
        script: list[str | Path] = [judges[1], _HERE / "by_python.py"]
        await told([*script, api.url, account.token, account.id], tmp_path)
        theirs = asked_of(api)
        api.asked.clear()
        account.subdomain = None
        account.buckets.clear()
        account.domains.clear()

        core = studio.core
        clock = Clock(core.clock.now, pace=0.0)
        desk = CloudDesk(core.store, core.vault, clock, api.url, "v26.0")
        await desk.deploy(Wanted(account.token, domain="https://media.example.com"))
        await desk.deploy(Wanted(account.token, keeps_token=True))
        await desk.crons()
        await desk.stop(None)
        ours = asked_of(api)
        assert ours <= theirs, ours - theirs
        assert len(ours) >= 17


async def test_their_javascript_takes_the_simulated_cloudflare_for_the_real_one(
    tmp_path: Path, judges: tuple[Path, Path]
) -> None:
    (tmp_path / "node_modules").symlink_to(judges[0])
    (tmp_path / "by_node.mjs").write_text((_HERE / "by_node.mjs").read_text())
    async with open_management(tmp_path / "cf", CloudAccount()) as api:
        node: list[str | Path] = [program("node"), "by_node.mjs"]
        await told([*node, api.url, api.account.token, api.account.id], tmp_path)


async def test_wrangler_takes_our_worker_and_deploys_it(
    tmp_path: Path, judges: tuple[Path, Path]
) -> None:
    """Its own reading of modules, bindings and migrations; then twice to the simulated one."""
    project = tmp_path / "project"
    project.mkdir()
    for name, code in worker_code.modules().items():
        (project / name).write_bytes(code)
    async with open_management(tmp_path / "cf", CloudAccount()) as api:
        account = api.account
        account.subdomain = "anna"
        space = account.make_namespace("reprise-kv")["id"]
        account.make_bucket("reprise-media")
        metadata = worker_code.metadata(
            texts={"VERSION": worker_code.version()}, secrets={}, namespace_id=space,
            bucket="reprise-media", tag=None,
        )  # fmt: skip
        (project / "wrangler.json").write_text(json.dumps(_wrangler_says(metadata)))
        wrangler: list[str | Path] = [program("node"), judges[0] / "wrangler/bin/wrangler.js"]
        there = {
            "CLOUDFLARE_API_BASE_URL": api.url,
            "CLOUDFLARE_API_TOKEN": account.token,
            "CLOUDFLARE_ACCOUNT_ID": account.id,
            "WRANGLER_SEND_METRICS": "false",
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }
        dry = await told([*wrangler, "deploy", "--dry-run"], project, **there)
        beside = set(worker_code.modules()) - {worker_code.MAIN}
        for name in (*beside, "env.LANES", "env.REGISTRY", "env.KV", "env.MEDIA"):
            assert name in dry, dry
        assert api.asked == [], "that was dry"
        for _again in range(2):
            assert "Deployed reprise-worker" in await told([*wrangler, "deploy"], project, **there)
        theirs = account.scripts["reprise-worker"]
        bound = {name: each for name, each in theirs.bindings.items() if name != "VERSION"}
        assert bound == {
            each["name"]: each for each in metadata["bindings"] if each["name"] != "VERSION"
        }
        assert {name: code.encode() for name, code in theirs.modules.items()} == dict(
            worker_code.modules()
        )
        assert theirs.migration_tag == worker_code.TAG
        assert await told([*wrangler, "secret", "list"], project, **there)
        await told([*wrangler, "delete", "--force"], project, **there)
        assert account.scripts == {}


def _wrangler_says(metadata: dict[str, object]) -> dict[str, object]:
    """Our metadata in the words of wrangler's configuration."""
    bindings: list[dict[str, str]] = metadata["bindings"]  # type: ignore[assignment]

    def of(kind: str, **names: str) -> list[dict[str, str]]:
        return [
            {theirs: each[ours] for theirs, ours in names.items()}
            for each in bindings
            if each["type"] == kind
        ]

    migrations: dict[str, object] = metadata["migrations"]  # type: ignore[assignment]
    steps: list[dict[str, object]] = migrations["steps"]  # type: ignore[assignment]
    return {
        "name": "reprise-worker",
        "main": metadata["main_module"],
        "compatibility_date": "2026-01-20",  # this wrangler's runtime knows no later one
        "no_bundle": True,
        "find_additional_modules": True,
        "rules": [{"type": "ESModule", "globs": ["*.js"]}],
        "durable_objects": {
            "bindings": of("durable_object_namespace", name="name", class_name="class_name")
        },
        "migrations": [{"tag": migrations["new_tag"], **steps[0]}],
        "kv_namespaces": of("kv_namespace", binding="name", id="namespace_id"),
        "r2_buckets": of("r2_bucket", binding="name", bucket_name="bucket_name"),
        "vars": {each["name"]: each["text"] for each in of("plain_text", name="name", text="text")},
        "triggers": {"crons": ["*/1 * * * *"]},
        "workers_dev": True,
        "preview_urls": False,
        "observability": metadata["observability"],
    }
