"""No table grows for ever, and no clock that is wrong deletes what a right one would keep."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from sqlite_utils import Database

from daemon import upkeep
from ground.clock import Clock
from storage import authors, credentials, facts, pruning, repost_configs, trusted_time
from storage.store import open_directly, open_store, transaction
from storage.times import to_text
from storage.trusted_time import DeletionClock
from tests.storage.test_upgrade import FROZEN_AT, NAMES, later_rows, make
from tests.support.limits import DEADLOCK_S
from tests.support.process import ROOT
from tests.support.served import serve_studio
from tests.support.studio import Studio

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# Why rows that are old enough may stay in a table that is pruned.
STAY = {
    "deliveries": "those of a post that is not published tell a retry what may be live",
    "jobs": "open ones",
    "notices": "those of what still needs somebody",
    "troubles": "the last of its kind, and what waits for a person",
}


def tables(db: Database) -> set[str]:
    rows = db.conn.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
    )
    return {row[0] for row in rows}


def test_every_table_has_a_bound_that_is_told(tmp_path: Path) -> None:
    told = (ROOT / "docs" / "operations.md").read_text()
    section = told.split("## What grows")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    with open_directly(tmp_path / "reprise.db") as db:
        assert sorted(named) == sorted(tables(db))
        assert {rule.table for rule in pruning.RULES} <= set(named)


def left(db: Database, rule: pruning.Rule) -> int:
    return int(db.conn.execute(f"SELECT count(*) FROM {rule.table}").fetchone()[0])


@pytest.mark.parametrize("rule", pruning.RULES, ids=lambda rule: rule.table)
def test_what_is_old_goes_in_steps_and_what_is_young_stays(
    tmp_path: Path, rule: pruning.Rule
) -> None:
    make(tmp_path / "reprise.db", NAMES[0])
    with open_directly(tmp_path / "reprise.db") as db:
        with transaction(db):
            authors.save_followers(db, "7", 100, FROZEN_AT)
            later_rows(db)
        before = left(db, rule)
        assert before
        if rule.keep:
            with transaction(db):
                assert pruning.prune(db, rule, FROZEN_AT + rule.keep / 2) == 0
        gone = 0
        while True:
            with transaction(db):
                step = pruning.prune(db, rule, FROZEN_AT + rule.keep + 500 * DAY, limit=1)
            assert step <= 1
            gone += step
            if not step:
                break
        assert left(db, rule) == before - gone
        assert gone == before or rule.table in STAY
        broken = db.conn.execute("PRAGMA foreign_key_check").fetchall()
        assert broken == []
        if rule.table == "deliveries":
            unsure = db.conn.execute(
                "SELECT count(*) FROM deliveries JOIN posts ON posts.id = post_id"
                " WHERE posts.status != 'PUBLISHED'"
            ).fetchone()[0]
            assert left(db, rule) == unsure
        if rule.table == "notices":
            assert (gone, left(db, rule)) == (1, 1)
        if rule.table == "jobs":
            open_ones = db.conn.execute(
                "SELECT count(*) FROM jobs WHERE status IN ('PENDING', 'PROCESSING')"
            ).fetchone()[0]
            assert left(db, rule) == open_ones > 0


@pytest.mark.logs_errors
async def test_the_daemon_prunes_whatever_becomes_of_its_other_chores(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(credentials, "forget_lapsed", broken)
    monkeypatch.setattr(upkeep, "_LOOK_EVERY_S", 0.02)
    old = studio.clock.now() - 500 * DAY

    def add(db: Database) -> None:
        for number in range(1200):
            db.conn.execute(
                "INSERT INTO events (user_id, subject, subject_id, state, at)"
                " VALUES (?, 'post', ?, 'DRAFT', ?)",
                (studio.core.owner.id, str(number), to_text(old)),
            )

    await studio.core.store.write(trusted_time.believe, studio.clock.now(), timedelta(0))
    await studio.core.store.write(add)
    async with serve_studio(studio) as served:
        with trio.fail_after(DEADLOCK_S):
            while await studio.core.store.read(count_events):
                await trio.sleep(0.02)
        answer = await served.call("GET", "/api/v1/health")
        assert answer.body["services"]["upkeep"] == "running"


def count_events(db: Database) -> int:
    """Count the old ones; what the daemon itself records meanwhile stays."""
    return int(db.conn.execute("SELECT count(*) FROM events WHERE state = 'DRAFT'").fetchone()[0])


NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Any:
    with open_directly(tmp_path / "reprise.db") as opened:
        yield opened


def believed(db: Database, now: datetime, elapsed: timedelta = timedelta(0)) -> datetime:
    with transaction(db):
        return trusted_time.believe(db, now, elapsed)


@pytest.mark.parametrize("ahead", [41 * DAY, 365 * DAY, 7000 * DAY])
def test_a_clock_far_ahead_is_not_believed_for_days_on_end(db: Database, ahead: timedelta) -> None:
    assert believed(db, NOW) == NOW
    for hours in range(1, 200):
        at = NOW + hours * HOUR
        assert believed(db, at + ahead, HOUR) == at
    # Restarted again and again, it is no nearer.
    for _ in range(50):
        assert believed(db, NOW + 200 * HOUR + ahead) < NOW + 200 * HOUR
    assert believed(db, NOW + 201 * HOUR) == NOW + 201 * HOUR


async def test_any_answer_of_instagrams_says_what_time_it_is(tmp_path: Path) -> None:
    """Of an account that reads no inbox too: it holds nothing back, and deletes nothing early."""
    now, theirs = NOW, NOW

    async with open_store(tmp_path / "told.db") as store:
        clock = DeletionClock(store, Clock(lambda: now), lambda: theirs)
        assert await clock.now() == NOW
        now = theirs = NOW + 90 * DAY  # off for a season
        assert await clock.now() == now
        now = theirs + 30 * DAY  # ahead by less than what would be believed
        assert await clock.now() == theirs
        now = theirs
        assert await clock.now() == now


def test_what_is_off_for_a_month_goes_on_at_once(db: Database) -> None:
    believed(db, NOW)
    assert believed(db, NOW + 39 * DAY) == NOW + 39 * DAY


def test_a_clock_that_is_behind_deletes_less(db: Database) -> None:
    believed(db, NOW)
    assert believed(db, NOW - 5000 * DAY) == NOW - 5000 * DAY
    assert believed(db, NOW + HOUR) == NOW + HOUR


def test_rows_from_before_count_where_nothing_was_kept_yet(tmp_path: Path) -> None:
    make(tmp_path / "reprise.db", NAMES[0])
    with open_directly(tmp_path / "reprise.db") as db:
        assert believed(db, FROZEN_AT + 365 * DAY) < FROZEN_AT + DAY
        known = facts.find(db, facts.BELIEVED_TIME)
        assert known is not None
        assert known.at < FROZEN_AT + DAY


def test_instagrams_time_confirms_that_much_time_has_passed(tmp_path: Path) -> None:
    make(tmp_path / "reprise.db", NAMES[0])
    later = FROZEN_AT + 365 * DAY
    with open_directly(tmp_path / "reprise.db") as db:
        assert believed(db, later) < later
        (account,) = db.conn.execute("SELECT account_id FROM story_repost_configs").fetchone()
        with transaction(db):
            repost_configs.change(db, account, now=later, seen_until=later - DAY)
        assert believed(db, later) == later
