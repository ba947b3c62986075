"""Daily copies: sound, private, a few of them, and named when the database is damaged."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import trio
from sqlite_utils import Database

from daemon import upkeep
from sandbox import Sandbox
from storage import copies, users
from storage.errors import Damaged, Unavailable, Unusable
from storage.store import open_directly, open_store, transaction
from tests.support.clock import TestClock
from tests.support.limits import DEADLOCK_S
from tests.support.served import serve_studio
from tests.support.studio import Studio, open_studio

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "reprise.db"
    with open_directly(path) as db, transaction(db):
        users.ensure_owner(db, NOW)
        db.conn.executemany(
            "INSERT INTO facts VALUES (?, ?, 'now')", [(str(n), "x" * 300) for n in range(500)]
        )
    return path


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 4096 // 2 * 4096
    content[middle : middle + 8192] = b"\x17" * 8192
    path.write_bytes(content)


def test_only_the_newest_stay(database: Path) -> None:
    (database.parent / "copies").mkdir(mode=0o700)
    for left in (".reprise-1.db.unfinished", ".reprise-1.db.unfinished-journal"):
        (database.parent / "copies" / left).write_bytes(b"of a kill")
    made = [copies.keep_copy(database, 3, NOW + number * DAY) for number in range(5)]
    assert copies.kept_copies(database) == made[:1:-1]
    assert [copies.made_at(copy) for copy in made[:1:-1]] == [NOW + n * DAY for n in (4, 3, 2)]
    assert {path.stat().st_mode & 0o777 for path in made[2:]} == {0o600}
    assert made[4].parent.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in made[4].parent.iterdir()} == {path.name for path in made[2:]}
    with closing(sqlite3.connect(made[4])) as copy:
        assert copy.execute("SELECT count(*) FROM facts").fetchone() == (500,)


def test_a_damaged_database_replaces_no_good_copy(database: Path) -> None:
    good = copies.keep_copy(database, 1, NOW)
    damage(database)
    with pytest.raises(Damaged, match="damaged"):
        copies.keep_copy(database, 1, NOW + DAY)
    assert [path.name for path in good.parent.iterdir()] == [good.name]


def test_a_full_disk_leaves_the_older_ones(tiny_disk: Path) -> None:
    path = tiny_disk / "reprise.db"
    with open_directly(path) as db, transaction(db):
        db.conn.execute("INSERT INTO facts VALUES ('large', ?, 'now')", ("x" * 2_500_000,))
    good = copies.keep_copy(path, 1, NOW)
    (tiny_disk / "ballast").write_bytes(bytes(1_000_000))
    with pytest.raises(Unavailable, match="no room"):
        copies.keep_copy(path, 1, NOW + DAY)
    with pytest.raises(Unavailable, match="full"):
        copies.copy_database(path, path.with_name("another.db"))
    assert [path.name for path in good.parent.iterdir()] == [good.name]


def test_no_copy_takes_the_room_that_posts_need(tiny_disk: Path) -> None:
    path = tiny_disk / "reprise.db"
    with open_directly(path) as db, transaction(db):
        db.conn.execute("INSERT INTO facts VALUES ('large', ?, 'now')", ("x" * 2_500_000,))
    with pytest.raises(Unavailable, match="no room"):
        copies.keep_copy(path, 7, NOW, least_free=4 << 20)
    assert copies.kept_copies(path) == []
    copies.keep_copy(path, 7, NOW, least_free=1 << 20)
    before = shutil.disk_usage(tiny_disk).free
    for day in range(1, 4):  # it is tried again, and no older one goes for it
        with pytest.raises(Unavailable, match="no room"):
            copies.keep_copy(path, 7, NOW + day * DAY, least_free=1 << 20)
    assert shutil.disk_usage(tiny_disk).free == before
    assert len(copies.kept_copies(path)) == 1


async def test_a_damaged_database_is_refused_with_the_way_out(database: Path) -> None:
    copies.keep_copy(database, 7, NOW)
    newest = copies.keep_copy(database, 7, NOW + DAY)
    unsound = copies.keep_copy(database, 7, NOW + 2 * DAY)
    damage(unsound)
    damage(database)
    with pytest.raises(Unusable) as refused:
        async with open_store(database):
            pass
    assert "damaged" in str(refused.value)
    assert f"`reprise restore {newest} --force`" in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_without_a_copy_a_backup_is_asked_for(database: Path) -> None:
    damage(database)
    with pytest.raises(Unusable, match="restore a backup"):
        async with open_store(database):
            pass


def test_a_check_ends_in_time(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_STEPS_BETWEEN_LOOKS", 10)
    with closing(sqlite3.connect(database)) as connection:
        assert copies.flaw(connection, limit_s=0) is None
    damage(database)
    with closing(sqlite3.connect(database)) as connection:
        assert copies.flaw(connection) is not None


def test_a_wrong_index_is_found_by_the_thorough_check_of_the_copy(database: Path) -> None:
    """Only a comparison of index and table shows it; the quick check takes it for sound."""
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'DESC', 'ASC') WHERE name = 'posts_newest'"
        )
        db.execute("INSERT INTO users (id, created_at) VALUES ('u', 'now')")
        db.commit()
    with open_directly(database) as opened:
        insert_posts(opened)
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'ASC', 'DESC') WHERE name = 'posts_newest'"
        )
        db.commit()
    copies.copy_database(database, database.with_name("quick.db"))
    with pytest.raises(Damaged):
        copies.keep_copy(database, 1, NOW)


def insert_posts(db: Database) -> None:
    with transaction(db):
        for number in range(5):
            db.conn.execute(
                "INSERT INTO posts (id, user_id, instagram_account_id, media_type, source_type,"
                " status, created_at, updated_at)"
                " VALUES (?1, 'u', 'a', 'IMAGE', 'MANUAL', 'DRAFT', ?1, 'now')",
                (str(number),),
            )


YEAR = 365 * DAY
WRONG = [-20_000 * DAY, -YEAR, -40 * DAY, 40 * DAY, YEAR, 100 * YEAR]


@pytest.mark.parametrize("off", WRONG, ids=str)
def test_a_clock_that_was_wrong_rotates_no_good_copy_away(database: Path, off: timedelta) -> None:
    good = {copies.keep_copy(database, 3, NOW + number * DAY) for number in range(3)}
    for number in range(6):
        wrong = copies.keep_copy(database, 3, NOW + 3 * DAY + off + number * DAY)
        assert wrong.exists()
    assert good < set(copies.kept_copies(database))
    assert len(copies.kept_copies(database)) == 6
    # Right again, it goes on where it was.
    for number in range(3, 8):
        assert copies.keep_copy(database, 3, NOW + number * DAY).exists()
    there = [at for copy in copies.kept_copies(database) if (at := copies.made_at(copy))]
    assert [at for at in there if abs(at - NOW) < 20 * DAY] == [
        NOW + number * DAY for number in (7, 6, 5)
    ]


def test_clocks_that_were_wrong_again_and_again_fill_no_disk(database: Path) -> None:
    good = {copies.keep_copy(database, 2, NOW + number * DAY) for number in range(2)}
    for number in range(1, 9):
        copies.keep_copy(database, 2, NOW + number * YEAR)
        assert len(copies.kept_copies(database)) <= 6
        assert good < set(copies.kept_copies(database))


@pytest.mark.parametrize("off", [-YEAR, -3 * DAY, -HOUR, HOUR, 3 * DAY, YEAR], ids=str)
def test_it_stays_one_a_day_by_whatever_clock(database: Path, off: timedelta) -> None:
    """The daemon looks each hour; before, the clock was right, then wrong, then right again."""
    at, made = NOW, 0
    for day in range(12):
        for hour in range(24):
            now = at + timedelta(days=day, hours=hour) + (off if 3 <= day < 6 else timedelta(0))
            if copies.is_due(copies.kept_copies(database), now, DAY):
                copies.keep_copy(database, 7, now)
                made += 1
    assert made <= 12 + 2
    assert len(copies.kept_copies(database)) <= 14


def test_files_of_another_name_are_nobodys_business(database: Path) -> None:
    copies.keep_copy(database, 1, NOW)
    other = database.parent / "copies" / "reprise-before-my-holiday.db"
    other.write_bytes(b"mine")
    for number in range(3):
        copies.keep_copy(database, 1, NOW + number * DAY)
    assert other.read_bytes() == b"mine"


async def test_the_daemon_makes_one_a_day(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "FIRST_COPY_AFTER_S", 0)
    monkeypatch.setattr(upkeep, "_LOOK_EVERY_S", 0.02)
    database = studio.core.settings.database

    async def until(count: int) -> None:
        with trio.fail_after(DEADLOCK_S):
            while len(copies.kept_copies(database)) < count:
                await trio.sleep(0.01)

    async with serve_studio(studio):
        await until(1)
        await trio.sleep(0.1)
        assert len(copies.kept_copies(database)) == 1
        studio.clock.advance(DAY)
        await until(2)


async def test_the_daemon_says_that_it_makes_none_and_goes_on(
    sandbox: Sandbox,
    clock: TestClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(upkeep, "FIRST_COPY_AFTER_S", 0)
    monkeypatch.setattr(upkeep, "_LOOK_EVERY_S", 0.02)
    async with (
        open_studio(sandbox, clock, tmp_path, logged_in=False, min_free_mb=1 << 40) as studio,
        serve_studio(studio),
    ):
        with trio.fail_after(DEADLOCK_S):
            while caplog.text.count("no copy of the database reason=There is no room") < 2:
                await trio.sleep(0.01)
    assert copies.kept_copies(studio.core.settings.database) == []


async def test_the_end_of_the_daemon_waits_for_none(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large database it takes minutes, and a service manager does not wait as long."""
    begun, over = threading.Event(), threading.Event()

    def copy(*_: object, **__: object) -> Path:
        begun.set()
        over.wait(DEADLOCK_S / 4)
        return Path("copy")

    monkeypatch.setattr(upkeep, "FIRST_COPY_AFTER_S", 0)
    monkeypatch.setattr(upkeep, "keep_copy", copy)
    store, clock, none = studio.core.store, studio.core.clock, cast("Any", None)
    chores = upkeep.Upkeep(
        store, clock, none, none, none, copies=1, least_free=0, probe=none, end_sessions=none
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(chores._copies_task)
        await trio.to_thread.run_sync(begun.wait)
        began = trio.current_time()
        nursery.cancel_scope.cancel()
    over.set()
    assert trio.current_time() - began < DEADLOCK_S / 8
