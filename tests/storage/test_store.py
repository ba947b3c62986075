"""The database: durable, private, one writer, and honest when it cannot be used."""

from __future__ import annotations

import sqlite3
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import trio
from sqlite_utils import Database

from storage import users
from storage.errors import NotFound, Unavailable, Unusable
from storage.migrations import migrations
from storage.store import open_directly, open_store, transaction
from tests.support.unplugged import plugged_in

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
_COUNT = """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000)
    SELECT count(*) FROM numbers
"""
SCHEMA = Path(__file__).parents[2] / "storage" / "schema.sql"


def add_user(db: Database, identifier: str) -> None:
    db.conn.execute("INSERT INTO users (id, created_at) VALUES (?, 'now')", (identifier,))


def schema_of(db: Database) -> str:
    rows = db.conn.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '%sqlite%'"
        " ORDER BY type DESC, name"
    )
    return "\n\n".join(f"{row[0]};" for row in rows) + "\n"


async def test_the_migrations_lead_to_the_schema_on_paper(tmp_path: Path) -> None:
    async with open_store(tmp_path / "reprise.db") as store:
        assert await store.read(schema_of) == SCHEMA.read_text()


async def test_every_connection_is_durable_and_keeps_references(tmp_path: Path) -> None:
    def pragmas(db: Database) -> tuple[object, ...]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return tuple(db.conn.execute(f"PRAGMA {name}").fetchone()[0] for name in names)

    with plugged_in():
        async with open_store(tmp_path / "reprise.db") as store:
            assert await store.write(pragmas) == ("wal", 2, 1)
            assert await store.read(pragmas) == ("wal", 2, 1)


async def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    async with open_store(tmp_path / "reprise.db") as store:
        await store.write(users.ensure_owner, NOW)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes["reprise.db"] == 0o600
    assert set(modes.values()) == {0o600}


async def test_a_write_is_all_or_nothing(tmp_path: Path) -> None:
    def half(db: Database) -> None:
        users.ensure_owner(db, NOW)
        raise ValueError("a bug in the middle")

    async with open_store(tmp_path / "reprise.db") as store:
        with pytest.raises(ValueError, match="in the middle"):
            await store.write(half)
        count = await store.read(lambda db: db.conn.execute("SELECT count(*) FROM users"))
        assert count.fetchone() == (0,)


async def test_readers_cannot_write(tmp_path: Path) -> None:
    async with open_store(tmp_path / "reprise.db") as store:
        with pytest.raises(Unavailable, match="readonly"):
            await store.read(users.ensure_owner, NOW)


@pytest.mark.parametrize("way", ["read", "glance"])
async def test_all_that_one_look_reads_is_of_one_moment(tmp_path: Path, way: str) -> None:
    path = tmp_path / "reprise.db"

    def look(db: Database) -> tuple[int, int]:
        def users_now() -> int:
            return int(db.conn.execute("SELECT count(*) FROM users").fetchone()[0])

        before = users_now()
        with open_directly(path) as other, transaction(other):
            other.conn.execute(
                "INSERT INTO users (id, created_at) VALUES (?, ?)", (str(before), "now")
            )
        return before, users_now()

    async with open_store(path) as store:
        one_look = store.read if way == "read" else store.glance
        assert await one_look(look) == (0, 0)
        assert await one_look(look) == (1, 1)


async def test_two_hundred_writes_at_once_all_arrive(tmp_path: Path) -> None:
    def add(db: Database, number: int) -> None:
        (count,) = db.conn.execute("SELECT count(*) FROM users").fetchone()
        db.conn.execute(
            "INSERT INTO users (id, created_at) VALUES (?, ?)", (f"{count}-{number}", "now")
        )

    async with open_store(tmp_path / "reprise.db") as store:
        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(partial(store.write, add, number))
        rows = await store.read(lambda db: db.conn.execute("SELECT id FROM users").fetchall())
    # Each transaction saw all before it: the counts are 0 to 199.
    assert sorted(int(row[0].split("-")[0]) for row in rows) == list(range(200))


async def test_another_process_that_writes_in_between_is_waited_for(tmp_path: Path) -> None:
    def read_then_write(db: Database) -> None:
        users.ensure_owner(db, NOW)

    path = tmp_path / "reprise.db"
    async with open_store(path) as store:
        with open_directly(path) as other:
            for _ in range(20):
                with transaction(other):
                    other.conn.execute("UPDATE users SET created_at = created_at")
                await store.write(read_then_write)


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reprise.db"
    async with open_store(path) as store:
        await store.write(_pretend_newer)
    with pytest.raises(Unusable, match="newer Reprise"):
        async with open_store(path):
            pass


