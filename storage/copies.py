"""Copies of the database: consistent while it is written to, checked, and some days' worth kept.

Made by upkeep once a day, by `reprise backup`, and before a change of the schema.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.errors import Damaged, Unavailable
from storage.files import sync_directory
from storage.sqlite_errors import code_of, is_damage

FOLDER = "copies"
_NAME = "reprise-%Y%m%dT%H%M%SZ.db"
_STEPS_BETWEEN_LOOKS = 100_000
# What SQLite says of single values; in so many rows it is more than that.
_OF_A_ROW = re.compile(
    r"ok|CHECK constraint failed in .+|NULL value in .+|(non-)?[A-Z]+ value in .+"
)
_MOST_LINES = 100
# Between two copies: a longer gap says that the clock was set, or that nobody was there.
_NO_BREAK = timedelta(days=10)
_AGES = 3


def copy_database(source: Path, target: Path, *, thoroughly: bool = False) -> None:
    """Write a copy of a database, as it is at one moment, into one file of mode 0600.

    The daemon may go on writing. The copy is on disk, and was checked, when it appears at `target`;
    `thoroughly` compares the indexes with their tables as well. Raises `Damaged` when the
    database is, and `Unavailable` when it cannot be read or the copy cannot be written.
    """
    # By SQLite itself: opening and closing its file by hand drops every lock of this process on
    # it, and the next command that ends deletes the log from under us (see howtocorrupt.html).
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        with closing(_existing(source)) as original, closing(_existing(unfinished)) as copy:
            original.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            if problem := flaw(copy, thoroughly=thoroughly):
                raise Damaged(f"The database {source} is damaged: {problem}")
        _sync_file(unfinished)
        unfinished.replace(target)
        sync_directory(target.parent)
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise Damaged(f"The database {source} is damaged: {error}") from error
        raise Unavailable(f"The database {source} cannot be copied: {error}") from error
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror}") from error
    finally:
        for left in (unfinished, unfinished.with_name(f"{unfinished.name}-journal")):
            with suppress(OSError):
                left.unlink(missing_ok=True)  # where the disk is full, SQLite leaves its journal


def flaw(
    connection: sqlite3.Connection, *, thoroughly: bool = False, limit_s: float | None = None
) -> str | None:
    """Return what is wrong with a database, or None when it is sound.

    After `limit_s` seconds the look ends, and what it has not seen counts as sound. A value that
    its column does not take is the trouble of its row, as is one that cannot be read.
    """
    if limit_s is not None:
        ends_at = time.monotonic() + limit_s
        connection.set_progress_handler(lambda: time.monotonic() > ends_at, _STEPS_BETWEEN_LOOKS)
    check = "integrity_check" if thoroughly else "quick_check"
    try:
        lines = [str(row[0]) for row in connection.execute(f"PRAGMA {check}({_MOST_LINES})")]
    except sqlite3.OperationalError as error:
        if code_of(error) == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    finally:
        connection.set_progress_handler(None, 0)
    of_the_file = [line for line in lines if not _OF_A_ROW.fullmatch(line)]
    if not of_the_file and len(lines) < _MOST_LINES:
        return None
    return (of_the_file or lines)[0].splitlines()[-1]


def keep_copy(database: Path, keep: int, now: datetime, *, least_free: int = 0) -> Path:
    """Add a thoroughly checked copy to those of the data directory, and give old ones up.

    Of each age of the clock the newest `keep` stay: where it was set by more than ten days, in
    whatever direction, the copies from before are no older than those from after, and only the
    three ages with most copies are kept. Raises what `copy_database` does; then no older copy is
    given up.
    """
    folder = database.parent / FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    for left in folder.glob(".*.unfinished*"):  # by a kill: as large as a copy each
        left.unlink(missing_ok=True)
    _check_room(database, folder, least_free)
    made = folder / now.astimezone(UTC).strftime(_NAME)
    copy_database(database, made, thoroughly=True)
    for old in _given_up(kept_copies(database), made, keep):
        old.unlink(missing_ok=True)
    return made


def _check_room(database: Path, folder: Path, least_free: int) -> None:
    # A copy that fills the disk, if only for a moment, stops what is written there, posts too.
    needed = 0
    for file in (database, database.with_name(f"{database.name}-wal")):
        with suppress(OSError):
            needed += file.stat().st_size
    free = shutil.disk_usage(folder).free
    if free - needed < least_free:
        raise Unavailable(
            f"There is no room in {folder}: a copy takes {needed >> 20} MB of {free >> 20}, and "
            f"{least_free >> 20} are to stay free"
        )


def is_due(copies: Iterable[Path], now: datetime, every: timedelta) -> bool:
    """Say whether it is time for another copy; those of the future do not count."""
    times = [at for copy in copies if (at := made_at(copy)) is not None]
    return not any(timedelta(0) <= now - at < every for at in times)


def _given_up(copies: list[Path], made: Path, keep: int) -> list[Path]:
    ages = list[list[Path]]()  # each newest first, as `copies` are
    before: datetime | None = None
    for copy in copies:
        at = made_at(copy)
        if at is None:
            continue  # somebody else's file
        if before is None or before - at > _NO_BREAK:
            ages.append([])
        ages[-1].append(copy)
        before = at
    current = next(age for age in ages if made in age)
    others = sorted((age for age in ages if age is not current), key=len, reverse=True)
    gone = [copy for age in others[_AGES - 1 :] for copy in age]
    for age in [current, *others[: _AGES - 1]]:
        # The new one stays, also where the clock says that it is the oldest.
        older = [copy for copy in age if copy != made]
        gone += older[keep - 1 if age is current else keep :]
    return gone


def kept_copies(database: Path) -> list[Path]:
    """Return the daily copies of a database, newest first."""
    return sorted((database.parent / FOLDER).glob("reprise-*.db"), reverse=True)


def made_at(copy: Path) -> datetime | None:
    """Return when a daily copy was made, or None for a file of another name."""
    try:
        return datetime.strptime(copy.name, _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def newest_sound(copies: Iterable[Path]) -> Path | None:
    """Return the first of `copies` that is sound."""
    for copy in copies:
        with suppress(sqlite3.DatabaseError), closing(_existing(copy)) as connection:
            if flaw(connection) is None:
                return copy
    return None


def _existing(path: Path) -> sqlite3.Connection:
    # `mode=rw`: a database that is not there is an error, not a new one.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
