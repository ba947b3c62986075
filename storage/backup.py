"""One file with everything: a tar of the database, the media and, where asked for, the key.

Its last member is a manifest with the SHA-256 of each of the others, so that a file that was cut
off or changed is recognised before anything of it is used. Read by `storage.restore`.
"""

from __future__ import annotations

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
from storage.files import MediaFolder, sync_directory
from storage.opening import applied_migrations, look_into
from storage.times import to_text

FORMAT = "reprise-backup"
VERSION = 1
MANIFEST = "manifest.json"
DATABASE = "reprise.db"
MEDIA = "media"
KEY = "secret.key"
CHUNK = 1 << 20
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

    `missing` are those that the saved database refers to and that were not there any more.
    """

    file: Path
    size: int
    sha256: str
    media_files: int
    vanished: int
    damaged: list[str]
    missing: list[str]


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
    appears when it is whole and on disk. Media that are deleted meanwhile are left out. Raises
    `Unavailable` when there is no room or the disk fails, and `Damaged` when the database
    is.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    snapshot = target.with_name(f".{target.name}.database")
    try:
        with _readable_errors(target):
            _check_room(data_dir, target.parent)
            if copy is None:
                copy_database(data_dir / DATABASE, snapshot)
            else:
                copy(snapshot)
            # After the database: a file is there before its row, so that of every row in the
            # copy the file is in this list, however long the copying took.
            media = [path for path in media_of(data_dir) if path.is_file()]
            total = _size_of([snapshot, *media])
            with _private(unfinished) as raw:
                hashed = _Hashed(raw)
                tar = _Archive(hashed, lambda done: progress(done, total))
                tar.add(snapshot, DATABASE)
                if key is not None:
                    tar.add_bytes(KEY, key)
                for path in media:
                    tar.add(path, str(path.relative_to(data_dir)))
                schema, wanted = _told_by(snapshot)
                tar.close(created_at=to_text(now), schema=schema, with_key=key is not None)
            unfinished.replace(target)
            sync_directory(target.parent)
            size = target.stat().st_size
    finally:
        for path in (unfinished, snapshot):
            path.unlink(missing_ok=True)
    missing = sorted(wanted - tar.names)
    return Written(target, size, hashed.hexdigest(), tar.media, tar.vanished, tar.damaged, missing)


def media_of(data_dir: Path) -> Iterator[Path]:
    """Return the finished media files of a data directory."""
    root = data_dir / MEDIA
    for folder in sorted(root.iterdir() if root.is_dir() else ()):
        if folder.is_dir() and folder.name != MediaFolder.INCOMING:
            yield from sorted(folder.iterdir())


class _Hashed:
    """A file to write to that knows the SHA-256 of all that was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.tell = file.tell

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return self._file.write(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class _Archive:
    """The tar that is being written."""

    def __init__(self, file: _Hashed, on_bytes: Callable[[int], None]) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # type: ignore[call-overload]  # noqa: SIM115
        self._on_bytes = on_bytes
        self._done = 0
        self._members: list[Member] = []
        self.media = 0
        self.vanished = 0
        self.damaged: list[str] = []

    @property
    def names(self) -> set[str]:
        return {member.path for member in self._members}

    def add(self, path: Path, name: str) -> None:
        """Add a file; one that is gone is counted, and no error."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            self.vanished += 1
            return
        with file:
            digest = self._write(name, os.fstat(file.fileno()).st_size, file)
        if name.startswith(f"{MEDIA}/"):
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
            "files": [asdict(member) for member in self._members],
        }
        self.add_bytes(MANIFEST, json.dumps(manifest, indent=1).encode())
        self._tar.close()

    def _write(self, name: str, size: int, content: IO[bytes]) -> str:
        header = tarfile.TarInfo(name)
        header.size, header.mode = size, 0o600
        reader = _Reader(content, self._advance)
        self._tar.addfile(header, reader)
        self._members.append(Member(name, size, reader.digest.hexdigest()))
        return reader.digest.hexdigest()

    def _advance(self, count: int) -> None:
        self._done += count
        self._on_bytes(self._done)


class _Reader:
    """Reads through to `file`, hashing and counting on the way."""

    def __init__(self, file: IO[bytes], advance: Callable[[int], None]) -> None:
        self._file = file
        self._advance = advance
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
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
    needed = 2 * _size_of([database, log]) + _size_of(list(media_of(data_dir))) + _SLACK
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Unavailable(
            f"There is no room in {folder}: {needed >> 20} MB are needed, {free >> 20} are free"
        )


def _size_of(files: list[Path]) -> int:
    size = 0
    for file in files:
        with suppress(FileNotFoundError):  # deleted meanwhile
            size += file.stat().st_size
    return size


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """Make a file that only its owner reads; it is on disk when the block ends."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    with closing(path.open("wb")) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _readable_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror or error}") from error