def _pretend_newer(db: Database) -> None:
    db.conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('reprise', 'm9999_future', 'now')"
    )


async def test_a_copy_is_kept_before_the_schema_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reprise.db"
    async with open_store(path) as store:
        owner = await store.write(users.ensure_owner, NOW)

    known = list(migrations._migrations)

    def m0002_fails(db: Database) -> None:
        db.conn.execute("ALTER TABLE users ADD COLUMN nickname TEXT")
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(migrations, "_migrations", list(known))
    migrations(name="m0002_fails")(m0002_fails)
    with pytest.raises(Unusable):
        async with open_store(path):
            pass
    copy = tmp_path / "reprise.db.before-m0002_fails"
    assert copy.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(migrations, "_migrations", known)
    for database in (path, copy):  # the failed change left nothing behind
        async with open_store(database) as store:
            assert await store.write(users.ensure_owner, NOW) == owner


async def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "reprise.db"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(Unusable, match=r"reprise\.db cannot be opened"):
        async with open_store(path):
            pass


async def test_a_locked_database_is_unavailable_and_recovers(tmp_path: Path) -> None:
    path = tmp_path / "reprise.db"
    async with open_store(path) as store:
        await store.write(lambda db: db.conn.execute("PRAGMA busy_timeout = 50").fetchone())
        with (
            open_directly(path) as other,
            transaction(other),
            pytest.raises(Unavailable, match="locked"),
        ):
            await store.write(users.ensure_owner, NOW)
        await store.write(users.ensure_owner, NOW)


async def test_closing_waits_for_what_is_under_way(tmp_path: Path) -> None:
    """A connection that goes under a thread's feet is a segmentation fault of the whole process."""
    counted: list[int] = []

    def count(db: Database, begun: trio.Event) -> None:
        trio.from_thread.run_sync(begun.set)
        counted.append(db.conn.execute(_COUNT).fetchone()[0])

    async with open_store(tmp_path / "reprise.db") as store:
        async with trio.open_nursery() as nursery:
            for use in (store.write, store.read):
                begun = trio.Event()
                nursery.start_soon(use, count, begun)
                await begun.wait()
            store.close()
        assert counted == [1_000_000, 1_000_000]
        with pytest.raises(Unavailable):
            await store.read(users.ensure_owner, NOW)
        assert store._readers == []


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async with open_store(tmp_path / "reprise.db") as store:
        pass
    with pytest.raises(Unavailable):
        await store.read(users.ensure_owner, NOW)
    with pytest.raises(Unavailable):
        await store.write(users.ensure_owner, NOW)


def test_not_found_says_what() -> None:
    error = NotFound("post", "abc")
    assert str(error) == "No post with id abc"


@pytest.mark.parametrize("harm", ["deleted", "replaced"])
async def test_a_lost_file_is_noticed_although_sqlite_goes_on(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "reprise.db"
    async with open_store(path) as store:
        await store.write(users.ensure_owner, NOW)
        await store.check()
        if harm == "deleted":
            path.unlink()
        else:
            copy = tmp_path / "copy.db"
            copy.write_bytes(b"another database")
            copy.replace(path)
        with pytest.raises(Unavailable):
            await store.check()


@pytest.mark.parametrize("after", ["a look at its health", "a change of its schema"])
async def test_a_command_that_ends_takes_nothing_from_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """The last process to close a database removes its log: it must know that it is not."""
    path = tmp_path / "reprise.db"
    command = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
        "print(db.execute('SELECT count(*) FROM users').fetchone()[0]); db.close()"
    )

    async def users_seen_by_a_command() -> int:
        arguments = [sys.executable, "-c", command, str(path)]
        return int((await trio.run_process(arguments, capture_stdout=True)).stdout)

    def add(db: Database, number: int) -> None:
        db.conn.execute("INSERT INTO users (id, created_at) VALUES (?, 'now')", (str(number),))

    if after == "a change of its schema":
        async with open_store(path):
            pass
        monkeypatch.setattr(migrations, "_migrations", list(migrations._migrations))
        migrations(name="m9998_more")(lambda db: db.conn.execute("CREATE TABLE more (id TEXT)"))
    async with open_store(path) as store:
        for number in range(1, 4):
            await store.check()
            await store.write(add, number)
            assert await users_seen_by_a_command() == number
