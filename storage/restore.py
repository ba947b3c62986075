"""From a backup back to a data directory: checked whole, put together aside, then swapped in.

What was there is kept. A swap that a crash interrupts is finished by whoever comes next, because
from its first step on the way back would be as long as the way ahead.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage.backup import CHUNK, DATABASE, KEY, MANIFEST, MEDIA, Progress
from storage.copies import copy_database, flaw, made_at
from storage.errors import Damaged, Unavailable
from storage.files import MediaFolder, sync_directory
from storage.foreign import is_database
from storage.manifest import is_medium, is_ours, read_manifest
from storage.opening import applied_migrations, check_known, look_into
from storage.schema_check import check_schema

STAGE = ".restore"
_READY = "ready.json"
# What backups hold that were made when all of a folder was taken: it is left where it is.
_BESIDE = re.compile(rf"{MEDIA}/[0-9a-f]{{2}}/(?!.*\.\.)[^/\x00]+")
_ASIDE = re.compile(r"before-restore-[0-9TZ]{1,20}(-[0-9]{1,9})?", re.ASCII)
_SLACK = 16 << 20
_MOST_MEMBERS = 1_000_000
_LARGEST_MANIFEST = 256 << 20  # of so many
_LARGEST_HEADER = 64 << 10


@dataclass(frozen=True, slots=True)
class Staged:
    """A backup's content, checked, in a folder of its own inside the data directory.

    `unreadable` are media, or folders of them, that could not be read when it was made.
    """

    folder: Path
    created_at: datetime
    has_key: bool
    media_files: int = 0
    unreadable: tuple[str, ...] = ()

    @property
    def database(self) -> Path:
        return self.folder / DATABASE


def stage(source: Path, data_dir: Path, progress: Progress) -> Staged:
    """Check a backup, or a plain copy of the database, and unpack it without touching anything.

    Raises `Damaged` when one byte of it is not as it was written, `Unusable` when a newer Reprise
    wrote it, and `Unavailable` when it cannot be read, there is no room, or it could not be swapped
    in.
    """
    folder = data_dir / STAGE
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
        _check_room(source, data_dir)
        if is_database(source):
            staged = _take_copy(source, folder)
        else:
            _check_movable(data_dir / MEDIA)
            staged = _unpack(source, folder, progress)
        _check_layout(staged.database, f"The backup {source}")
        _check_sound(staged.database, f"The backup {source}")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Unavailable(f"{source} cannot be restored: {error.strerror or error}") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return staged


def swap_in(data_dir: Path, now: datetime) -> Path | None:
    """Put what is staged in its place; returns where that which was there is kept, if anything was.

    From its first step on it is finished, by `finish_swap`, whatever happens.
    """
    folder = data_dir / STAGE
    os.sync()  # thousands of files at once; the marker below says that they are all on disk
    aside = base = f"before-restore-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    number = 1
    while (data_dir / aside).exists():  # by a restore of this second, or a clock that was set back
        number += 1
        aside = f"{base}-{number}"
    marker = folder / f"{_READY}.unfinished"
    with marker.open("w") as file:
        json.dump({"aside": aside}, file)
        file.flush()
        os.fsync(file.fileno())
    marker.replace(folder / _READY)
    sync_directory(folder)
    return finish_swap(data_dir)


def finish_swap(data_dir: Path) -> Path | None:
    """Finish a swap that was begun, or do nothing; returns where the old files are kept."""
    folder = data_dir / STAGE
    try:
        aside = data_dir / _aside_in(folder / _READY)
    except FileNotFoundError:
        return None
    # The log belongs to its database: they leave together, before the other one comes.
    for name in (DATABASE, MEDIA, KEY):
        if (folder / name).exists():
            for old in (f"{name}-wal", f"{name}-shm", name):
                if (data_dir / old).exists():
                    aside.mkdir(mode=0o700, exist_ok=True)
                    (data_dir / old).replace(aside / old)
            (folder / name).replace(data_dir / name)
    sync_directory(data_dir)
    shutil.rmtree(folder)
    return aside if aside.exists() else None


def _aside_in(marker: Path) -> str:
    try:
        named = json.loads(marker.read_text())["aside"]
        if _ASIDE.fullmatch(named):
            return str(named)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return "before-restore-unnamed"  # the disk has damaged it: what was begun is finished


def keeps_media(data_dir: Path) -> bool:
    """Say whether a database that was put aside may refer to media that stayed where they were.

    A copy of the database has none beside it; the one it took the place of may have to come back.
    """
    return any(
        (aside / DATABASE).exists() and not (aside / MEDIA).exists()
        for aside in data_dir.glob("before-restore-*")
    )


def is_unfinished(data_dir: Path) -> bool:
    """Say whether a swap was begun and not finished."""
    return (data_dir / STAGE / _READY).exists()


def clear_stage(data_dir: Path) -> None:
    """Remove what was staged and is not to be swapped in. Whoever calls it holds the directory."""
    if not is_unfinished(data_dir):
        shutil.rmtree(data_dir / STAGE, ignore_errors=True)


def _check_room(source: Path, data_dir: Path) -> None:
    needed, free = source.stat().st_size + _SLACK, shutil.disk_usage(data_dir).free
    if free < needed:
        raise Unavailable(
            f"There is no room in {data_dir}: {needed >> 20} MB are needed, {free >> 20} are free"
        )


def _check_movable(media: Path) -> None:
    """Raise `Unavailable` for a disk of its own: a swap that has begun could never be finished."""
    # A kernel removes no folder with something in it, and says first whether something is mounted
    # there: also what looks like the same disk, as the volumes of a container do.
    try:
        media.rmdir()
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise Unavailable(
                f"{media} is a disk of its own, and a restore takes its place: unmount it, "
                "restore, and move what is in the folder then onto it"
            ) from None
    else:
        media.mkdir(mode=0o700)


def _check_layout(database: Path, what: str) -> None:
    with look_into(database, what) as db:
        applied = applied_migrations(db)
        if not applied:
            raise Damaged(f"{what} holds no database of Reprise")
        check_known(applied, what)
        check_schema(db, applied, what)


def _check_sound(database: Path, what: str) -> None:
    """Raise `Damaged` for what is no sound database: one value of it may be without an end.

    After its layout: a check runs what tables are made of.
    """
    with look_into(database, what) as db:
        if problem := flaw(db.conn):
            raise Damaged(f"{what} is damaged: {problem}")


def _take_copy(source: Path, folder: Path) -> Staged:
    # Before it is copied: the check of a copy runs what its tables are made of.
    _check_layout(source, f"The backup {source}")
    copy_database(source, folder / DATABASE)
    created_at = made_at(source) or datetime.fromtimestamp(source.stat().st_mtime, UTC)
    return Staged(folder, created_at, has_key=False)


def _unpack(source: Path, folder: Path, progress: Progress) -> Staged:
    with _damage_named(source), tarfile.open(source, "r:", tarinfo=_Header) as tar:
        members = _members_of(tar, source)
        if not members or members[-1].name != MANIFEST:
            raise Damaged(f"{source} is no backup of Reprise, or its end is missing")
        _check_members(source, members)
        said = read_manifest(_content(tar, members[-1]), source)
        listed = [(one.path, one.size) for one in said.files]
        if listed != [(member.name, member.size) for member in members[:-1]]:
            raise Damaged(f"{source} does not hold the files that it lists")
        done, total = 0, sum(one.size for one in said.files)
        for member, one in zip(members, said.files, strict=False):
            if is_ours(one.path):
                _extract(tar, member, folder / one.path, one.sha256)
            done += one.size
            progress(done, total)
        # Its folders must be there although no file is in them.
        MediaFolder(folder / MEDIA)
        names = [one.path for one in said.files]
        if DATABASE not in names:
            raise Damaged(f"{source} holds no database")
        media = sum(map(is_medium, names))
        return Staged(folder, said.created_at, KEY in names, media, said.unreadable)


class _Header(tarfile.TarInfo):
    """A header that says of a member what ours do, and no more: it is read into memory whole."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type not in tarfile.REGULAR_TYPES and self.size > _LARGEST_HEADER:
            raise tarfile.ReadError("a header of another size than any backup has")
        return super()._proc_member(tar)  # type: ignore[misc,no-any-return]


