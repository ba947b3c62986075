"""No secret of the cloud is said, logged, sent in an address or kept in the clear by anybody."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trio

from ground.clock import utc_now
from sandbox import Sandbox
from sandbox.cloud.cloudflare import Cloudflare, open_cloudflare
from sandbox.wire.faults import Fault
from storage.times import to_text
from tests.cloud.test_deploying import refused
from tests.crash.chain import Chain, open_chain
from tests.support.limits import DEADLOCK_S
from tests.support.process import reprise

NAME = "reprise-worker"
WRONG = "wrong-token-of-cloudflare-0123456789abcdef"
SIGNED = re.compile(rb"[?&]s=[0-9a-f]{64}")
# Cloudflare holds these sealed, and the vault's key has to lie somewhere.
KEEPERS = ("config.capnp", "secret.key")


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_no_secret_leaves_its_place(sandbox: Sandbox, tmp_path: Path, program: Path) -> None:
    where = tmp_path / "cloudflare"
    async with (
        open_cloudflare(
            where, program, proxy_url=sandbox.proxy_url, ca_file=sandbox.ca_file
        ) as cloudflare,
        open_chain(
            sandbox,
            tmp_path,
            {"REPRISE_CLOUDFLARE_API": cloudflare.url, "REPRISE_LOG_LEVEL": "debug"},
        ) as chain,
    ):
        cloudflare.texts["PACE"] = "0.02"
        told: list[tuple[str, bytes]] = []
        secrets = {"wrong token": WRONG}
        await every_command(chain, cloudflare, told, secrets)
        await a_post(chain)
        told += [(answer, body) async for answer, body in every_answer(chain)]
        secrets |= of(cloudflare) | {
            f"token of {name}": account.graph.token
            for name, account in chain.accounts.items()
            if account.graph is not None
        }
        assert len(set(secrets.values())) >= 8, sorted(secrets)
        sealed = sealed_in(where)
        assert sealed, "the Worker has tokens"
        for name in ("backup", "export"):
            file = str(tmp_path / f"{name}.made")
            done = await reprise(name, file, env=chain.env)
            told.append((name, (done.out + done.err).encode()))
        await removed(chain, cloudflare, told)
        for entry in sandbox.ledger.requests:
            if "graph" in entry.host and "refresh" not in entry.path:
                assert "access_token" not in entry.query, (entry.host, entry.path)
        told += [(f"asked {path}", path.encode()) for _how, path, _status in cloudflare.asked]
        told += list(lying(tmp_path))
        assert_unseen(
            told, secrets, open_only={f"sealed {n}": text for n, text in enumerate(sealed)}
        )


async def every_command(
    chain: Chain, cloudflare: Cloudflare, told: list[tuple[str, bytes]], secrets: dict[str, str]
) -> None:
    """Run every command of the cloud, well and badly, and keep what each said."""
    token = cloudflare.account.token
    for words, given in [
        (("cloud", "deploy"), WRONG),
        (("cloud", "deploy", "--json"), WRONG),
        (("cloud", "deploy"), token),
        (("cloud", "deploy", "--keep-token", "--json"), token),
        (("cloud", "status"), ""),
        (("cloud", "status", "--json"), ""),
        (("cloud", "upgrade"), ""),
        (("cloud", "probe", "--json"), ""),
        (("doctor", "--json"), ""),
        (("doctor",), ""),
        (("status", "--json"), ""),
        (("check-config",), ""),
        (("events", "--json"), ""),
    ]:
        done = await reprise(*words, env=chain.env, stdin=f"{given}\n")
        told.append((f"{' '.join(words)}: {done.code}", (done.out + done.err).encode()))
    secrets |= {f"{name} before": text for name, text in of(cloudflare).items()}
    secrets["API token"] = token
    # An upload that Cloudflare answers with a page, or with what it was sent.
    cloudflare.faults.add(
        Fault(kind=refused(400, 10021, "Uncaught"), path_end=NAME, method="PUT", times=None)
    )
    for words in (("cloud", "upgrade"), ("cloud", "upgrade", "--new-token", "--json")):
        done = await reprise(*words, env=chain.env)
        told.append((f"failed {' '.join(words)}", (done.out + done.err).encode()))
        assert done.code != 0
    cloudflare.faults.clear()
    done = await reprise("cloud", "upgrade", "--new-token", "--json", env=chain.env)
    assert done.code == 0, done.err
    told.append(("new token", (done.out + done.err).encode()))


async def every_answer(chain: Chain) -> Any:
    """Ask everything of the cloud by HTTP."""
    for path in (
        "/cloudflare/status",
        "/cloudflare/diagnostics",
        "/cloudflare/cron-status",
        "/cloudflare/kv",
        "/health",
        "/schedule",
        "/posts",
        "/schedule/queue/status",
    ):
        answer = await chain.client.get(f"/api/v1{path}")
        assert answer.status_code == 200, path
        yield f"GET {path} {answer.status_code}", answer.content


async def a_post(chain: Chain) -> None:
    """Let one post go out of the cloud, one be taken back, and one go out of here."""
    media = await chain.photo(400, 500, 1)
    account = chain.accounts["instagram"]
    body = {"accountId": account.id, "mediaType": "IMAGE", "mediaFileId": media}
    far = to_text(utc_now() + timedelta(hours=3))
    made = await chain.call("POST", "/schedule", {**body, "caption": "b", "scheduledFor": far})
    assert made["isCloudflare"] is True
    await chain.call("PUT", f"/schedule/{made['postId']}", {"caption": "c"})
    await chain.call("DELETE", f"/schedule/{made['postId']}")
    soon = to_text(utc_now() + timedelta(seconds=8))
    made = await chain.call("POST", "/schedule", {**body, "caption": "a", "scheduledFor": soon})
    assert made["isCloudflare"] is True
    ended = await chain.ended(made["postId"])
    assert ended is not None
    assert ended["status"] == "PUBLISHED"


async def removed(chain: Chain, cloudflare: Cloudflare, told: list[tuple[str, bytes]]) -> None:
    """Remove the Worker; what it was is looked at before."""
    folder = Path(cloudflare._runtime.directory)
    told += list(lying(folder))
    with trio.fail_after(DEADLOCK_S):
        done = await reprise("cloud", "remove", "--json", env=chain.env)
    told.append((f"remove: {done.code}", (done.out + done.err).encode()))


def of(cloudflare: Cloudflare) -> dict[str, str]:
    """Return the Worker's secrets as Cloudflare has them."""
    bindings = cloudflare.account.scripts[NAME].bindings
    return {
        name: bindings[name]["text"] for name in ("ENCRYPTION_KEY", "MEDIA_KEY", "WORKER_TOKEN")
    }


def sealed_in(where: Path) -> list[str]:
    """Return the sealed tokens that lie at the Worker: nobody else has any business with them."""
    box = re.compile(rb"[A-Za-z0-9+/]{80,}={0,2}")
    found = set()
    for path in (where / "workerd" / "objects").rglob("*.sqlite*"):
        content = path.read_bytes()
        for at in re.finditer(rb"sealed", content):
            if box_there := box.match(content, at.end()):
                found.add(box_there.group().decode())
    return sorted(found)


def lying(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in KEEPERS and path.suffix not in (".pem", ".key"):
            yield str(path), path.read_bytes()


def assert_unseen(
    told: list[tuple[str, bytes]], secrets: dict[str, str], open_only: dict[str, str]
) -> None:
    for where, content in told:
        for name, text in secrets.items():
            for form in (text, quote(text, safe=""), base64.b64encode(text.encode()).decode()):
                assert form.encode() not in content, f"{name} in {where}"
        is_store = "/objects/" in where
        for name, text in open_only.items():
            assert is_store or text.encode() not in content, f"{name} in {where}"
        if where.endswith(("/log", "/workerd.log")):
            assert not SIGNED.search(content), f"a signed address in {where}"
