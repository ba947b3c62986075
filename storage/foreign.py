"""Databases of other programs, read as lists of objects; nothing is known of their meaning here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from storage.errors import Damaged

_MAGIC = b"SQLite format 3\0"


def is_database(path: Path) -> bool:
    """Say whether a file is a SQLite database."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_tables(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return every table's rows by the table's name, without those of SQLite and of migrations.

    Raises `Damaged` when the file cannot be read.
    """
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            names = [
                row[0]
                for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            return {
                name: [
                    dict(row)
                    for row in connection.execute(f'SELECT * FROM "{name.replace(chr(34), "")}"')  # noqa: S608
                ]
                for name in names
                if not name.startswith(("sqlite_", "_"))
            }
    except sqlite3.DatabaseError as error:
        raise Damaged(f"{path} is no database that can be read: {error}") from error
