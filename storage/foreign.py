"""Databases of other programs, read as lists of objects; nothing is known of their meaning here.

A stranger's schema is code, so that only plain tables are read: no views, no virtual tables and no
computed columns; and no more, and no longer, than a file of that kind may need.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from storage.errors import Damaged

_MAGIC = b"SQLite format 3\0"
_LARGEST_VALUE = 16 << 20
_MOST_ROWS = 2_000_000
_LIMIT_S = 120.0
_STEPS_BETWEEN_LOOKS = 100_000


class Unread(int):
    """How many rows a table has that was not asked for."""


Table = list[dict[str, Any]] | Unread


def is_database(path: Path) -> bool:
    """Say whether a file is a SQLite database."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_tables(path: Path, is_wanted: Callable[[str], bool]) -> dict[str, Table]:
    """Return the rows of the wanted tables by the table's name, and how many the others have.

    Those of SQLite and of migrations are left out. Raises `Damaged` when the file cannot be read,
    when a wanted table is no plain one, and when there is more than a person's data can be.
    """
    try:
        with closing(_opened(path)) as connection:
            tables = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
            left = _MOST_ROWS
            found: dict[str, Table] = {}
            for name, sql in tables.fetchall():
                if name.startswith(("sqlite_", "_")):
                    continue
                if is_wanted(name):
                    found[name] = rows = _rows(connection, path, name, left)
                    left -= len(rows)
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


def _rows(
    connection: sqlite3.Connection, path: Path, name: str, at_most: int
) -> list[dict[str, Any]]:
    (sql,) = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)
    ).fetchone()
    if _is_virtual(sql):
        raise Damaged(f"{path}: {name} is no plain table")
    columns = connection.execute(
        "SELECT name, hidden FROM pragma_table_xinfo(?)", (name,)
    ).fetchall()
    if any(hidden for _, hidden in columns):
        raise Damaged(f"{path}: the table {name} has computed columns")
    listed = ", ".join(_quoted(column) for column, _ in columns)
    cursor = connection.execute(f"SELECT {listed} FROM {_quoted(name)}")  # noqa: S608
    rows: list[dict[str, Any]] = []
    for row in cursor:
        if len(rows) >= at_most:
            raise Damaged(f"{path} holds more rows than can be read")
        rows.append(dict(zip([column for column, _ in columns], row, strict=True)))
    return rows


def _count(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()[0])  # noqa: S608


def _is_virtual(sql: str | None) -> bool:
    return sql is None or "VIRTUAL" in sql.upper().split("(")[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
