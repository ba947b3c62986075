"""Every time that is stored, by a clock that was years ahead or behind: nothing waits for it.

The schema says which there are. A new column that holds a time is swept without being named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlite_utils import Database

from sandbox.wire.faults import Fault, Status
from storage import accounts, browser_sessions, credentials, facts, handovers, jobs, posts, troubles
from storage.handovers import Handover, Owner
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.reposts import RepostStatus
from storage.times import from_text, to_text
from storage.troubles import TroubleKind
from tests.storage.test_store import SCHEMA
from tests.support.graph import connect
from tests.support.served import Served
from tests.support.studio import Studio

YEARS = timedelta(days=3 * 365)
DAY = timedelta(days=1)
_IS_TIME = re.compile(r"(^|_)(at|until|since|for|from)$")
# What a person chose, and what Instagram has told by its own clock.
NOT_OURS = {
    ("posts", "scheduled_for"),
    ("story_repost_configs", "paused_until"),
    ("story_repost_configs", "paused_at"),
    ("story_repost_configs", "seen_until"),
    ("story_repost_configs", "backlog_until"),
    ("reposts", "mentioned_at"),
    ("reposts", "expires_at"),
    ("api_keys", "expires_at"),
    # When the data came from elsewhere: a look corrects it, see `repost.parking.confirm`.
    ("facts", "at"),
}

# Until when something waits, and what says by which clock: they are written together, and a wait
# that is years long by a clock that was right is what somebody wants.
DATED_BY = {
    ("jobs", "run_at"): "updated_at",
    ("lanes", "free_at"): "set_at",
    ("troubles", "until"): "at",
}


def columns() -> Iterator[tuple[str, str]]:
    """Yield every column that holds a time."""
    table = ""
    for line in SCHEMA.read_text().splitlines():
        if made := re.match(r"CREATE TABLE (\w+)", line):
            table = made[1]
        elif line.startswith(("CREATE", "END")):
            table = ""
        for name in re.findall(r"(?:^|,) *(\w+) TEXT\b", line) if table else ():
            if _IS_TIME.search(name):
                yield table, name


COLUMNS = sorted(set(columns()) - NOT_OURS)


def test_the_columns_are_found() -> None:
    assert len(COLUMNS) > 45
    assert {("troubles", "until"), ("lanes", "free_at"), ("jobs", "run_at")} <= set(COLUMNS)
    assert set(columns()) >= NOT_OURS


def shifted(chosen: list[tuple[str, str]], step: timedelta, db: Database) -> None:
    for table, column in chosen:
        rows = db.conn.execute(
            f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL"
            if table not in WITHOUT_ROWID
            else f"SELECT {WITHOUT_ROWID[table]}, {column} FROM {table} WHERE {column} IS NOT NULL"
        ).fetchall()
        key = WITHOUT_ROWID.get(table, "rowid")
        for number, value in rows:
            moved = to_text(from_text(value) + step)
            db.conn.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (moved, number))


WITHOUT_ROWID = {
    "facts": "name",
    "lanes": "account_id",
    "author_followers": "author_pk",
    "cloud_posts": "post_id",
}


async def a_life(studio: Studio) -> None:
    """Let something be in every table that a wrong clock could hold back."""
    store, account_id = studio.core.store, studio.account.id
    await studio.configure(minimum_followers=0)
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    studio.clock.advance(timedelta(hours=2))
    studio.mention(studio.friend("ben"))
    await studio.scan()
    await studio.advance()
    slow = Fault(path="rupload", kind=Status(429, text="slow down"))
    studio.sandbox.faults.add(slow)
    await studio.publish_due()
    now = studio.clock.now()
    assert await store.read(troubles.active, account_id, now, (TroubleKind.RATE,)) is not None

    def more(db: Database) -> None:
        credentials.claim_automatic_login(db, account_id, now - timedelta(days=2))
        credentials.record_challenge(db, account_id, "email", None, now - timedelta(hours=2))
        facts.learn(db, facts.DATA_CAME_IN, "", now - timedelta(days=3))

    await store.write(more)


async def lives_on(studio: Studio) -> None:
    store = studio.core.store
    studio.mention(studio.friend("carla"))
    studio.sandbox.world.expire_sessions(studio.person)
    await store.write(jobs.mend_run_times, studio.clock.now())  # as a start does, and a set clock
    for _ in range(4 * 8):
        await studio.engine.turn(studio.account.id)
        for job in await store.write(jobs.claim_due, studio.clock.now()):
            await studio.deliverer.deliver(job)
        await studio.journey.settle(studio.account.id)
        studio.clock.advance(timedelta(hours=3))
    found = {repost.author_username: repost.status for repost in await studio.history()}
    assert found == dict.fromkeys(("anna", "ben", "carla"), RepostStatus.PUBLISHED)
    assert len(studio.sandbox.world.published(studio.person)) == 3


@pytest.mark.parametrize("step", [YEARS, -YEARS], ids=["ahead", "behind"])
async def test_nothing_waits_for_a_time_that_was_wrong(studio: Studio, step: timedelta) -> None:
    await a_life(studio)
    await studio.core.store.write(lambda db: shifted(COLUMNS, step, db))
    await lives_on(studio)


@pytest.mark.soak
@pytest.mark.parametrize("step", [YEARS, -YEARS], ids=["ahead", "behind"])
@pytest.mark.parametrize("column", COLUMNS, ids=".".join)
async def test_nothing_waits_for_one_time_that_was_wrong(
    studio: Studio, column: tuple[str, str], step: timedelta
) -> None:
    table = column[0]
    wrong = [column, (table, DATED_BY[column])] if column in DATED_BY else [column]
    await a_life(studio)
    await studio.core.store.write(lambda db: shifted(wrong, step, db))
    await lives_on(studio)


@pytest.mark.acceptance
@pytest.mark.parametrize("step", [YEARS, -YEARS], ids=["ahead", "behind"])
async def test_a_clock_that_is_set_and_set_right_again_loses_and_repeats_nothing(
    studio: Studio, step: timedelta
) -> None:
    """What is written meanwhile bears the wrong time; Instagram goes by its own."""
    world = studio.sandbox.world
    at = studio.clock
    wrong = timedelta(0)
    world.now = lambda: at.seconds() - wrong.total_seconds()
    await a_life(studio)
    wrong = step
    at.set_on(step)
    for _ in range(4):
        await studio.engine.turn(studio.account.id)
        for job in await studio.core.store.write(jobs.claim_due, at.now()):
            await studio.deliverer.deliver(job)
        at.advance(timedelta(minutes=20))
    wrong = timedelta(0)
    at.set_on(-step)
    await lives_on(studio)


@pytest.mark.parametrize("step", [YEARS, -YEARS], ids=["ahead", "behind"])
async def test_tokens_are_looked_after_by_a_clock_that_is_right_again(
    studio: Studio, step: timedelta
) -> None:
    graph = await connect(Served(studio=studio, url="", key="", client=None))  # type: ignore[arg-type]
    core, first = studio.core, graph.token
    studio.clock.advance(timedelta(days=2))
    await core.store.write(
        accounts.change, studio.account.id, last_synced_at=core.clock.now() + step,
        token_expires_at=core.clock.now() + step,
    )  # fmt: skip
    await core.tokens.look_after_all()
    assert graph.token != first
    kept = await core.store.read(accounts.get, studio.account.id)
    assert kept.token_expires_at is not None
    assert kept.last_synced_at is not None
    left = kept.token_expires_at - core.clock.now()
    assert timedelta(days=59) < left <= timedelta(days=60)
    assert abs(kept.last_synced_at - core.clock.now()) < timedelta(minutes=1)


async def test_a_post_of_the_future_fills_no_day(studio: Studio) -> None:
    """What went out by a clock that was years ahead holds back what is to go out now."""
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    store, account_id, now = studio.core.store, studio.account.id, studio.clock.now()

    def date(db: Database, at: datetime) -> None:
        db.conn.execute(
            "UPDATE posts SET published_via_private_api = 0, published_at = ?", (to_text(at),)
        )

    def told(db: Database) -> tuple[datetime | None, int, datetime | None]:
        count, _ = posts.out_since(db, account_id, now - DAY, now, stories=True)
        last = posts.last_published_at(db, account_id, now)
        return posts.quota_frees_at(db, account_id, now), count, last

    await store.write(date, now - DAY / 2)
    frees_at, count, last = await store.read(told)
    assert frees_at is not None
    assert last is not None
    assert (frees_at - last, count) == (DAY, 1)
    await store.write(date, now + YEARS)
    assert await store.read(told) == (None, 0, None)


@pytest.mark.parametrize("owner", Owner)
async def test_what_is_between_a_post_and_the_cloud_waits_for_no_wrong_time(
    studio: Studio, owner: Owner
) -> None:
    """Put off by a clock that was a day ahead; what was put off by a right one stays so."""
    core, now = studio.core, studio.clock.now()

    def put_off(db: Database) -> list[datetime | None]:
        for number, by in enumerate((DAY, timedelta(minutes=30))):
            post = Post(
                id=f"00000000-0000-4000-8000-{number:012}", user_id=core.owner.id,
                account_id=studio.account.id, instagram_account_id="1",
                media_type=MediaType.IMAGE, source_type=SourceType.SCHEDULED,
                status=PostStatus.SCHEDULED, created_at=now, updated_at=now,
            )  # fmt: skip
            posts.add(db, post, [])
            row = Handover(
                post_id=post.id, account_id=studio.account.id, lane="1", owner=owner, epoch=1,
                next_at=now + by, since=now,
            )  # fmt: skip
            handovers.keep(db, row)
        handovers.mend(db, now)
        return [row[0] for row in db.conn.execute("SELECT next_at FROM cloud_posts ORDER BY 1")]

    assert await core.store.write(put_off) == [None, to_text(now + timedelta(minutes=30))]


async def test_a_login_link_of_a_clock_that_was_ahead_is_worth_nothing(studio: Studio) -> None:
    store, now = studio.core.store, studio.clock.now()

    def links(db: Database) -> tuple[bool, bool, bool]:
        user_id = studio.core.owner.id
        far = browser_sessions.create_code(db, user_id=user_id, now=now + DAY)
        was = db.conn.execute("SELECT * FROM login_codes").fetchall()
        near = browser_sessions.create_code(db, user_id=user_id, now=now + timedelta(minutes=1))
        db.conn.executemany(
            f"INSERT OR IGNORE INTO login_codes VALUES ({', '.join('?' * len(was[0]))})",
            was,
        )
        assert browser_sessions.is_fresh(db, near, now)
        return (
            browser_sessions.redeem_code(db, near, now) is not None,
            browser_sessions.is_fresh(db, far, now),
            browser_sessions.redeem_code(db, far, now) is not None,
        )

    assert await store.write(links) == (True, False, False)
