"""Whose a row is: the one question that every operation asks before anything else."""

from __future__ import annotations

from typing import Literal

from sqlite_utils import Database

Owned = Literal["accounts", "posts", "media_files", "reposts", "api_keys"]


def owns(db: Database, table: Owned, user_id: str, identifier: str) -> bool:
    """Say whether a row of that table is there and belongs to the user."""
    row = db.conn.execute(
        f"SELECT 1 FROM {table} WHERE id = ? AND user_id = ?",  # noqa: S608 - never from outside
        (identifier, user_id),
    ).fetchone()
    return row is not None
