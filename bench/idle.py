"""What the daemon costs when nothing happens: memory and processor after 60 s, one account.

Run: `python -m bench idle` (Linux)
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from bench._load import cpu_s, status_mib
from sandbox import open_sandbox
from tests.support.process import environment, reprise, running

SECONDS = 60


async def measure() -> None:
    """Start a daemon with an enabled account, let it work once, and watch it idle."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with open_sandbox(folder / "sandbox") as sandbox:
            sandbox.world.add_person("studio", password="secret")
            env = environment(folder, sandbox)
            added = await reprise("account", "add", "--username", "studio", "--json", env=env)
            login = ("account", "login", "--username", "studio", "--password-stdin")
            await reprise(*login, env=env, stdin="secret\n")
            made = await reprise("key", "create", "bench", "--json", env=env)
            async with running(env, folder / "log") as daemon:
                body = {"accountId": added.json["id"]}
                for path in ("/story-repost/enable", "/story-repost/scan"):
                    await daemon.call("POST", path, made.json["fullKey"], body)
                await _watch(daemon.process.pid)


async def _watch(pid: int) -> None:
    # The connections to Instagram are closed after half a minute; then it is really idle.
    await trio.sleep(SECONDS / 2)
    before = cpu_s(pid)
    await trio.sleep(SECONDS)
    used = cpu_s(pid) - before
    print(
        f"after {SECONDS * 3 // 2} s: RSS {status_mib(pid, 'VmRSS'):.0f} MiB,"
        f" peak {status_mib(pid, 'VmHWM'):.0f} MiB,"
        f" CPU {used:.2f} s in {SECONDS} s ({100 * used / SECONDS:.2f} % of one core),"
        f" {status_mib(pid, 'Threads') * 1024:.0f} threads"
    )


def main() -> None:
    """Print the figures."""
    trio.run(measure)


if __name__ == "__main__":
    main()
