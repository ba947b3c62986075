"""Is a database that came from elsewhere laid out as ours? Asked before anything runs in it.

A schema is code: triggers, computed columns, checks and views run when their table is read or
written. Only what our own migrations made is let in.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

from sqlite_utils import Database

from storage.errors import Damaged
from storage.migrations import migrations

_OF_SQLITE = {"sqlite_sequence", "sqlite_stat1", "sqlite_stat4"}
_RECORD = "_sqlite_migrations"  # its form is that of whichever sqlite-utils has made it
_PLAIN_INDEX = re.compile(r'CREATE UNIQUE INDEX \S+ ON \S+ \([\w", ]+\)')
_RECORD_COLUMNS = {"id", "migration_set", "name", "applied_at"}


def check_schema(db: Database, applied: list[str], what: str) -> None:
    """Raise `Damaged` unless a database has what the migrations in `applied` make, and no more."""
    found, expected = _objects(db), _expected(applied)
    record = {row[1]: row[6] for row in db.conn.execute(f"PRAGMA table_xinfo({_RECORD})")}
    if not set(record) <= _RECORD_COLUMNS or any(record.values()):
        raise Damaged(f"{what} has a table {_RECORD} that Reprise did not make")
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            raise Damaged(f"{what} has another {name[0]} {name[1]} than Reprise makes")


def _expected(applied: list[str]) -> dict[tuple[str, str], object]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        db = Database(connection, execute_plugins=False)
        for migration in migrations._migrations:
            if migration.name in applied:
                migration.fn(db)
        return _objects(db)


def _objects(db: Database) -> dict[tuple[str, str], object]:
    rows = db.conn.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    return {
        (kind, name): (table, _form(sql) if kind == "table" else " ".join(sql.split()))
        for kind, name, table, sql in rows
        # An index without a statement belongs to a constraint of its table, which is compared.
        if sql is not None
        and name not in _OF_SQLITE
        and name != _RECORD
        and not (table == _RECORD and _PLAIN_INDEX.fullmatch(" ".join(sql.split())))
    }


def _form(statement: str) -> tuple[list[str], str]:
    """Return a table's columns and constraints, in no order: it depends on the migrations'."""
    text = " ".join(re.sub(r"--[^\n]*", "", statement).split())
    head, _, rest = text.partition("(")
    body, _, tail = rest.rpartition(")")
    parts, depth, part = [], 0, ""
    for character in body:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    return sorted([*parts, part.strip()]), f"{head}{tail}"
