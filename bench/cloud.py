"""The Worker on Cloudflare's own runtime: `python -m bench.cloud [--json] [--waiting N …]`.

It needs `make setup-cloud`. What a deploy takes and weighs; what a post costs in rows, requests and
CPU; how late posts begin with so many others waiting; and how many posts a day the free plan
carries by that. Cloudflare's own lateness and accounting only a real account tells.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import trio
from PIL import Image

from cloud import worker_code
from cloud.asking import Line
from cloud.cloudflare_api import CloudflareApi, client_of
from cloud.deploying import NAME, Keys, deploy
from cloud.worker_client import WorkerClient, sealed
from ground.clock import Clock
from sandbox import Sandbox, open_sandbox
from sandbox.cloud.binary import workerd
from sandbox.cloud.cloudflare import Cloudflare, open_cloudflare
from sandbox.world.graph_account import GraphAccount

WAITING = (1, 1_000, 100_000)
_POSTS = 30
_LATE = 100
_AT_ONCE = 500
FAR_MS = 40 * 86_400_000
# A day of the free plan, and what the Worker takes of it when nothing is due: its cron.
_ROWS_A_DAY, _REQUESTS_A_DAY, _CRONS_A_DAY = 100_000, 100_000, 1_440


@dataclass(frozen=True, slots=True)
class Rows:
    """As the free plan counts them."""

    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Bench:
    """A deployed Worker that counts the rows that it reads and writes."""

    sandbox: Sandbox
    cloudflare: Cloudflare
    graph: GraphAccount
    keys: Keys
    api: httpx.AsyncClient
    worker: WorkerClient
    deploy_s: float
    again_s: float

    def cpu_s(self) -> float:
        """Return the seconds of CPU that the runtime has taken."""
        process = self.cloudflare._runtime.process
        assert process is not None
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def rows(self) -> Rows:
        """Return what the queue's statements have read and written so far."""
        lane = await self.lane()
        return Rows(lane["rowsRead"], lane["rowsWritten"])

    async def lane(self) -> dict[str, Any]:
        (lane,) = (await self.worker.diagnostics())["lanes"]
        return dict(lane)

    async def hand_over(self, jobs: list[dict[str, Any]]) -> None:
        for first in range(0, len(jobs), _AT_ONCE):
            body = {"account": self.graph.ig_user_id, "jobs": jobs[first : first + _AT_ONCE]}
            (await self.api.post("/v1/jobs", json=body, timeout=300)).raise_for_status()

    def job(self, name: str, due_ms: int) -> dict[str, Any]:
        key = f"{self.graph.ig_user_id}.picture.0.jpg"
        piece = {"media": key, "kind": "image", "parameters": {"caption": name}}
        body = {"stories": False, "pieces": [piece]}
        return {"id": name, "epoch": 1, "due": due_ms, "body": body, "activate": True}

    async def ended(self, prefix: str, many: int) -> list[dict[str, Any]]:
        """Wait until so many jobs have come to an end, and return them."""
        while True:
            found: dict[str, dict[str, Any]] = {}
            since = 0
            while jobs := (await self.worker.changes(self.graph.ig_user_id, since))["jobs"]:
                since = jobs[-1]["seq"]
                found |= {job["id"]: job for job in jobs if job["id"].startswith(prefix)}
                if all(job["due"] > time.time() * 1000 + FAR_MS / 2 for job in jobs):
                    break
            done = [job for job in found.values() if job["state"] in ("DONE", "FAILED")]
            if len(done) >= many:
                return done
            await trio.sleep(0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--waiting", type=int, nargs="*", default=WAITING)
    options = parser.parse_args()
    figures = trio.run(measure, tuple(options.waiting))
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:<38} {value}")


async def measure(waiting: tuple[int, ...] = WAITING) -> dict[str, Any]:
    """Return every figure."""
    figures: dict[str, Any] = {}
    for many in waiting:
        with TemporaryDirectory(prefix="reprise-bench-") as directory:
            async with opened(Path(directory)) as bench:
                if not figures:
                    figures |= _weights(bench) | await _cost(bench)
                figures |= await _lateness(bench, many)
    return figures


def _weights(bench: Bench) -> dict[str, Any]:
    sizes = [len(code) for code in worker_code.modules().values()]
    return {
        "modules": len(sizes),
        "modules, bytes": sum(sizes),
        "deploy, s": round(bench.deploy_s, 2),
        "deploy again, s": round(bench.again_s, 2),
        "load of this machine": round(os.getloadavg()[0], 1),
    }


async def _cost(bench: Bench) -> dict[str, Any]:
    """Return what a picture costs, from handing over to its address, and what a free day bears."""
    rows, cpu, asked = await bench.rows(), bench.cpu_s(), len(bench.sandbox.ledger.find())
    now = int(time.time() * 1000)
    await bench.hand_over([bench.job(f"cost-{number}", now) for number in range(_POSTS)])
    jobs = await bench.ended("cost-", _POSTS)
    assert all(job["state"] == "DONE" for job in jobs), jobs
    written = ((await bench.rows()).written - rows.written) / _POSTS
    to_meta = (len(bench.sandbox.ledger.find()) - asked) / _POSTS
    # The daemon's: token, medium, job, activate, three times changes; each reaches an object too.
    requests = 7 + to_meta
    figures: dict[str, Any] = {
        "a post: rows written": round(written, 1),
        "a post: requests to Meta": round(to_meta, 1),
        "a post: CPU of the runtime, ms": round((bench.cpu_s() - cpu) * 1000 / _POSTS, 1),
    }
    for a_day in (1, 10, 100):
        rows_share = a_day * written / _ROWS_A_DAY
        requests_share = (a_day * requests + 2 * _CRONS_A_DAY) / _REQUESTS_A_DAY
        figures[f"free plan at {a_day} a day: rows, requests"] = (
            f"{rows_share:.1%}, {requests_share:.1%}"
        )
    figures["posts a day that the free plan bears"] = int(_ROWS_A_DAY / written)
    return figures


