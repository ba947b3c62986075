"""Databases of other programs, read as lists of objects; nothing is known of their meaning here.

A stranger's schema is code, so that only plain tables are read: no views, no virtual tables and no
computed columns; and no more, and no longer, than a file of that kind may need.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import Damaged

_MAGIC = b"SQLite format 3\0"
_LARGEST_VALUE = 16 << 20
_MOST_ROWS = 2_000_000
# A file may hold less than is read of it: what a column has by default lies there once. Each value
# takes as much at least, and a small file may have so much more.
_AT_MOST_TIMES, _VALUE, _SLACK = 4, 8, 16 << 20
_LIMIT_S = 120.0
_STEPS_BETWEEN_LOOKS = 100_000


class Unread(int):
    """How many rows a table has that was not asked for."""


Table = list[dict[str, Any]] | Unread


@dataclass(slots=True)
class _Room:
    """How much more may be read of a file."""

    path: Path
    rows: int
    size: int

    def take(self, values: Sequence[Any]) -> None:
        """Take room for a row; raises `Damaged` where there is none."""
        self.rows -= 1
        self.size -= sum(len(each) for each in values if isinstance(each, (str, bytes)))
        self.size -= _VALUE * len(values)
        if self.rows < 0:
            raise Damaged(f"{self.path} holds more rows than can be read")
        if self.size < 0:
            raise Damaged(f"{self.path} promises more than it holds")


def is_database(path: Path) -> bool:
    """Say whether a file is a SQLite database."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_tables(path: Path, is_wanted: Callable[[str], bool]) -> dict[str, Table]:
    """Return the rows of the wanted tables by the table's name, and how many the others have.

    Those of SQLite and of migrations are left out. Raises `Damaged` when the file cannot be read,
    when a wanted table is no plain one, and when there is more than a person's data can be.
    """
    room = _Room(path, _MOST_ROWS, _AT_MOST_TIMES * _size(path) + _SLACK)
    try:
        with closing(_opened(path)) as connection:
            tables = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
            found: dict[str, Table] = {}
            for name, sql in tables.fetchall():
                if name.startswith(("sqlite_", "_")):
                    continue
                if is_wanted(name):
                    found[name] = _rows(connection, name, room)
                elif not _is_virtual(sql):
                    found[name] = Unread(_count(connection, name))
            return found
    except (sqlite3.Error, UnicodeError) as error:
        raise Damaged(f"{path} is no database that can be read: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    ends_at = time.monotonic() + _LIMIT_S
    connection.set_progress_handler(lambda: time.monotonic() > ends_at, _STEPS_BETWEEN_LOOKS)
    for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _size(path: Path) -> int:
    log = path.with_name(f"{path.name}-wal")  # is read too
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _rows(connection: sqlite3.Connection, name: str, room: _Room) -> list[dict[str, Any]]:
    (sql,) = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)
    ).fetchone()
    if _is_virtual(sql):
        raise Damaged(f"{room.path}: {name} is no plain table")
    columns = connection.execute(
        "SELECT name, hidden FROM pragma_table_xinfo(?)", (name,)
    ).fetchall()
    if any(hidden for _, hidden in columns):
        raise Damaged(f"{room.path}: the table {name} has computed columns")
    listed = ", ".join(_quoted(column) for column, _ in columns)
    cursor = connection.execute(f"SELECT {listed} FROM {_quoted(name)}")  # noqa: S608
    rows: list[dict[str, Any]] = []
    for row in cursor:
        room.take(row)
        rows.append(dict(zip([column for column, _ in columns], row, strict=True)))
    return rows


def _count(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()[0])  # noqa: S608


def _is_virtual(sql: str | None) -> bool:
    return sql is None or "VIRTUAL" in sql.upper().split("(")[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
