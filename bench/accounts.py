"""1,000 accounts in one daemon: how their looks spread, and what they cost in memory and CPU.

The daemon is a real process, the sandbox runs here. Run: `python -m bench accounts` (Linux)
"""

from __future__ import annotations

import copy
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from bench._load import cpu_s, status_mib
from ground.clock import utc_now
from repost import guard
from sandbox import Sandbox, open_sandbox
from sandbox.world.person import Person
from storage import accounts, credentials, repost_configs
from storage.repost_configs import PollStatus, RepostConfig
from storage.store import Database, open_directly, transaction
from storage.vault import Vault, load_vault
from tests.support.process import Daemon, environment, reprise, running

ACCOUNTS = 1000
IDLE_S = 45
FIRST = "account0"


async def measure(count: int) -> float:
    """Let a daemon look into the inboxes of `count` accounts; returns its idle RSS in MiB."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with open_sandbox(folder / "sandbox") as sandbox:
            people = [
                sandbox.world.add_person(f"account{number}", password="secret")
                for number in range(count)
            ]
            env = environment(folder, sandbox)
            await reprise("account", "add", "--username", FIRST, env=env)
            login = ("account", "login", "--username", FIRST, "--password-stdin")
            await reprise(*login, env=env, stdin="secret\n")
            await trio.to_thread.run_sync(_connect_all, folder / "data", sandbox, people)
            async with running(env, folder / "log") as daemon:
                return await _watch(sandbox, daemon, count, folder / "data")


def _connect_all(data: Path, sandbox: Sandbox, people: list[Person]) -> None:
    """Connect everybody and log them in, with sessions made after that of the first one."""
    vault = load_vault(data)
    with open_directly(data / "reprise.db") as db, transaction(db):
        first = accounts.by_username(db, FIRST)
        assert first is not None
        saved = credentials.saved_login(db, vault, first.id)
        assert saved is not None
        for person in people:
            account_id = first.id
            if person.username != FIRST:
                account_id = _log_in(db, vault, sandbox, person, first.user_id, saved.session)
            repost_configs.save(
                db,
                user_id=first.user_id,
                account_id=account_id,
                now=utc_now(),
                is_enabled=True,
                sleep_window_start=0,
                sleep_window_end=0,
            )


def _log_in(
    db: Database, vault: Vault, sandbox: Sandbox, person: Person, user_id: str, like: Any
) -> str:
    now = utc_now()
    account = accounts.add(db, user_id=user_id, username=person.username, now=now)
    session = copy.deepcopy(dict(like))
    opened = sandbox.world.sessions.open(person)
    session["authorization_data"] |= {"ds_user_id": str(person.pk), "sessionid": opened.id}
    credentials.save_login(
        db,
        vault,
        account_id=account.id,
        username=person.username,
        private_pk=str(person.pk),
        session=session,
        now=now,
    )
    return account.id


async def _watch(sandbox: Sandbox, daemon: Daemon, count: int, data: Path) -> float:
    started = time.perf_counter()
    news = "news/inbox"

    def all_looked() -> bool:
        return len({entry.account for entry in sandbox.ledger.find(news)}) == count

    await sandbox.ledger.wait_until(all_looked, timeout=240)
    took = time.perf_counter() - started
    pid = daemon.process.pid
    peak, used = status_mib(pid, "VmHWM"), cpu_s(pid)
    await trio.sleep(35)  # connections are closed after half a minute
    before = cpu_s(pid)
    await trio.sleep(IDLE_S)
    idle = cpu_s(pid) - before
    rss = status_mib(pid, "VmRSS")
    print(
        f"{count:5} accounts: {len(sandbox.ledger.requests)} requests, looked at in {took:.0f} s"
        f" ({1000 * used / count:.0f} ms CPU each), peak {peak:.0f} MiB;"
        f" idle {rss:.0f} MiB, {100 * idle / IDLE_S:.2f} % of one core"
    )
    if count > 1:
        _print_spread(data)
    return rss


def _print_spread(data: Path) -> None:
    """Print how the looks of a week spread, from one due time to the next, at the pace 1."""
    with open_directly(data / "reprise.db") as db:
        configs = repost_configs.every(db)
    for label, night in (("no night", (0, 0)), ("night 23 to 7", (23, 7))):
        minutes: Counter[datetime] = Counter()
        for config in configs:
            for due in _week(
                replace(config, sleep_window_start=night[0], sleep_window_end=night[1])
            ):
                minutes[due.replace(second=0, microsecond=0)] += 1
        busiest = max(minutes.values())
        print(
            f"a week of looks, {label}: {sum(minutes.values())}, at most {busiest} in one minute,"
            f" {len(minutes)} different minutes"
        )


def _week(config: RepostConfig) -> list[datetime]:
    assert config.last_poll_at is not None
    end, looks = config.last_poll_at + timedelta(days=7), []
    while (due := guard.next_poll_at(config, config.last_poll_at, 1.0)) < end:
        looks.append(due)
        config = replace(config, last_poll_at=due, last_poll_status=PollStatus.NO_MENTIONS)
        assert config.last_poll_at is not None
    return looks


def main() -> None:
    """Measure one account and a thousand."""
    one = trio.run(measure, 1)
    many = trio.run(measure, ACCOUNTS)
    print(f"{(many - one) * 1024 / (ACCOUNTS - 1):.0f} KiB for each account more")


if __name__ == "__main__":
    main()
