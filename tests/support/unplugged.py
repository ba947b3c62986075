"""Nobody pulls the plug in a test: what this process writes need not have reached the disk.

A kill, which tests are full of, loses nothing that the system was given; and a tenth of the suite's
time was waiting for the disk. Daemons of their own write as they do for everybody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlite_utils import Database

from storage import opening, store

_connect = opening.connect


def install() -> None:
    """Let nothing of this process wait for the disk."""
    vars(opening)["connect"] = vars(store)["connect"] = _unplugged
    vars(os)["fsync"] = lambda _: None


@contextmanager
def plugged_in() -> Iterator[None]:
    """Open databases as the daemon does."""
    vars(opening)["connect"] = vars(store)["connect"] = _connect
    try:
        yield
    finally:
        vars(opening)["connect"] = vars(store)["connect"] = _unplugged


def _unplugged(*arguments: Any, **options: Any) -> Database:
    db = _connect(*arguments, **options)
    db.conn.execute("PRAGMA synchronous = OFF")
    return db
