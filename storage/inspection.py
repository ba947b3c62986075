"""Looking at a database without changing anything: for `reprise doctor` and the shell's Tab."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from storage import garbled
from storage.errors import Unusable
from storage.migrations import migrations

_INSTRUCTIONS = 100_000  # between two looks at the clock


@dataclass(frozen=True, slots=True)
class Schema:
    """How a database's schema stands to this Reprise's: migrations by name."""

    pending: tuple[str, ...]
    unknown: tuple[str, ...]


@contextmanager
def open_untouched(path: Path) -> Iterator[Database]:
    """Open the database for reading only; nothing is created or migrated.

    Raises `Unusable` when there is no such file or it is no database.
    """
    # Without a log beside it nobody else has the file open, and SQLite need not make one.
    alone = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{alone}", uri=True)
    except sqlite3.DatabaseError as error:
        raise Unusable(f"The database {path} cannot be opened: {error}") from None
    garbled.bear_with(connection)
    try:
        yield Database(connection, execute_plugins=False)
    except sqlite3.DatabaseError as error:
        raise Unusable(f"The database {path} cannot be read: {error}") from None
    finally:
        connection.close()


def schema_of(db: Database) -> Schema:
    """Compare the database's schema with the one this Reprise knows."""
    applied = [migration.name for migration in migrations.applied(db)]
    known = [migration.name for migration in migrations._migrations]
    return Schema(
        pending=tuple(name for name in known if name not in applied),
        unknown=tuple(name for name in applied if name not in known),
    )


def damage_in(db: Database, *, limit_s: float) -> list[str] | None:
    """Return what SQLite finds wrong with its file, nothing where all is well.

    None when `limit_s` was not enough to look at all of it.
    """
    ends = time.monotonic() + limit_s
    db.conn.set_progress_handler(lambda: time.monotonic() > ends, _INSTRUCTIONS)
    try:
        found = [str(row[0]) for row in db.conn.execute("PRAGMA quick_check(5)")]
        found += [
            f"a row of {table} refers to a row of {parent} that is missing"
            for table, _, parent, _ in db.conn.execute("PRAGMA foreign_key_check").fetchmany(5)
        ]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        db.conn.set_progress_handler(None, 0)
    return [line for line in found if line != "ok"]
