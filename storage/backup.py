"""One file with everything: a tar of the database, the media and, where asked for, the key.

Its last member is a manifest with the SHA-256 of each of the others, so that a file that was cut
off or changed is recognised before anything of it is used. Read by `storage.restore`.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import IO

from storage.copies import copy_database
from storage.errors import Unavailable
from storage.files import is_kept, is_prefix, sync_directory
from storage.opening import applied_migrations, look_into
from storage.times import to_text

FORMAT = "reprise-backup"
VERSION = 1
MANIFEST = "manifest.json"
DATABASE = "reprise.db"
MEDIA = "media"
KEY = "secret.key"
CHUNK = 1 << 20
# Called so where nobody says how.
NAME = "reprise-backup-%Y%m%dT%H%M%SZ.tar"
_NAMED = "reprise-backup-*Z.tar"
_SLACK = 16 << 20
# Where rows name files of the media folder.
_PATHS = {
    "media_files": {"storage_path", "thumbnail_path", "processed_path"},
    "renditions": {"stored_path"},
    "reposts": {"media_path", "preview_path"},
}

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup; `path` is relative to the data directory."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Written:
    """A finished backup. `damaged` are media files whose content is not what their name says.

    `missing` are those that the saved database refers to and that were not there any more, and
    `unreadable` those that the disk did not give: they are not in it, and it says so itself.
    """

    file: Path
    size: int
    sha256: str
    media_files: int
    vanished: int
    damaged: list[str]
    missing: list[str]
    unreadable: list[str]

    @property
    def is_whole(self) -> bool:
        """Whether everything is in it that was there."""
        return not self.unreadable


def write_backup(
    data_dir: Path,
    target: Path,
    *,
    key: bytes | None,
    now: datetime,
    progress: Progress,
    copy: Callable[[Path], None] | None = None,
) -> Written:
    """Write a backup of a data directory to `target`.

    `copy` puts a copy of the database where it is told, as the daemon does that uses it; without
    it nobody else does. `progress` hears bytes done and bytes in all. The file has mode 0600 and
    appears when it is finished and on disk. Media that are deleted meanwhile, or that the disk does
    not give, are left out. Raises `Unavailable` when there is no room, or the database cannot be
    read or the file written, and `Damaged` when the database is.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    snapshot = target.with_name(f".{target.name}.database")
    try:
        with _readable_errors(target):
            _clear_left(target.parent)
            _check_room(data_dir, target.parent)
            with _private(unfinished) as raw:
                if copy is None:
                    copy_database(data_dir / DATABASE, snapshot)
                else:
                    copy(snapshot)
                # After the database: a file is there before its row, so that of every row in the
                # copy the file is in this list, however long the copying took.
                media, unlisted = _media_of(data_dir)
                total = _size_of([snapshot, *media])
                hashed = _Hashed(raw)
                tar = _Archive(hashed, lambda done: progress(done, total))
                tar.add(snapshot, DATABASE)
                if key is not None:
                    tar.add_bytes(KEY, key)
                tar.unreadable += unlisted
                for path in media:
                    tar.add_medium(path, str(path.relative_to(data_dir)))
                schema, wanted = _told_by(snapshot)
                tar.close(created_at=to_text(now), schema=schema, with_key=key is not None)
            unfinished.replace(target)
            sync_directory(target.parent)
            size = target.stat().st_size
    finally:
        for path in (unfinished, snapshot):
            path.unlink(missing_ok=True)
    unread = tuple(f"{name}/" for name in tar.unreadable)
    missing = sorted(name for name in wanted - tar.names if not f"{name}/".startswith(unread))
    return Written(
        target, size, hashed.hexdigest(), tar.media, tar.vanished, tar.damaged, missing,
        tar.unreadable,
    )  # fmt: skip


def _media_of(data_dir: Path) -> tuple[list[Path], list[str]]:
    """Return the finished media files of a data directory, and the folders that cannot be read."""
    found, unlisted = list[Path](), list[str]()
    for folder in _names_in(data_dir, MEDIA, unlisted):
        if is_prefix(folder):
            names = _names_in(data_dir, f"{MEDIA}/{folder}", unlisted)
            stored = [f"{folder}/{name}" for name in names]
            found += [data_dir / MEDIA / path for path in stored if is_kept(path)]
    return found, unlisted


