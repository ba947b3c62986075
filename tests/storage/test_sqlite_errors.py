"""Whatever SQLite says is read by its code: what passes is waited for, and damage is told."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.errors import Broken, Locked, Unavailable
from storage.sqlite_errors import is_damage, readable_errors
from storage.store import Database, open_store

_RESULTS = {
    name: getattr(sqlite3, name)
    for name in (
        "SQLITE_PERM", "SQLITE_ABORT", "SQLITE_READONLY", "SQLITE_INTERRUPT", "SQLITE_IOERR",
        "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_PROTOCOL", "SQLITE_SCHEMA", "SQLITE_NOLFS",
    )
}  # fmt: skip


def error(code: int, words: str = "words that nobody knows") -> sqlite3.OperationalError:
    made = sqlite3.OperationalError(words)
    made.sqlite_errorcode = code
    return made


@pytest.mark.parametrize("code", _RESULTS.values(), ids=_RESULTS)
@pytest.mark.parametrize("extended", [0, 1, 13])
def test_what_passes_is_unavailable(code: int, extended: int) -> None:
    with pytest.raises(Unavailable), readable_errors():
        raise error(code | extended << 8)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED])
def test_a_lock_is_told_apart(code: int) -> None:
    with pytest.raises(Locked), readable_errors():
        raise error(code | 2 << 8)


def test_no_memory_passes() -> None:
    with pytest.raises(Unavailable, match="memory"), readable_errors():
        raise MemoryError


@pytest.mark.parametrize("code", [sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE])
def test_our_own_mistakes_stay_bugs(code: int) -> None:
    with pytest.raises(sqlite3.OperationalError), readable_errors():
        raise error(code, "disk full, database locked, file malformed, closed")


def test_text_that_is_none_is_damage_and_is_not_quoted() -> None:
    with (
        closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(Broken) as found,
        readable_errors(),
    ):
        connection.execute("SELECT CAST(x'70617373ff' AS TEXT)").fetchall()
    assert "pass" not in str(found.value)


async def test_a_table_that_cannot_be_read_is_told_whichever_it_is(tmp_path: Path) -> None:
    """Each table in turn is overwritten on disk while the daemon has the file open."""
    sound = tmp_path / "sound.db"
    async with open_store(sound):
        pass
    with closing(sqlite3.connect(sound)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        roots = connection.execute(
            "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'"
        ).fetchall()
    assert len(roots) > 20
    for table, root in roots:
        path = tmp_path / f"{table}.db"
        shutil.copy(sound, path)
        async with open_store(path) as store:
            await store.check()
            with path.open("r+b") as file:
                file.seek((root - 1) * size)
                file.write(b"\xff" * size)
            _see_anew(path)
            with pytest.raises(Unavailable):
                await store.check()
        path.unlink()


async def test_damage_that_was_met_is_told_from_then_on(tmp_path: Path) -> None:
    def broken(_: Database) -> None:
        raise error(sqlite3.SQLITE_CORRUPT | 1 << 8)

    async with open_store(tmp_path / "reprise.db") as store:
        uses: list[Callable[..., object]] = [store.read, store.glance, store.write]
        for use in uses:
            store._damage = None
            await store.check()
            with pytest.raises(Broken):
                await use(broken)  # type: ignore[misc]
            with pytest.raises(Broken, match="reprise doctor"):
                await store.check()


async def test_damage_that_a_copy_met_is_told(tmp_path: Path) -> None:
    async with open_store(tmp_path / "reprise.db") as store:
        store.note_damage("The database is damaged: row 7 is missing from an index")
        with pytest.raises(Broken, match="row 7"):
            await store.check()


async def test_an_error_that_ends_the_transaction_hides_nothing(tmp_path: Path) -> None:
    def fails(db: Database) -> None:
        db.conn.execute("ROLLBACK")  # as SQLite does by itself after some errors
        raise error(sqlite3.SQLITE_IOERR)

    async with open_store(tmp_path / "reprise.db") as store:
        for use in (store.read, store.glance, store.write):
            with pytest.raises(Unavailable, match="nobody knows"):
                await use(fails)
        await store.check()


async def test_no_thread_left_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    async with open_store(tmp_path / "reprise.db") as store:
        monkeypatch.setattr("trio.to_thread.run_sync", none)
        for use in (store.read, store.write):
            with pytest.raises(Unavailable, match="threads"):
                await use(lambda db: None)


def test_damage_is_known_by_its_code() -> None:
    assert is_damage(error(sqlite3.SQLITE_CORRUPT | 3 << 8))
    assert is_damage(error(sqlite3.SQLITE_NOTADB))
    assert not is_damage(error(sqlite3.SQLITE_ERROR, "malformed"))
    assert not is_damage(OSError("malformed"))


def _see_anew(path: Path) -> None:
    """Change something, so that no connection trusts the pages that it has read."""
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {other.total_changes + 1}")