def _members_of(tar: tarfile.TarFile, source: Path) -> list[tarfile.TarInfo]:
    members = list[tarfile.TarInfo]()
    for member in tar:
        members.append(member)
        if len(members) > _MOST_MEMBERS:
            raise Damaged(f"{source} holds more files than any backup has")
    return members


def _check_members(source: Path, members: list[tarfile.TarInfo]) -> None:
    """Raise `Damaged` for anything that `write_backup` does not write, before a byte is unpacked.

    A sparse member promises more than the archive holds, and would fill the disk.
    """
    *files, manifest = members
    for member in files:
        known = is_ours(member.name) or _BESIDE.fullmatch(member.name)
        if not _is_plain(member) or not known:
            raise Damaged(f"{source} holds {member.name[:200]!r}, which no backup has")
    if not _is_plain(manifest) or manifest.size > _LARGEST_MANIFEST:
        raise Damaged(f"{source} has a list of its files that no backup has")
    if len({member.name for member in members}) < len(members):
        raise Damaged(f"{source} holds a file twice")
    if sum(member.size for member in members) > source.stat().st_size:
        raise Damaged(f"{source} promises more than it holds")


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.isreg() and not member.issparse() and member.size >= 0


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, sha256: str) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = tar.extractfile(member)
    assert content is not None
    target.touch(mode=0o600)
    digest = hashlib.sha256()
    with content, target.open("wb") as file:
        while data := content.read(CHUNK):
            digest.update(data)
            file.write(data)
    if digest.hexdigest() != sha256:
        raise Damaged(f"The backup is damaged: {member.name} is not what was written")


@contextmanager
def _damage_named(source: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise Damaged(f"{source} is no backup of Reprise, or it is damaged") from error
