"""A 100 MB video is uploaded while others ask for `/health`: memory, and how long they wait.

Run: `python -m bench.upload [--json]` (Linux)
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import trio

from bench._load import status_mib
from bench.http import NO_LIMIT
from sandbox.world.sample_media import make_video
from tests.support.process import Daemon, environment, reprise, running

BYTES = 100_000_000
UPLOADS = 10
HEALTH_EVERY_S = 0.005
_BOUNDARY = "a-boundary-that-is-nowhere-else"


@dataclass
class Watch:
    """What was seen while it lasted."""

    rss_mib: list[float] = field(default_factory=list)
    health_ms: list[float] = field(default_factory=list)

    def p99_ms(self) -> float:
        return sorted(self.health_ms)[len(self.health_ms) * 99 // 100]


def make_large_video(path: Path) -> None:
    """Write a real video of ten seconds, made large by a box that players skip."""
    make_video(path, 720, 1280, seconds=10, fps=30, seed=1)
    with path.open("ab") as file:
        length = BYTES - file.tell()
        file.write(struct.pack(">I4s", length, b"free"))
        file.truncate(BYTES)


async def upload(url: str, key: str, video: Path) -> float:
    """Send the video as a form, like a browser does; returns the seconds it took."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="v.mp4"\r\n'
        "Content-Type: video/mp4\r\n\r\n"
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()

    async def body() -> AsyncIterator[bytes]:
        yield head
        with video.open("rb") as file:
            while chunk := file.read(1 << 18):
                yield chunk
        yield tail

    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
        "Content-Length": str(len(head) + BYTES + len(tail)),
    }
    begin = time.perf_counter()
    async with httpx.AsyncClient(trust_env=False, timeout=120) as client:
        answer = await client.post(f"{url}/api/v1/media/upload", content=body(), headers=headers)
    assert answer.status_code == 201, answer.text
    return time.perf_counter() - begin


async def watch(daemon: Daemon, seen: Watch) -> None:
    """Ask for `/health` and look at the memory until cancelled."""
    async with httpx.AsyncClient(base_url=daemon.url, trust_env=False) as client:
        while True:
            begin = time.perf_counter()
            (await client.get("/api/v1/health")).raise_for_status()
            seen.health_ms.append((time.perf_counter() - begin) * 1000)
            seen.rss_mib.append(status_mib(daemon.process.pid, "VmRSS"))
            await trio.sleep(HEALTH_EVERY_S)


async def watched(daemon: Daemon, key: str, video: Path | None) -> tuple[Watch, float]:
    """Watch one upload, or for comparison two seconds of nothing."""
    seen, took = Watch(), 2.0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch, daemon, seen)
        if video is None:
            await trio.sleep(took)
        else:
            took = await upload(daemon.url, key, video)
        nursery.cancel_scope.cancel()
    return seen, took


async def measure() -> dict[str, float]:
    """Upload the video some times to one daemon."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        video = folder / "large.mp4"
        make_large_video(video)
        env = environment(folder, **NO_LIMIT)
        key = (await reprise("key", "create", "bench", "--json", env=env)).json["fullKey"]
        rises, took, quiet, busy = [], [], Watch(), Watch()
        async with running(env, folder / "log") as daemon:
            for _ in range(UPLOADS):
                before, _ = await watched(daemon, key, None)
                during, seconds = await watched(daemon, key, video)
                rises.append(max(during.rss_mib) - before.rss_mib[-1])
                took.append(seconds)
                quiet.health_ms += before.health_ms
                busy.health_ms += during.health_ms
        return {
            "upload_s": statistics.median(took),
            "rss_rise_mib_first": rises[0],
            "rss_rise_mib_most": max(rises),
            "health_requests": len(busy.health_ms),
            "health_p50_ms": statistics.median(busy.health_ms),
            "health_p99_ms": busy.p99_ms(),
            "health_max_ms": max(busy.health_ms),
            "health_p99_ms_without": quiet.p99_ms(),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = trio.run(measure)
    text = (
        f"{UPLOADS} uploads of {BYTES / 1e6:.0f} MB, one after the other: {{upload_s:.1f}} s each\n"
        "  RSS rises by {rss_rise_mib_first:.1f} MiB at first, {rss_rise_mib_most:.1f} at most\n"
        "  /health meanwhile: p50 {health_p50_ms:.1f} ms, p99 {health_p99_ms:.1f},"
        " longest {health_max_ms:.1f} of {health_requests};"
        " without an upload p99 {health_p99_ms_without:.1f}"
    )
    print(json.dumps(figures, indent=2) if options.json else text.format_map(figures))


if __name__ == "__main__":
    main()
