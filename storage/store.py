"""One SQLite file: a single writer and several readers, off the event loop.

Everything durable goes through `Store.write` and `Store.read`, which run a plain
function of a `Database` in a worker thread; `Store.glance` saves the thread for a few rows.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import trio
from sqlite_utils import Database

from ground import shortage
from ground.changes import Change, Changes
from storage import events
from storage.errors import Broken, Locked, Unavailable
from storage.opening import BUSY_TIMEOUT_S, connect, open_migrated, transaction
from storage.sqlite_errors import readable_errors

__all__ = ["Database", "Store", "open_directly", "open_store", "transaction"]

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4
_BUSY_AGAIN_S = 0.5


class Store:
    """The database of one data directory. Made by `open_store`."""

    def __init__(
        self, path: Path, writer: Database, readers: list[Database], glancer: Database
    ) -> None:
        self.path = path
        self._file = _identity(path)
        self._writer = writer
        self._glancer = glancer
        self._readers = readers
        self._closed = False
        # A connection that is closed while a thread is in it takes the whole process along.
        self._writing = threading.Lock()
        self._write_limiter = trio.CapacityLimiter(1)
        self._read_limiter = trio.CapacityLimiter(len(readers))
        # What keeps it from being written, until a write succeeds; and what is wrong for good.
        self.trouble: str | None = None
        self._damage: str | None = None
        self._probe: str | None = None
        self.changes = Changes()

    async def write(
        self, operation: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `operation(db, ...)` in one durable transaction and return its result.

        Either all of it is on disk when this returns, or none of it; what it changed is announced
        then (`changes`). Once started it is not abandoned on cancellation. Raises `Unavailable`
        when the disk or a lock forbids it; `trouble` says so until a write succeeds again.
        """

        def run() -> tuple[T, list[Change]]:
            with self._writing:
                return write()

        def write() -> tuple[T, list[Change]]:
            try:
                events.untold(self._writer)  # of a transaction that failed
                with self._readable_errors(), transaction(self._writer):
                    result = operation(self._writer, *args, **kwargs)
            except Unavailable as error:
                if isinstance(error, Locked):
                    # The next writers do not wait as long again, each in its turn.
                    _wait_for_lock(self._writer, _BUSY_AGAIN_S)
                self.trouble = str(error)
                raise
            if self.trouble is not None:
                _wait_for_lock(self._writer, BUSY_TIMEOUT_S)
                self.trouble = None
            return result, events.untold(self._writer)

        result, changed = await self._in_thread(run, self._write_limiter)
        self.changes.announce(changed)
        return result

    async def read(
        self, operation: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `operation(db, ...)` on a connection that cannot write and return its result.

        All that it reads is of one moment.
        """

        def run() -> T:
            with self._readable_errors():
                try:
                    reader = self._readers.pop()
                except IndexError:
                    raise Unavailable("The database is closed") from None
                try:
                    with _one_moment(reader):
                        return operation(reader, *args, **kwargs)
                finally:
                    self._give_back(reader)

        return await self._in_thread(run, self._read_limiter)

    async def glance(
        self, operation: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do as `read` does, but at once and in the event loop, without the price of a thread.

        Only for a few rows that an index finds: a hop to a thread and back costs ten times as
        much as such a read. Where it would have to wait, `read` does it.
        """
        try:
            with _one_moment(self._glancer):
                return operation(self._glancer, *args, **kwargs)
        except (sqlite3.DatabaseError, MemoryError):
            return await self.read(operation, *args, **kwargs)

    async def check(self) -> None:
        """Raise `Unavailable` unless every table can be read and is in the file at `path` still.

        Damage that was met once is told from then on. SQLite itself does not notice when its file
        is deleted or replaced: everything written from then on would be gone after a restart.
        """
        try:
            self._probe = await self.glance(probe, self._probe)
        except sqlite3.DatabaseError as error:
            raise Unavailable(f"The database cannot be read: {error}") from error
        if self._damage is not None:
            raise Broken(self._damage)
        if _identity(self.path) != self._file:
            raise Unavailable("The database file was moved or replaced; restart Reprise")

    def note_damage(self, what: str) -> None:
        """Have `check` tell of damage that was found elsewhere, as in making a copy."""
        self._damage = what

    def close(self) -> None:
        """Close every connection; later use raises `Unavailable`. Idempotent.

        A transaction that has begun ends first.
        """
        self._closed = True
        self._close_readers()
        self._glancer.close()
        with self._writing:
            self._writer.close()

    async def _in_thread(self, run: Callable[[], T], limiter: trio.CapacityLimiter) -> T:
        try:
            return await trio.to_thread.run_sync(run, limiter=limiter)
        except Broken as error:
            self.note_damage(str(error))
            raise
        except (RuntimeError, MemoryError) as error:
            if not shortage.is_shortage(error):
                raise
            raise Unavailable(shortage.told(error)) from error

    @contextmanager
    def _readable_errors(self) -> Iterator[None]:
        try:
            with readable_errors():
                yield
        except sqlite3.ProgrammingError as error:
            if self._closed:
                raise Unavailable("The database is closed") from error
            raise

    def _give_back(self, reader: Database) -> None:
        self._readers.append(reader)
        if self._closed:
            self._close_readers()

    def _close_readers(self) -> None:
        with suppress(IndexError):
            while True:
                self._readers.pop().close()


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[Store]:
    """Open the database at `path`, creating and migrating it as needed.

    Raises `Unusable` when the file is damaged, unreadable or of a newer Reprise, and `Unavailable`
    where it is locked, or the disk is full.
    """
    writer = await trio.to_thread.run_sync(partial(open_migrated, path, checked=True))
    try:
        with readable_errors():
            readers = [connect(path, read_only=True) for _ in range(READERS)]
            glancer = connect(path, read_only=True, timeout_s=0)
    except BaseException:
        writer.close()
        raise
    store = Store(path, writer, readers, glancer)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def open_directly(path: Path) -> Iterator[Database]:
    """Open the database for a short command of the CLI: same rules, no threads."""
    writer = open_migrated(path)
    try:
        with readable_errors():
            yield writer
    finally:
        writer.close()


@contextmanager
def part(db: Database) -> Iterator[None]:
    """Undo the block alone where it fails, and let the transaction around it go on.

    What it has recorded to be announced is forgotten too, and so what was recorded before it.
    """
    db.conn.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        events.untold(db)
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK TO part")
            db.conn.execute("RELEASE part")
        raise
    db.conn.execute("RELEASE part")


def probe_of(db: Database) -> str:
    """Return a statement that reads one row of each table, for health checks; it fails where one
    cannot be read. All in one: asking for each by itself costs more than the rest of an answer."""
    tables = db.conn.execute(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    ).fetchall()
    # Another index might tell that there is a row, and hide that it cannot be read.
    ways = {0: "NOT INDEXED", 1: 'INDEXED BY "sqlite_autoindex_{}_1"'}
    read = (
        f'EXISTS (SELECT 1 FROM "{name}" {ways[wr].format(name)})'  # noqa: S608 - our own names
        for name, wr in tables
    )
    return f"SELECT {', '.join(read)}"


def probe(db: Database, statement: str | None = None) -> str:
    """Read one row of each table, and return with which statement; raises when one cannot be."""
    statement = statement or probe_of(db)
    db.conn.execute(statement).fetchone()
    return statement


@contextmanager
def _one_moment(db: Database) -> Iterator[None]:
    # Otherwise each statement would see what was committed since the last: a row, and then nothing
    # of what belongs to it. In WAL mode this waits for nobody and holds nobody up.
    db.conn.execute("BEGIN")
    try:
        yield
    finally:
        if db.conn.in_transaction:  # some errors have ended it
            db.conn.execute("COMMIT")


def _wait_for_lock(db: Database, seconds: float) -> None:
    db.conn.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")


def _identity(path: Path) -> tuple[int, int] | None:
    # Without opening it: see `copy_database`.
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