def _names_in(data_dir: Path, folder: str, unlisted: list[str]) -> list[str]:
    try:
        return sorted(path.name for path in (data_dir / folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        unlisted.append(folder)
        return []


class _CannotRead(Exception):
    """A file did not give what it holds."""


class _Hashed:
    """A file to write to that knows the SHA-256 of all that was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.tell = file.tell

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return self._file.write(data)

    @contextmanager
    def taking_back(self) -> Iterator[None]:
        """Have nothing written where `_CannotRead` ends the block."""
        at, digest = self._file.tell(), self._digest.copy()
        try:
            yield
        except _CannotRead:
            self._file.seek(at)
            self._file.truncate()
            self._digest = digest
            raise

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class _Archive:
    """The tar that is being written."""

    def __init__(self, file: _Hashed, on_bytes: Callable[[int], None]) -> None:
        self._file = file
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # type: ignore[call-overload]  # noqa: SIM115
        self._on_bytes = on_bytes
        self._done = 0
        self._members: list[Member] = []
        self.media = 0
        self.vanished = 0
        self.damaged: list[str] = []
        self.unreadable: list[str] = []

    @property
    def names(self) -> set[str]:
        return {member.path for member in self._members}

    def add(self, path: Path, name: str) -> str:
        """Add a file and return its SHA-256."""
        with path.open("rb") as file:
            return self._write(name, os.fstat(file.fileno()).st_size, file)

    def add_medium(self, path: Path, name: str) -> None:
        """Add a media file; one that is gone is counted, and one that cannot be read is named."""
        began = self._tar.offset
        try:
            with _opened(path) as file, self._file.taking_back():
                digest = self._write(name, os.fstat(file.fileno()).st_size, file)
        except FileNotFoundError:
            self.vanished += 1
        except _CannotRead:
            self._tar.offset = began
            self.unreadable.append(name)
        else:
            self.media += 1
            if not path.name.startswith(digest):
                self.damaged.append(name)

    def add_bytes(self, name: str, content: bytes) -> None:
        self._write(name, len(content), io.BytesIO(content))

    def close(self, *, created_at: str, schema: list[str], with_key: bool) -> None:
        """Add the manifest; the archive is complete then."""
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "createdAt": created_at,
            "reprise": metadata.version("reprise"),
            "schema": schema,
            "withKey": with_key,
            "unreadable": self.unreadable,
            "files": [asdict(member) for member in self._members],
        }
        self.add_bytes(MANIFEST, json.dumps(manifest, indent=1).encode())
        self._tar.close()

    def _write(self, name: str, size: int, content: IO[bytes]) -> str:
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o600
        reader = _Reader(content, size, self._advance)
        self._tar.addfile(header, reader)
        self._members.append(Member(name, size, reader.digest.hexdigest()))
        return reader.digest.hexdigest()

    def _advance(self, count: int) -> None:
        self._done += count
        self._on_bytes(self._done)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to read; raises `FileNotFoundError`, and `_CannotRead` for any other reason."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _CannotRead from error
    with file:
        yield file


class _Reader:
    """Reads a file, hashing and counting; `_CannotRead` where it has not `size` bytes."""

    def __init__(self, file: IO[bytes], size: int, advance: Callable[[int], None]) -> None:
        self._file = file
        self._left = size
        self._advance = advance
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._file.read(size)
        except OSError as error:
            raise _CannotRead from error
        self._left -= len(data)
        if size > len(data) and self._left > 0:
            raise _CannotRead
        self.digest.update(data)
        self._advance(len(data))
        return data


def _told_by(database: Path) -> tuple[list[str], set[str]]:
    """Return what schema a database has, and which media its rows refer to."""
    wanted = set()
    with look_into(database) as db:
        for table, columns in _PATHS.items():
            there = {row[1] for row in db.conn.execute(f"PRAGMA table_info({table})")}
            for column in columns & there:
                rows = db.conn.execute(
                    f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
                )
                wanted |= {f"{MEDIA}/{row[0]}" for row in rows}
        return applied_migrations(db), wanted


def _check_room(data_dir: Path, folder: Path) -> None:
    # The snapshot lies beside the file until it is in it.
    database = data_dir / DATABASE
    log = database.with_name(f"{database.name}-wal")
    needed = 2 * _size_of([database, log]) + _size_of(_media_of(data_dir)[0]) + _SLACK
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Unavailable(
            f"There is no room in {folder}: {needed >> 20} MB are needed, {free >> 20} are free"
        )


def _size_of(files: list[Path]) -> int:
    size = 0
    for file in files:
        with suppress(OSError):  # deleted meanwhile, or not readable
            size += file.stat().st_size
    return size


def _clear_left(folder: Path) -> None:
    """Delete what backups that were killed have left in a folder, each as large as the data.

    Of other names than ours it is the next backup of that name that does so.
    """
    for left in folder.glob(f".{_NAMED}.unfinished"):
        with suppress(OSError), left.open("rb") as file:  # else somebody writes it now
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            name = left.name.removesuffix(".unfinished")
            for each in folder.glob(f"*{name}.*"):
                each.unlink(missing_ok=True)


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """Make a file that only its owner reads; it is on disk when the block ends."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    with closing(path.open("wb")) as file:
        with suppress(OSError):  # not every disk has locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _readable_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except _CannotRead as error:
        raise Unavailable(f"{target} cannot be written: the database cannot be read") from error
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror or error}") from error
