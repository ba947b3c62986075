"""Opening the database file: checked, of a schema that is known, and brought to that of today.

`storage.store` opens through here; backups look into databases as they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database

from storage import copies, garbled
from storage.errors import Damaged, Unavailable, Unusable, is_passing
from storage.migrations import migrations
from storage.sqlite_errors import is_damage, will_pass

BUSY_TIMEOUT_S = 10.0
# A check at start reads the whole file; a large one is looked at for no longer than this.
_CHECK_LIMIT_S = 1.0


def open_migrated(path: Path, *, checked: bool = False) -> Database:
    """Return a connection that may write, to a database of today's schema, made where needed.

    Nobody else uses the file. `checked`: a damaged one is noticed now. Raises `Unusable`, with the
    way out, or `Unavailable` where it is locked, or the disk is full.
    """
    try:
        path.touch(mode=0o600, exist_ok=True)
        path.chmod(0o600)
        db = connect(path, read_only=False)
        try:
            if checked and (problem := copies.flaw(db.conn, limit_s=_CHECK_LIMIT_S)):
                raise Damaged(f"The database {path} is damaged: {problem}")
            _migrate(db, path)
        except BaseException:
            db.close()
            raise
    except Damaged as error:
        raise Unusable(f"{error}; {_remedy(path)}") from error
    except (sqlite3.DatabaseError, OSError, Unavailable) as error:
        if will_pass(error) or is_passing(error):
            raise Unavailable(f"The database {path} cannot be opened now: {error}") from error
        remedy = f"; {_remedy(path)}" if is_damage(error) else ""
        raise Unusable(f"The database {path} cannot be opened: {error}{remedy}") from error
    return db


def _remedy(path: Path) -> str:
    newest = copies.newest_sound(copies.kept_copies(path))
    if newest is None:
        return "restore a backup with `reprise restore FILE --force`"
    return f"the newest sound copy comes back with `reprise restore {newest} --force`"


def connect(path: Path, *, read_only: bool, timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Return a connection with our settings: durable, and with references kept."""
    connection = sqlite3.connect(
        path, timeout=timeout_s, isolation_level=None, check_same_thread=False
    )
    try:
        db = Database(connection, execute_plugins=False)
        garbled.bear_with(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return db


def applied_migrations(db: Database) -> list[str]:
    """Return the names of the schema changes that a database has seen, oldest first."""
    # A stranger's may hold anything.
    return [str(migration.name) for migration in migrations.applied(db)]


def check_known(applied: Collection[str], what: str) -> None:
    """Raise `Unusable` when `what` has seen schema changes that this Reprise does not know."""
    known = {migration.name for migration in migrations._migrations}
    if unknown := sorted(set(applied) - known):
        raise Unusable(
            f"{what} was written by a newer Reprise (it knows {unknown[-1]}); "
            "upgrade this installation or restore an older backup"
        )


def _migrate(db: Database, path: Path) -> None:
    applied = applied_migrations(db)
    check_known(applied, f"The database {path}")
    pending = migrations.pending(db)
    if applied and pending:
        copies.copy_database(path, path.with_name(f"{path.name}.before-{pending[0].name}"))
    if pending:
        with transaction(db):
            migrations.apply(db)


@contextmanager
def look_into(path: Path, what: str | None = None) -> Iterator[Database]:
    """Open a database that nobody else uses in order to read it as it is: nothing is migrated.

    Raises `Damaged` when it is no sound database; `what` it is called then.
    """
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            garbled.bear_with(connection)
            yield Database(connection, execute_plugins=False)
    except sqlite3.DatabaseError as error:
        raise Damaged(f"{what or path} is no database that can be read: {error}") from error


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
