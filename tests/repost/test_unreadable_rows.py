"""A row that cannot be read costs its own mention: the account's others are found and go out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publish import states
from storage import (
    events,
    insights,
    jobs,
    planned,
    repost_history,
    repost_lists,
    repost_slots,
    tallies,
    trusted_time,
)
from storage.errors import Unreadable
from storage.post_lists import PostFilter
from storage.reposts import RepostStatus
from storage.store import Database
from tests.support.studio import Studio

DAY = timedelta(days=1)
# What a damaged page or another hand may leave in a column: before all times, or behind.
DAMAGES = (
    ("reposts", "held_until", "soon"), ("reposts", "created_at", "!"), ("reposts", "limits", "{"),
    ("jobs", "run_at", "soon"), ("jobs", "run_at", "!"), ("posts", "published_at", "soon"),
    ("repost_slots", "at", "soon"), ("lanes", "free_at", "soon"), ("lanes", "free_at", "!"),
    ("events", "at", "soon"),
)  # fmt: skip
pytestmark = pytest.mark.logs_errors


@pytest.mark.acceptance
async def test_the_others_of_the_account_go_on(studio: Studio) -> None:
    await studio.configure()
    store = studio.core.store
    for number, (table, column, value) in enumerate(DAMAGES):
        old, new = f"old{number}", f"new{number}"
        studio.mention(studio.friend(old))
        await studio.scan()
        await studio.advance()  # its post waits in the publish engine
        await store.write(_spoil, table, column, value, old)
        await store.read(_look, studio)
        studio.mention(studio.friend(new))
        studio.clock.advance(DAY / 2)
        await studio.engine.turn(studio.account.id)
        await _publish(studio)
        assert await store.read(_state_of, new) == "PUBLISHED", (table, column, value)
        assert not studio.engine._failures[studio.account.id], (table, column, value)
        await store.read(_look, studio)
        await store.write(_clear)


async def _publish(studio: Studio) -> None:
    """Deliver what is due, as the scheduler does: an error ends its own job."""
    store, now = studio.core.store, studio.clock.now()
    while (at := await store.read(jobs.next_claim_at, now)) is not None and at <= now:
        for job in await store.write(jobs.claim_due, now):
            try:
                await studio.deliverer.deliver(job)
            except* Unreadable:
                await store.write(states.broken_off, job, now)
    await studio.journey.settle(studio.account.id)


def _spoil(db: Database, table: str, column: str, value: str, name: str) -> None:
    """Damage what belongs to the mention of `name`, or to its account."""
    db.conn.execute("UPDATE posts SET error_message = 'It waits' WHERE status = 'QUEUED'")
    if table == "lanes":
        db.conn.execute(
            "INSERT OR REPLACE INTO lanes SELECT id, '2026-01-01T00:00:00.000Z', '' FROM accounts"
        )
    where = "WHERE author_username = ?1" if table == "reposts" else "WHERE ?1 != ''"
    db.conn.execute(f"UPDATE {table} SET {column} = ?2 {where}", (name, value))


def _state_of(db: Database, name: str) -> str:
    query = "SELECT status FROM reposts WHERE author_username = ?"
    found = db.conn.execute(query, (name,)).fetchone()
    return str(found and found[0])


def _look(db: Database, studio: Studio) -> None:
    """Read everything that shows more than one row."""
    now, user, account = studio.clock.now(), studio.core.owner.id, studio.account.id
    repost_history.page(db, user)
    repost_history.with_old_media(db, now)
    repost_lists.waiting(db, user)
    tallies.doing(db, now)
    insights.went_out(db, account, now - DAY, 9)
    insights.mentioned(db, account, now - DAY, 9)
    insights.out_after_due(db, account, now - DAY, 9)
    planned.between(db, account, now - DAY, now + DAY, 9, PostFilter())
    planned.last_planned(db, account, now - DAY, 9)
    repost_slots.last_failed_at(db, account)
    trusted_time.latest_known(db)
    events.after(db, user, 0, limit=1000)


def _clear(db: Database) -> None:
    """Forget all that is over, with its damage."""
    for table in ("reposts", "posts", "repost_slots", "lanes"):
        db.conn.execute(f"DELETE FROM {table}")
    db.conn.execute("UPDATE events SET at = '2026-01-01T00:00:00.000Z' WHERE at < '2' OR at > ':'")


async def test_behind_an_event_that_cannot_be_read_the_stream_goes_on(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    store, user = studio.core.store, studio.core.owner.id
    whole = (await store.read(lambda db: events.after(db, user, 0, limit=1000))).events
    bad = whole[2].id
    await store.write(
        lambda db: db.conn.execute("UPDATE events SET at = 'soon' WHERE id = ?", (bad,)) and None
    )

    def read(db: Database) -> list[int | None]:
        seen, cursor = list[int | None](), 0
        while (stretch := events.after(db, user, cursor, limit=3)).cursor != cursor:
            seen += [event.id for event in stretch.events]
            cursor = stretch.cursor
        return seen

    assert await store.read(read) == [event.id for event in whole if event.id != bad]


async def test_behind_a_mention_that_cannot_be_read_the_history_goes_on(studio: Studio) -> None:
    await studio.configure()
    for name in ("anna", "berta", "carla", "dora"):
        studio.mention(studio.friend(name))
        await studio.scan()
        studio.clock.advance(timedelta(minutes=1))
    store, user = studio.core.store, studio.core.owner.id
    await store.write(_spoil, "reposts", "limits", "{", "carla")

    def read(db: Database) -> list[str]:
        names, after = list[str](), None
        while found := repost_history.page(db, user, limit=2, after=after):
            names += [each.author_username for each in found]
            after = found[-1].id
        return names

    assert await store.read(read) == ["dora", "berta", "anna"]


async def test_one_accounts_settings_are_not_the_time_of_all(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    store, now = studio.core.store, studio.clock.now()
    before = await store.read(trusted_time.latest_known)
    assert before is not None
    await store.write(_spoil, "story_repost_configs", "seen_until", "soon", "anna")
    await store.read(_look, studio)
    assert await store.read(trusted_time.latest_known) == before
    assert not await store.read(trusted_time.is_behind, now)


async def test_an_approval_that_cannot_be_read_hides_no_other(studio: Studio) -> None:
    await studio.configure(approval_required=True)
    for name in ("anna", "berta"):
        studio.mention(studio.friend(name))
    await studio.scan()
    await studio.advance()
    store, user = studio.core.store, studio.core.owner.id
    assert len(await store.read(repost_lists.waiting, user)) == 2
    await store.write(_spoil, "reposts", "limits", "{", "anna")
    (left,) = await store.read(repost_lists.waiting, user)
    assert (left.author_username, left.status) == ("berta", RepostStatus.WAITING_APPROVAL)
