"""What SQLite's errors mean, by their codes: its words change, and hold what strangers wrote.

Every connection of the store is used within `readable_errors`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from storage.errors import Broken, Locked, Unavailable

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# Not among them: our own mistakes, and rules of the schema that a row breaks.
_PASSING = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_ABORT, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOTFOUND, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_AUTH,
}  # fmt: skip
# What a machine gets back; the rest of those may be how a file was laid.
_SHORTAGE = _LOCKED | {
    sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_PROTOCOL,
}  # fmt: skip


def code_of(error: BaseException) -> int | None:
    """Return SQLite's primary code of an error; None for one that Python's own module raised."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_damage(error: BaseException) -> bool:
    """Say whether an error of SQLite means that the file itself is broken."""
    # Without a code: a text in it is no text.
    is_garbled = isinstance(error, sqlite3.OperationalError) and code_of(error) is None
    return code_of(error) in _DAMAGE or is_garbled


def will_pass(error: BaseException) -> bool:
    """Say whether an error of SQLite means that it cannot for now: a lock, or the disk."""
    return code_of(error) in _SHORTAGE


@contextmanager
def readable_errors() -> Iterator[None]:
    """Raise `Unavailable`, or what it is more exactly, where a database cannot be used now."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            what = "it holds text that is none" if code_of(error) is None else error
            raise Broken(
                f"The database is damaged ({what}); `reprise doctor` says what mends it"
            ) from error
        if code_of(error) in _LOCKED:
            raise Locked(f"The database cannot be used right now: {error}") from error
        if code_of(error) in _PASSING:
            raise Unavailable(f"The database cannot be used right now: {error}") from error
        raise
    except MemoryError as error:
        raise Unavailable("The database cannot be used right now: no memory is left") from error
