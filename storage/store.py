"""One SQLite file: a single writer, several readers, all of them off the event loop.

Everything durable goes through `Store.write` and `Store.read`, which run a plain
function of a `Database` in a worker thread.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import trio
from sqlite_utils import Database

from storage.errors import Unavailable, Unusable
from storage.migrations import migrations

__all__ = ["Database", "Store", "open_directly", "open_store", "probe", "transaction"]

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4
_BUSY_TIMEOUT_S = 10.0
_RETRYABLE = ("locked", "busy", "full", "readonly", "disk i/o", "unable to open", "closed")


class Store:
    """The database of one data directory. Made by `open_store`."""

    def __init__(self, path: Path, writer: Database, readers: list[Database]) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._write_limiter = trio.CapacityLimiter(1)
        self._read_limiter = trio.CapacityLimiter(len(readers))

    async def write(
        self, operation: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `operation(db, ...)` in one durable transaction and return its result.

        Either all of it is on disk when this returns, or none of it. Once started it is
        not abandoned on cancellation. Raises `Unavailable` when the disk or a lock forbids it.
        """

        def run() -> T:
            with _readable_errors(), transaction(self._writer):
                return operation(self._writer, *args, **kwargs)

        return await trio.to_thread.run_sync(run, limiter=self._write_limiter)

    async def read(
        self, operation: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `operation(db, ...)` on a connection that cannot write and return its result."""

        def run() -> T:
            with _readable_errors():
                try:
                    reader = self._readers.pop()
                except IndexError:
                    raise Unavailable("The database is closed") from None
                try:
                    return operation(reader, *args, **kwargs)
                finally:
                    self._readers.append(reader)

        return await trio.to_thread.run_sync(run, limiter=self._read_limiter)

    def close(self) -> None:
        """Close every connection; later use raises `Unavailable`. Idempotent."""
        while self._readers:
            self._readers.pop().close()
        self._writer.close()


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[Store]:
    """Open the database at `path`, creating and migrating it as needed.

    Raises `Unusable` when the file is damaged, unreadable or of a newer Reprise.
    """
    writer = await trio.to_thread.run_sync(_open_migrated, path)
    readers = [_connect(path, read_only=True) for _ in range(READERS)]
    store = Store(path, writer, readers)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def open_directly(path: Path) -> Iterator[Database]:
    """Open the database for a short command of the CLI: same rules, no threads."""
    writer = _open_migrated(path)
    try:
        with _readable_errors():
            yield writer
    finally:
        writer.close()


def probe(db: Database) -> None:
    """Read one row, for a health check; raises when the database cannot be read."""
    db.conn.execute("SELECT 1 FROM users LIMIT 1").fetchone()


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """Make the block one durable transaction: all of it, or none of it.

    IMMEDIATE, because a deferred transaction that reads before it writes fails at once with
    SQLITE_BUSY_SNAPSHOT when another process wrote in between.
    """
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.conn.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def _open_migrated(path: Path) -> Database:
    try:
        path.touch(mode=0o600, exist_ok=True)
        path.chmod(0o600)
        db = _connect(path, read_only=False)
        try:
            _migrate(db, path)
        except BaseException:
            db.close()
            raise
    except (sqlite3.DatabaseError, OSError) as error:
        raise Unusable(f"The database {path} cannot be opened: {error}") from error
    return db


def _connect(path: Path, *, read_only: bool) -> Database:
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        db = Database(connection, execute_plugins=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return db


def _migrate(db: Database, path: Path) -> None:
    applied = {migration.name for migration in migrations.applied(db)}
    known = {migration.name for migration in migrations._migrations}
    if unknown := sorted(applied - known):
        raise Unusable(
            f"The database {path} was written by a newer Reprise (it knows {unknown[-1]}); "
            "upgrade this installation or restore an older backup"
        )
    pending = migrations.pending(db)
    if applied and pending:
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copy = path.with_name(f"{path.name}.before-{pending[0].name}")
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
    if pending:
        with transaction(db):
            migrations.apply(db)


@contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
        if any(word in str(error).lower() for word in _RETRYABLE):
            raise Unavailable(f"The database cannot be used right now: {error}") from error
        raise
