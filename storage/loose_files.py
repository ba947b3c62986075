"""Stored paths that a row has let go of; triggers note them, whatever became of the row.

Whoever deletes such a file holds `MediaFolder.changing`, so that nobody adopts the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database


def some(db: Database, limit: int) -> list[str]:
    """Return paths that were let go of, and that nobody has looked at since."""
    rows = db.conn.execute("SELECT path FROM loose_files LIMIT ?", (limit,))
    return [row[0] for row in rows]


def settle(db: Database, paths: Sequence[str]) -> None:
    """Forget paths whose files are gone, or are needed by another row."""
    db.conn.executemany("DELETE FROM loose_files WHERE path = ?", [(path,) for path in paths])
