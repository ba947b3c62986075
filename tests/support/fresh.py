"""New databases without sixty changes of the schema: what the first has become is copied.

A process makes one by the real way, and each database that is new after that takes its pages over.
A database that has seen a change already goes the real way, and tests of the ways to today's schema
(`tests/storage/test_upgrade.py`) call the migrations themselves.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from sqlite_utils import Database

from storage import opening

_migrate = opening._migrate
_making = threading.Lock()
_made: list[sqlite3.Connection] = []


def install() -> None:
    """Let new databases of this process, and of those that are forked from it, be copies."""
    vars(opening)["_migrate"] = _copy


def make() -> None:
    """Make the one that is copied, before there are threads or forks that would each make one."""
    with _making:
        if not _made:
            connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            _migrate(Database(connection, execute_plugins=False), Path("nowhere"))
            _made.append(connection)


def _copy(db: Database, path: Path) -> None:
    if db.table_names():
        _migrate(db, path)
        return
    make()
    with _making:
        _made[0].backup(db.conn)
