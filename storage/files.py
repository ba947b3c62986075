"""Media on disk, named by content: the same bytes are kept once, whoever brought them."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import trio

from storage.errors import NotFound, Unavailable

_CHUNK = 1 << 20
_DAY_S = 86_400
_PREFIX = re.compile(r"[0-9a-f]{2}")
_PICTURE, _SMALL = ".jpg", ".144.webp"
_STORED = re.compile(r"[0-9a-z]{2}/[0-9A-Za-z][0-9A-Za-z._-]*")
_KEPT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}(\.[a-z0-9]+)?")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the media folder; `path` is relative to it."""

    path: str
    sha256: str
    size: int


def small_path(stored: str | None) -> str | None:
    """Return where the small form of a stored JPEG lies, beside it; None of what is none.

    It is no row's: it is made of its picture when it is first wanted, and goes with it.
    """
    if stored is None or not stored.endswith(_PICTURE):
        return None
    return stored.removesuffix(_PICTURE) + _SMALL


def picture_path(small: str) -> str | None:
    """Return of which stored JPEG that is the small form, or None where it is no such path."""
    return small.removesuffix(_SMALL) + _PICTURE if small.endswith(_SMALL) else None


def is_prefix(folder: str) -> bool:
    """Say whether a folder of that name holds stored files."""
    return _PREFIX.fullmatch(folder) is not None


def is_kept(stored: str) -> bool:
    """Say whether a stored path is one that `MediaFolder.adopt` gives: what a backup holds.

    Small forms and what others put beside (`.DS_Store`, `lost+found`) are not.
    """
    return _KEPT.fullmatch(stored) is not None


class MediaFolder:
    """The media folder of a data directory. Every method blocks: call it in a thread.

    Whoever adopts a file holds `changing` until its row is stored, and whoever deletes one from
    reading the rows on: the same bytes may come and go at once.
    """

    INCOMING: ClassVar[str] = "incoming"

    def __init__(self, root: Path, *, least_free: int = 0) -> None:
        """`least_free`: bytes of free space below which `check_room` complains."""
        self.root = root
        self._least_free = least_free
        self.changing = trio.Lock()
        self.incoming = root / self.INCOMING
        for directory in (root, self.incoming):
            directory.mkdir(exist_ok=True, mode=0o700)

    def check_room(self, needed: int = 0) -> None:
        """Raise `Unavailable` when the disk is read-only, or lacks room for `needed` bytes more.

        Or is not there: an empty folder where it was mounted is another one, and what is missing in
        that is not lost. One question to the kernel; does not block.
        """
        try:
            disk = os.statvfs(self.incoming)
        except OSError as error:
            raise Unavailable(f"{self.root} cannot be used: {error.strerror}") from error
        if disk.f_flag & os.ST_RDONLY:
            raise Unavailable(f"The disk with {self.root} is read-only")
        free = disk.f_bavail * disk.f_frsize
        if free - needed < self._least_free:
            raise Unavailable(f"The disk with {self.root} is full: {free >> 20} MB are free")

    def scratch(self, suffix: str = "") -> Path:
        """Return a fresh name for a file that is still being written."""
        return self.incoming / f"{secrets.token_hex(16)}{suffix}"

    def adopt(self, file: Path, suffix: str) -> StoredFile:
        """Move a finished file into the folder under its content's name, durably, mode 0600."""
        digest = hashlib.sha256()
        size = 0
        with file.open("rb") as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
            os.fsync(content.fileno())
        name = digest.hexdigest()
        target = self.root / name[:2] / f"{name}{suffix}"
        target.parent.mkdir(exist_ok=True, mode=0o700)
        file.chmod(0o600)
        file.replace(target)
        sync_directory(target.parent)
        return StoredFile(str(target.relative_to(self.root)), name, size)

    def path(self, stored: str) -> Path:
        """Return where a stored path lies on disk.

        Raises `NotFound` for one that leads out of the folder: this Reprise has not written it.
        """
        if not _STORED.fullmatch(stored):
            raise NotFound("stored file", stored)
        return self.root / stored

    def remove(self, stored: Iterable[str]) -> list[str]:
        """Delete stored files, present or not; returns those that are gone now."""
        gone = []
        for one in stored:
            with suppress(OSError, NotFound):
                self.path(one).unlink(missing_ok=True)
                if (small := small_path(one)) is not None:
                    self.path(small).unlink(missing_ok=True)
                gone.append(one)
        return gone

    def standing(self, part: int, parts: int) -> list[str]:
        """Return the stored paths of one of `parts` of the folder that have stood for a day."""
        folders = [
            folder
            for folder in self.root.iterdir()
            if is_prefix(folder.name) and int(folder.name, 16) % parts == part
        ]
        return [
            f"{folder.name}/{file.name}"
            for folder in folders
            for file in os.scandir(folder)
            if not file.name.endswith(_SMALL)  # it goes with its picture
            if _has_stood(file)
        ]

    def clear_incoming(self) -> int:
        """At start: delete what a crash left half-written; returns how many entries."""
        left = list(self.incoming.iterdir())
        for entry in left:
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        return len(left)


def _has_stood(file: os.DirEntry[str]) -> bool:
    try:
        changed_at = file.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return False  # it was deleted this moment
    # By a clock that was wrong it may seem to be of the future.
    return abs(time.time() - changed_at) > _DAY_S


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
