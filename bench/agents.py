"""What agents cost: `python -m bench.agents [--json] [--seconds N] [--settled N]` (Linux).

The bytes of the tools' definitions; a request through a tool beside one of REST; memory and
wake-ups of an idle daemon before an agent came, and after it has gone; how long a start takes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import trio
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from bench._load import cpu_s, status_mib
from bench.http import NO_LIMIT
from bench.idle import watched
from sandbox import open_sandbox
from tests.support.process import Daemon, environment, reprise

CALLS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=int, default=60, help="of watching the idle daemon")
    parser.add_argument("--settled", type=int, default=75, help="until it is really idle")
    options = parser.parse_args()
    figures = trio.run(measure, options.seconds, options.settled)
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


async def measure(seconds: int, settled: int) -> dict[str, Any]:
    """Watch a daemon idle, let an agent work, and watch it again."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        wakes = folder / "wakes"
        async with open_sandbox(folder / "sandbox") as sandbox:
            env = environment(folder, sandbox, BENCH_WAKES=str(wakes), **NO_LIMIT)
            await reprise("account", "add", "--username", "studio", env=env)
            key = (await reprise("key", "create", "bench", "--json", env=env)).json["fullKey"]
            started = time.monotonic()
            async with watched(env, folder / "log") as daemon:
                figures: dict[str, Any] = {"start_s": time.monotonic() - started}
                pid = daemon.process.pid
                figures["before"] = await _idle(pid, seconds, settled)
                figures |= await _worked(daemon, key)
                figures["after"] = await _idle(pid, seconds, settled)
                await daemon.stop()
        heard = [json.loads(line)[0] for line in wakes.read_text().splitlines()]
    for phase in (figures["before"], figures["after"]):
        phase["wakes"] = sum(phase["from"] <= at < phase["to"] for at in heard)
    return figures


async def _idle(pid: int, seconds: int, settled: int) -> dict[str, float]:
    await trio.sleep(settled)
    begin = time.monotonic()
    await trio.sleep(seconds)
    return {"from": begin, "to": time.monotonic(), "rss_mib": status_mib(pid, "VmRSS")}


async def _worked(daemon: Daemon, key: str) -> dict[str, Any]:
    """Ask by either way in turn, each in a session of its own."""
    pid, headers = daemon.process.pid, {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
        transport = streamable_http_client(f"{daemon.url}/mcp", http_client=http)
        begin = time.perf_counter()
        async with Client(transport) as client:
            first_s = time.perf_counter() - begin
            tools = (await client.list_tools()).tools
            listed = [
                each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in tools
            ]

            async def tool() -> None:
                await client.call_tool("list_posts", {})

            async def rest() -> None:
                (await http.get(f"{daemon.url}/api/v1/posts")).raise_for_status()

            return {
                "definitions_bytes": len(json.dumps(listed, separators=(",", ":"))),
                "first_session_s": first_s,
                "tool": await _cost(tool, pid),
                "rest": await _cost(rest, pid),
            }


async def _cost(ask: Any, pid: int) -> dict[str, float]:
    spent: list[float] = []
    await ask()
    cpu = cpu_s(pid)
    for _ in range(CALLS):
        begin = time.perf_counter()
        await ask()
        spent.append(time.perf_counter() - begin)
    used = (cpu_s(pid) - cpu) / CALLS
    return {"p50_ms": statistics.median(spent) * 1000, "cpu_ms": used * 1000}


def as_text(figures: dict[str, Any]) -> str:
    lines = [
        "definitions: {definitions_bytes:,} bytes".format_map(figures),
        "start {start_s:.2f} s; an agent's first session {first_session_s:.2f} s".format_map(
            figures
        ),
    ]
    row = "{name}: p50 {p50_ms:.1f} ms, CPU {cpu_ms:.1f} ms"
    lines += [row.format(name=name, **figures[name]) for name in ("rest", "tool")]
    for name in ("before", "after"):
        phase = figures[name]
        seconds = phase["to"] - phase["from"]
        lines.append(
            f"{name} the agent: RSS {phase['rss_mib']:.0f} MiB, woken {phase['wakes']} times in"
            f" {seconds:.0f} s"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
