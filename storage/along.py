"""What goes along with an account when it moves: what protects it, and what its user decided.

Rows as they are stored, by column; they have no form of their own in the REST contract.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from storage import records
from storage.authors import AuthorRule
from storage.troubles import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A repost that went out, for cap and spacing."""

    account_id: str
    at: datetime
    post_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Until when an account's next post has to wait."""

    account_id: str
    set_at: datetime
    free_at: datetime


# Each list of the document: its table and columns; all begin with the account.
LISTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "troubles": (
        "troubles",
        ("account_id", "kind", "reason", "at", "until", "cleared_at", "counted_from"),
    ),
    "authorRules": ("author_rules", ("account_id", "verdict", "username", "author_pk")),
    "repostSlots": ("repost_slots", ("account_id", "at", "post_id")),
    "lanes": ("lanes", ("account_id", "set_at", "free_at")),
}


# By what a row is known that is there already: an account has many troubles of one reason.
_SAME: Mapping[str, tuple[str, ...]] = {
    "troubles": ("account_id", "kind", "reason", "at"),
    "authorRules": ("account_id", "verdict", "username"),
    "repostSlots": ("account_id", "at", "post_id"),
    "lanes": ("account_id",),
}
# What each row is.
RECORDS: Mapping[str, type[Any]] = {
    "troubles": Trouble,
    "authorRules": AuthorRule,
    "repostSlots": Slot,
    "lanes": Lane,
}


def export(db: Database, user_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return every list with its rows of the user's accounts, but for those that cannot be read."""
    return {name: _rows_of(db, name, user_id) for name in LISTS}


def _rows_of(db: Database, name: str, user_id: str) -> list[dict[str, Any]]:
    table, columns = LISTS[name]
    listed = ", ".join(columns)
    rows = db.conn.execute(
        f"SELECT {listed} FROM {table}"  # noqa: S608 - constants
        f" WHERE account_id IN (SELECT id FROM accounts WHERE user_id = ?) ORDER BY {listed}",
        (user_id,),
    )
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    return [row for row in found if records.flaw_in(RECORDS[name], row) is None]


def take_over(db: Database, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store those rows of a list that are not there; raises `ValueError` for one that cannot be.

    A lane that is there stays as it is.
    """
    table, columns = LISTS[name]
    same = " AND ".join(f"{column} IS ?{number}" for number, column in enumerate(columns, 1)
                        if column in _SAME[name])  # fmt: skip
    places = ", ".join(f"?{number}" for number in range(1, len(columns) + 1))
    try:
        db.conn.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {places}"  # noqa: S608
            f" WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {same})",
            [[row.get(column) for column in columns] for row in rows],
        )
    except (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError) as error:
        raise ValueError(f"{name}: {error}") from None