async def _lateness(bench: Bench, waiting: int) -> dict[str, Any]:
    """Return how late posts begin while so many others wait in the same queue."""
    far = int(time.time() * 1000) + FAR_MS
    began = time.monotonic()
    await bench.hand_over([bench.job(f"far-{number}", far + number) for number in range(waiting)])
    took_s = time.monotonic() - began
    before = await bench.rows()
    late = sorted([await _one_late(bench, number) for number in range(_LATE)])
    after = await bench.rows()
    lane = await bench.lane()
    told = (await bench.rows()).read - after.read
    name = f"{waiting:,} waiting"
    return {
        f"{name}: late, ms, p50 / p99": f"{statistics.median(late):.0f} / {late[-2]:.0f}",
        f"{name}: handed over in bulk, s": round(took_s, 1),
        f"{name}: database, MB": round(lane["bytes"] / 1e6, 1),
        f"{name}: rows read for a post": round((after.read - before.read) / _LATE, 1),
        f"{name}: rows read for diagnostics": told,
    }


async def _one_late(bench: Bench, number: int) -> float:
    """Return by how many ms a post begins too late; the next one comes when this one is over."""
    due = int(time.time() * 1000) + 150
    await bench.hand_over([bench.job(f"late-{number}", due)])
    while True:
        job = (await _get(bench, f"late-{number}"))["job"]
        if job["state"] in ("DONE", "FAILED"):
            return float(job["begunAt"] - due)
        await trio.sleep(0.05)


async def _get(bench: Bench, name: str) -> dict[str, Any]:
    query = {"account": bench.graph.ig_user_id}
    answer: dict[str, Any] = (await bench.api.get(f"/v1/jobs/{name}", params=query)).json()
    return answer


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Bench]:
    """Run both simulated clouds with a Worker that counts its rows."""
    async with (
        open_sandbox(directory / "instagram") as sandbox,
        open_cloudflare(
            directory / "cloudflare",
            workerd(),
            proxy_url=sandbox.proxy_url,
            ca_file=sandbox.ca_file,
        ) as cloudflare,
    ):
        cloudflare.texts["PACE"] = "0.01"
        keys = Keys.fresh()
        times = [await _deployed(cloudflare, keys) for _again in range(2)]
        await count_rows(cloudflare)
        person = sandbox.world.add_person("anna")
        graph = sandbox.world.connect_graph(person, login_method="instagram")
        graph.quota_total = 1_000_000
        url = cloudflare.worker_url(NAME)
        async with WorkerClient.client(url, keys.worker) as api:
            worker = WorkerClient(api)
            await worker.set_account(
                graph.ig_user_id,
                revision=1,
                sealed=sealed(keys.encryption, graph.token, graph.ig_user_id),
                expires_ms=None,
                base="https://graph.instagram.com",
                spacing_ms=0,
                grace_ms=3_600_000,
            )
            picture = directory / "picture.jpg"
            Image.new("RGB", (400, 400), "teal").save(picture)
            await worker.put_medium(f"{graph.ig_user_id}.picture.0.jpg", picture, "image/jpeg")
            yield Bench(sandbox, cloudflare, graph, keys, api, worker, *times)


async def _deployed(cloudflare: Cloudflare, keys: Keys) -> float:
    began = time.monotonic()
    account = cloudflare.account
    async with client_of(account.token, cloudflare.url) as client:
        api = CloudflareApi(Line(client, Clock()), account.id)
        await deploy(api, account.id, keys, base=cloudflare.url, graph_version="v26.0")
    return time.monotonic() - began


async def count_rows(cloudflare: Cloudflare) -> None:
    """Let the lane add up what each of its statements reads and writes."""
    script = cloudflare.account.scripts[NAME]
    lane = script.modules["lane.js"]
    for plain, counting in (
        ("    this.pace = ", "    this.sql = counting(this.sql);\n    this.pace = "),
        (
            "bytes: this.sql.databaseSize,",
            "bytes: this.sql.databaseSize, ...rowsSoFar(),",
        ),
    ):
        assert lane.count(plain) == 1, plain
        lane = lane.replace(plain, counting)
    script.modules = {**script.modules, "lane.js": lane + _ROWS}
    await cloudflare.run(NAME)


# A statement's rows are known when the next one begins: nothing here leaves one half read.
_ROWS = """
const rows = { rowsRead: 0, rowsWritten: 0 };
let last = null;
function rowsSoFar() {
  if (last) for (const name of Object.keys(rows)) rows[name] += last[name];
  last = null;
  return { ...rows };
}
function counting(sql) {
  return new Proxy(sql, {
    get(target, name) {
      if (name !== "exec") return target[name];
      return (...asked) => {
        rowsSoFar();
        last = target.exec(...asked);
        return last;
      };
    },
  });
}
"""


if __name__ == "__main__":
    main()
