"""Who is measured by `bench.lateness`, each in a process of its own.

`python -m bench._contestants WHO PENDING ACCOUNTS` reads lists of moments as JSON, a line each,
and answers each with a list of how many seconds late their jobs were begun.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from bench import _jobs
from bench._apscheduler import Peer
from ground.clock import Clock, utc_now
from publish.presence import Presence
from publish.scheduler import Scheduler
from storage import jobs
from storage.jobs import Job, JobStatus
from storage.store import Database, Store, open_store

SPACING = timedelta(minutes=15)
POLL_S = 5.0
Run = Callable[[Sequence[datetime]], list[float]]


class Clerk:
    """Stands where deliveries are made: notes when a claimed job arrives, and ends it."""

    def __init__(self, store: Store, expected: int, spacing: timedelta) -> None:
        self.late: list[float] = []
        self.done = trio.Event()
        self._store = store
        self._expected = expected
        self._spacing = spacing

    async def deliver(self, job: Job) -> None:
        self.late.append(time.time() - job.run_at.timestamp())
        await self._store.write(end, job, self._spacing)
        if len(self.late) == self._expected:
            self.done.set()


def end(db: Database, job: Job, spacing: timedelta) -> None:
    """End a job as a delivery would."""
    now = utc_now()
    jobs.finish(db, job.id, JobStatus.COMPLETED, now)
    assert job.account_id is not None
    jobs.free_lane(db, job.account_id, now + spacing, now)


@contextmanager
def reprise(folder: Path, pending: int, accounts: int) -> Iterator[Run]:
    """Reprise's scheduler on its store. Jobs due at one instant are spaced, all others are not."""
    database = folder / "reprise.db"
    account_ids = _jobs.fill(database, pending=pending, lanes=accounts, now=utc_now())

    async def work(due: Sequence[datetime]) -> list[float]:
        at_once = len(set(due)) == 1
        expected = min(len(due), accounts) if at_once else len(due)
        async with open_store(database) as store:
            await store.write(_jobs.add, due, account_ids, utc_now())
            clerk = Clerk(store, expected, SPACING if at_once else timedelta(0))
            clock = Clock()
            scheduler = Scheduler(store, clerk, clock, Presence(store, clock))
            async with trio.open_nursery() as nursery:
                await nursery.start(scheduler.run)
                await clerk.done.wait()
                scheduler.drain()
            following = await store.read(jobs.next_claim_at, utc_now())
            assert following is None or following > utc_now(), "something due was not claimed"
            if at_once:
                await store.write(_forget)
        return clerk.late

    yield lambda due: trio.run(work, due)


def _forget(db: Database) -> None:
    db.conn.execute("DELETE FROM jobs WHERE post_id IS NULL")
    db.conn.execute("DELETE FROM lanes")


@contextmanager
def poller(folder: Path, pending: int, accounts: int) -> Iterator[Run]:
    """A loop that looks every five seconds, as simple schedulers do, on the same store."""
    database = folder / "reprise.db"
    account_ids = _jobs.fill(database, pending=pending, lanes=accounts, now=utc_now())

    async def work(due: Sequence[datetime]) -> list[float]:
        late: list[float] = []
        async with open_store(database) as store:
            await store.write(_jobs.add, due, account_ids, utc_now())
            while len(late) < len(due):
                await trio.sleep(POLL_S)
                while claimed := await store.write(jobs.claim_due, utc_now()):
                    for job in claimed:
                        late.append(time.time() - job.run_at.timestamp())
                        await store.write(end, job, timedelta(0))
        return late

    yield lambda due: trio.run(work, due)


@contextmanager
def apscheduler(folder: Path, pending: int, _accounts: int) -> Iterator[Run]:
    """APScheduler 3 on its SQLite job store."""
    with closing(Peer(folder / "apscheduler.db")) as peer:
        first, apart = utc_now() + timedelta(hours=1), timedelta(days=30) / max(1, pending)
        peer.add([first + number * apart for number in range(pending)])
        yield peer.lateness


@contextmanager
def sleep(_folder: Path, _pending: int, _accounts: int) -> Iterator[Run]:
    """Nothing but sleeping until each moment: as late as the machine itself is."""

    def run(due: Sequence[datetime]) -> list[float]:
        late = []
        for moment in due:
            time.sleep(max(0.0, moment.timestamp() - time.time()))
            late.append(time.time() - moment.timestamp())
        return late

    yield run


CONTESTANTS = {each.__name__: each for each in (reprise, apscheduler, poller, sleep)}


def main() -> None:
    who, pending, accounts = sys.argv[1:]
    with (
        TemporaryDirectory() as folder,
        CONTESTANTS[who](Path(folder), int(pending), int(accounts)) as run,
    ):
        print("ready", flush=True)
        for line in sys.stdin:
            due = [datetime.fromtimestamp(ms / 1000, UTC) for ms in json.loads(line)]
            print(json.dumps(run(due)), flush=True)


if __name__ == "__main__":
    main()
