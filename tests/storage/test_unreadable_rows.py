"""A row that cannot be read costs its own post or account: the services and all others go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import trio

from publish import scheduler
from sandbox import Sandbox
from storage import jobs, lost, records
from storage.errors import Unreadable
from storage.jobs import Job
from storage.store import Database
from tests.support.clock import TestClock
from tests.support.limits import DEADLOCK_S
from tests.support.posting import live, photo_id, schedule, second_account, story, until
from tests.support.served import Served, serve_studio
from tests.support.studio import open_studio

HOUR = timedelta(hours=1)
# A column of each kind that a delivery reads, and what a damaged page or another hand may leave.
DAMAGES = [
    ("posts", "user_tags", "{"),
    ("posts", "story_stickers", "\x00"),
    ("posts", "alt_texts", "["),
    ("posts", "story_mentions", "[" * 100_000),
    ("posts", "scheduled_for", "soon"),
    ("posts", "created_at", ""),
    ("posts", "updated_at", "2026-11-28T12:00:00.000"),
    ("jobs", "run_at", "!"),
    ("jobs", "completed_at", "2026-13-45T99:00:00.000Z"),
    ("jobs", "created_at", "now"),
    ("media_files", "created_at", "x"),
]
pytestmark = pytest.mark.logs_errors


@pytest.fixture
async def served(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.05)
    async with open_studio(sandbox, clock, tmp_path) as studio, serve_studio(studio) as served:
        yield served


@pytest.mark.acceptance
async def test_one_post_that_cannot_be_read_stops_no_other(served: Served) -> None:
    store, clock = served.studio.core.store, served.studio.clock
    other, _ = await second_account(served)
    for number, (table, column, value) in enumerate(DAMAGES):
        media = [await photo_id(served, seed=2 * number + n) for n in (1, 2)]
        mine = await schedule(served, story(served, media[0]), HOUR)
        good = {**story(served, media[1]), "accountId": other.id}
        theirs = await schedule(served, good, HOUR + timedelta(minutes=1))
        row = {"posts": mine["postId"], "jobs": mine["jobId"], "media_files": media[0]}[table]
        statement = f"UPDATE {table} SET {column} = ? WHERE id = ?"
        await store.write(
            lambda db, *sent: db.conn.execute(*sent) and None, statement, (value, row)
        )
        clock.advance(HOUR + timedelta(minutes=2))
        await until(served, theirs["postId"], "PUBLISHED")
        with trio.fail_after(DEADLOCK_S):
            while (found := await store.read(state_of, mine["postId"]))[:2] != ("FAILED", "FAILED"):
                await trio.sleep(0.02)
        assert found[2] == "INTERNAL_ERROR", (table, column)
        assert live(served) == 0, "what nobody can read does not go out"
        answer = await served.call("GET", "/api/v1/health")
        assert set(answer.body["services"].values()) <= {"running", "connected"}, (table, column)


async def test_what_was_sent_and_cannot_be_read_is_in_doubt(served: Served) -> None:
    made = await schedule(served, story(served, await photo_id(served)), HOUR)

    def sent(db: Database) -> None:
        db.conn.execute(
            "INSERT INTO deliveries (id, post_id, route, step, created_at, updated_at, files)"
            " SELECT 'sent', id, 'PRIVATE', 'PUBLISHING', created_at, updated_at, '{'"
            " FROM posts WHERE id = ?",
            (made["postId"],),
        )

    store = served.studio.core.store
    await store.write(sent)
    served.studio.clock.advance(HOUR + timedelta(minutes=2))
    with trio.fail_after(DEADLOCK_S):
        while (found := await store.read(state_of, made["postId"]))[0] != "FAILED":
            await trio.sleep(0.02)
    assert found == ("FAILED", "FAILED", "DELIVERY_UNKNOWN")
    assert live(served) == 0


async def test_a_time_that_never_comes_holds_nobody_up(served: Served) -> None:
    store, clock = served.studio.core.store, served.studio.clock
    other, _ = await second_account(served)
    mine = await schedule(served, story(served, await photo_id(served)), HOUR)
    await store.write(spoil, "jobs", "run_at", mine["jobId"], "soon")
    good = {**story(served, await photo_id(served, seed=2)), "accountId": other.id}
    theirs = await schedule(served, good, HOUR)
    clock.advance(HOUR + timedelta(seconds=1))
    await until(served, theirs["postId"], "PUBLISHED")
    assert await store.read(jobs.next_claim_at, clock.now()) is None


async def test_a_row_is_named_and_those_beside_it_are_read(served: Served) -> None:
    made = [await schedule(served, story(served, await photo_id(served)), HOUR) for _ in range(3)]
    bad = made[1]["jobId"]
    store = served.studio.core.store
    await store.write(spoil, "jobs", "created_at", bad, "x")
    with pytest.raises(Unreadable, match=f"The row {bad} of jobs cannot be read"):
        await store.read(records.get, Job, bad)
    found = await store.read(records.fetch_readable, Job)
    assert {job.id for job in found} == {one["jobId"] for one in made} - {bad}
    await store.write(lost.give_up, "no such job", served.studio.clock.now())


def spoil(db: Database, table: str, column: str, row_id: str, value: str) -> None:
    db.conn.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, row_id))


def state_of(db: Database, post_id: str) -> tuple[str, ...]:
    return tuple(
        db.conn.execute(
            "SELECT posts.status, jobs.status, posts.error_code FROM posts"
            " JOIN jobs ON jobs.post_id = posts.id WHERE posts.id = ?",
            (post_id,),
        ).fetchone()
    )
